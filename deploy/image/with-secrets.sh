#!/bin/sh
# Run a command with the secrets of SECRETS_DIR: `with-secrets CMD...`. The pipeline's settings read the folder
# themselves, at each run, so that a rotated file counts. Dagster's own configuration knows environment variables only:
# each file DAGSTER_* becomes one. A variable that is set, and a file that is empty, change nothing.
set -eu
# The settings refuse a folder that is not there, and a container without secrets has none.
if [ -z "${SECRETS_DIR:-}" ] && [ -d /run/secrets ]; then export SECRETS_DIR=/run/secrets; fi
for file in "${SECRETS_DIR:-/run/secrets}"/DAGSTER_*; do
    name=${file##*/}
    case $name in
    *[!A-Z0-9_]*) continue ;;
    esac
    if [ -s "$file" ] && [ -r "$file" ] && ! printenv "$name" >/dev/null; then
        export "$name=$(cat "$file")"
    fi
done
exec "$@"
