"""What is done beside the sync."""
