"""When a call may go, for every process that shares an app."""
