"""HubSpot's stand-in: an account's contacts, behind the API as HubSpot serves it."""
