"""Reconciling: what became in HubSpot of every contact that the ledger knows, and repairing what may be repaired."""
