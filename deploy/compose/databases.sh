#!/bin/bash
# Make the pipeline's database and Dagster's, each with a user of its own. MariaDB's image runs it once, when its volume
# is empty.
set -euo pipefail
make_database() {
    local name=$1 password
    password=$(cat "$2")
    MYSQL_PWD=$(cat "$MARIADB_ROOT_PASSWORD_FILE") mariadb --user=root <<SQL
CREATE DATABASE $name CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
CREATE USER '$name'@'%' IDENTIFIED BY '$password';
GRANT SELECT, INSERT, UPDATE, DELETE, CREATE, ALTER, INDEX, DROP, REFERENCES ON $name.* TO '$name'@'%';
SQL
}

make_database babynames /run/secrets/DB_PASSWORD
make_database dagster /run/secrets/DAGSTER_DB_PASSWORD
