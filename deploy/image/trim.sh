#!/usr/bin/env bash
# Take out of an environment what nothing uses when it runs: `trim.sh /opt/babynames`. What is left is proved by
# `make test-image`, which runs the whole pipeline in the image.
set -euo pipefail
cd "$1"/lib/python3*/site-packages

before=$(du -sm . | cut -f1)

# Debug symbols.
find . -type f \( -name '*.so' -o -name '*.so.*' -o -path './playwright/driver/node' \) -exec strip --strip-unneeded {} +

# The UI's source maps, which only a browser's developer tools ask for.
find . -name '*.js.map' -delete

# Tests, headers and sources of extension modules.
rm -rf pyarrow/include pyarrow/src pyarrow/tests
find . -type d -name tests -path '*/tests' -prune -exec rm -rf {} +
find . -type f \( -name '*.pyx' -o -name '*.pxd' -o -name '*.pxi' \) -delete

# Arrow's RPC server.
rm -f pyarrow/_flight.* pyarrow/libarrow_flight.* pyarrow/libarrow_python_flight.* \
    pyarrow/_pyarrow_cpp_tests.* pyarrow/flight.py

# The asynchronous half of the Kubernetes client, which dagster-k8s leaves alone.
rm -rf kubernetes/aio

# The wheel has the same library under three names.
for library in pyarrow/libarrow_python*.so.*.*.*; do
    name=${library##*/}
    for other in "${library%.*.*}" "${library%.so.*}.so"; do ln -sf "$name" "$other"; done
done

printf 'trimmed: %s MB -> %s MB\n' "$before" "$(du -sm . | cut -f1)"
