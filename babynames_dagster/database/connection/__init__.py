"""Connections, transactions, and what goes wrong with them."""
