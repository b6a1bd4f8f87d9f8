"""Bringing contacts in line with the table: what to send, sending it, and counting what became of it."""
