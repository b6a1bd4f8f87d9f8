"""A shop whose customers are contacts in HubSpot."""
