#!/bin/sh
# Run a command with each file of SECRETS_DIR as the environment variable of its name: `with-secrets CMD...`. It is how
# Docker's and Kubernetes' secrets reach Dagster's own configuration, which knows environment variables only. A
# variable that is set, and a file that is empty, change nothing.
set -eu
for file in "${SECRETS_DIR:-/run/secrets}"/*; do
    name=${file##*/}
    case $name in
    *[!A-Z0-9_]* | [0-9]* | '') continue ;;
    esac
    if [ -s "$file" ] && [ -r "$file" ] && ! printenv "$name" >/dev/null; then
        export "$name=$(cat "$file")"
    fi
done
exec "$@"
