"""How the suite runs: marks, which process runs what, and where temporary files are."""
