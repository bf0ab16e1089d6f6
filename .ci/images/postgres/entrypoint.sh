#!/bin/sh
# The part of the official postgres image's contract that the tests rely on: POSTGRES_USER, POSTGRES_PASSWORD and
# POSTGRES_DB are honoured, and the server says "ready to accept connections" twice, once while it is being set up.
set -eu

: "${POSTGRES_PASSWORD:?must be set}"
: "${POSTGRES_USER:=postgres}"
: "${POSTGRES_DB:=$POSTGRES_USER}"
export PGDATA="${PGDATA:-/var/lib/postgresql/data}"
PATH=$(echo /usr/lib/postgresql/*/bin):$PATH

if [ "$(id -u)" = 0 ]; then
	install -d -o postgres -g postgres -m 700 "$PGDATA"
	exec setpriv --reuid=postgres --regid=postgres --init-groups "$0" "$@"
fi

if [ ! -s "$PGDATA/PG_VERSION" ]; then
	printf '%s' "$POSTGRES_PASSWORD" >/tmp/password
	initdb --username="$POSTGRES_USER" --pwfile=/tmp/password --auth-local=trust --auth-host=scram-sha-256 \
		--encoding=UTF8 --locale=C.UTF-8 --no-sync
	rm /tmp/password
	echo "host all all all scram-sha-256" >>"$PGDATA/pg_hba.conf"
	pg_ctl start --wait --options="-c listen_addresses='' -c fsync=off"
	if [ "$POSTGRES_DB" != postgres ]; then
		createdb --username="$POSTGRES_USER" --maintenance-db=postgres "$POSTGRES_DB"
	fi
	pg_ctl stop --wait --mode=fast
fi

exec "$@" -c listen_addresses='*'
