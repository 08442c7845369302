#!/bin/sh
# Runs once, in an empty PostgreSQL: a role and a schema per service. Each role makes and owns the tables in its schema by its
# own migration. None can read another's, make a schema, which it could prepare for another service, or use `public`. The
# image's entry point may source this file, so it sets no option but -e.
set -e

sql() {
    psql --set ON_ERROR_STOP=1 --quiet --no-psqlrc --username "${POSTGRES_USER:-postgres}" --dbname "$POSTGRES_DB" \
        --set database="$POSTGRES_DB" "$@"
}

# By default every role may connect, make temporary tables, use `public`, and before PostgreSQL 15 make tables in it.
sql <<'SQL'
REVOKE ALL ON DATABASE :"database" FROM PUBLIC;
REVOKE ALL ON SCHEMA public FROM PUBLIC;
SQL

# role NAME VARIABLE: the password is read from the environment, since arguments are visible to every process.
role() {
    sql --set role="$1" --set variable="$2" <<'SQL'
\getenv password :variable
CREATE ROLE :"role" LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS PASSWORD :'password';
GRANT CONNECT ON DATABASE :"database" TO :"role";
CREATE SCHEMA :"role" AUTHORIZATION :"role";
SQL
}

: "${PRIMA_DIRECTORY_PASSWORD:?}" "${PRIMA_SURVEY_PASSWORD:?}" "${PRIMA_INNOVATION_PASSWORD:?}"
: "${PRIMA_COMPLAINT_PASSWORD:?}" "${PRIMA_INDEX_PASSWORD:?}" "${PRIMA_RANKING_PASSWORD:?}"
role directory PRIMA_DIRECTORY_PASSWORD
role survey PRIMA_SURVEY_PASSWORD
role innovation PRIMA_INNOVATION_PASSWORD
role complaint PRIMA_COMPLAINT_PASSWORD
role index PRIMA_INDEX_PASSWORD
role ranking PRIMA_RANKING_PASSWORD
