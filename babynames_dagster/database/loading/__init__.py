"""Statements of the load: the two tables of names, the record of loads, and their claims."""
