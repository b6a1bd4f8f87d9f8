"""The sync with HubSpot, on real databases and real HTTP."""
