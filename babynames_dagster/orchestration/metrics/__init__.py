"""What Prometheus gets of the pipeline, read from the database and Dagster's instance at each scrape."""
