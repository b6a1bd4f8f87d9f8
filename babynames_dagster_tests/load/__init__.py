"""The load: every row accounted for, whatever is in the file and whatever happens meanwhile."""
