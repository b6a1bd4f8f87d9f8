"""What every room uses and what is about none of them, such as log lines, paths, progress and retrying."""
