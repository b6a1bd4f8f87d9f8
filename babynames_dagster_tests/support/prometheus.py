"""Prometheus' own tools, which check metrics and rules; `make prometheus` finds or installs them."""

import shutil

PROMTOOL = shutil.which("promtool") or "promtool"
AMTOOL = shutil.which("amtool") or "amtool"
