"""HubSpot's API: calls, answers, and what they mean. Nothing of names."""
