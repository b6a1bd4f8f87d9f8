#!/usr/bin/env bash
# Make the secrets that compose.yaml mounts, in deploy/secrets: random passwords, and empty files for the accounts'.
# A file that is there is left alone.
set -euo pipefail
cd "$(dirname "$0")"

mkdir -p secrets
# Other users of this host can't get into the folder. The files themselves are readable, because Docker mounts them with
# their modes, and the containers' users are not root.
chmod 700 secrets

write() {
    local file=secrets/$1
    [ -e "$file" ] && return
    printf '%s' "$2" > "$file"
    chmod 444 "$file"
}

random() { python3 -c 'import secrets; print(secrets.token_hex(24))'; }

for name in MARIADB_ROOT_PASSWORD DB_PASSWORD DAGSTER_DB_PASSWORD GRAFANA_PASSWORD REDIS_PASSWORD; do
    write "$name" "$(random)"
done
write DATABASE_URL "mysql+pymysql://babynames:$(cat secrets/DB_PASSWORD)@mariadb:3306/babynames"
limits='connect_timeout=10&read_timeout=120&write_timeout=120'
# Dagster connects for each of its queries, which TLS makes many times as dear; MariaDB's network is internal.
limits="$limits&ssl_disabled=true"
write DAGSTER_MYSQL_URL "mysql+pymysql://dagster:$(cat secrets/DAGSTER_DB_PASSWORD)@mariadb:3306/dagster?$limits"
write DAGSTER_QUEUE_URL "redis://:$(cat secrets/REDIS_PASSWORD)@redis:6379/0"
for name in HUBSPOT_ACCESS_TOKEN KAGGLE_EMAIL KAGGLE_PASSWORD KAGGLE_USERNAME KAGGLE_KEY; do write "$name" ''; done

printf 'Secrets are in %s\n' "$PWD/secrets"
