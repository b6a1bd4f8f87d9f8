"""Reconciling: what became in HubSpot of every contact that the ledger knows, and mending what may be mended."""
