"""The schema: migrating it, and looking at where it stands."""
