"""Assets of somebody's own table."""
