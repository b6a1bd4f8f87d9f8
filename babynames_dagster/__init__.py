"""US baby names from Kaggle to MySQL to HubSpot, as a Dagster asset graph.

What belongs here: nothing but this description. `definitions.py` is where Dagster starts,
`cli/` is where the `babynames` command starts.
"""
