"""Stand-ins on loopback: a Kaggle-like site, a HubSpot-like API, and sample data.

What belongs here: what the demo and the tests talk to. What does not: anything the product needs; only the
command line and the tests import this package.
"""
