"""From bytes to names to rows."""
