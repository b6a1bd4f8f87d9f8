"""The settings: where they come from, what they accept, and how mistakes are reported."""
