"""HubSpot's API."""
