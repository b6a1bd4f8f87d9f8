"""What every room uses and what is about none of them: log lines, paths, progress, retrying, the allocator."""
