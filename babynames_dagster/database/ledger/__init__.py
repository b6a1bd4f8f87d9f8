"""The ledger of what HubSpot acknowledged: reading it beside the names, and writing outcomes."""
