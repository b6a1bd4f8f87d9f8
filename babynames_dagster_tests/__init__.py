"""The tests, one module a behaviour; `support/` holds the servers and helpers they run on."""
