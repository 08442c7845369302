#!/bin/sh
# Runs once, in an empty PostgreSQL: a role per service. Each makes and owns its schema by its own migration; none can
# read another's tables. The image's entry point may source this file, so it sets no option but -e.
set -e

role() {
    psql --set ON_ERROR_STOP=1 --quiet --no-psqlrc --username "${POSTGRES_USER:-postgres}" --dbname "$POSTGRES_DB" \
        --set role="$1" --set password="$2" --set database="$POSTGRES_DB" <<'SQL'
CREATE ROLE :"role" LOGIN PASSWORD :'password';
GRANT CONNECT, CREATE ON DATABASE :"database" TO :"role";
SQL
}

role directory "${PRIMA_DIRECTORY_PASSWORD:?}"
role survey "${PRIMA_SURVEY_PASSWORD:?}"
role innovation "${PRIMA_INNOVATION_PASSWORD:?}"
role complaint "${PRIMA_COMPLAINT_PASSWORD:?}"
role index "${PRIMA_INDEX_PASSWORD:?}"
role ranking "${PRIMA_RANKING_PASSWORD:?}"
