"""Servers on loopback that tests start: databases, queue, mail, proxies, object store."""
