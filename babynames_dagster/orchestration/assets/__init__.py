"""The assets, one file each, and their checks: the pipeline's own description.

What belongs here: what each step takes, does and leaves. What does not: SQL, HTTP, parsing.
"""

import warnings

import dagster as dg

# `backfill_policy` and others are stable enough for us; a warning at each load would only hide others.
warnings.filterwarnings("ignore", category=dg.BetaWarning)
warnings.filterwarnings("ignore", category=dg.PreviewWarning)
