"""The names as contacts: how a name becomes one, and the names as a source of the sync."""
