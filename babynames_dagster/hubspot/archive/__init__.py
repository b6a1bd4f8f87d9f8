"""Archiving contacts in HubSpot: what this pipeline made, and nothing else."""
