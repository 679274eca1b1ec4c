#!/bin/bash
# Prepares an empty data folder as the variables say, then becomes the server.
set -o errexit -o nounset -o pipefail
shopt -s nullglob

say() { printf '%s\n' "$*"; }
fail() { say "Error: $*" >&2; exit 1; }

# setting NAME: the value of POSTGRES_NAME, or the content of the file that POSTGRES_NAME_FILE names.
setting() {
  local variable=POSTGRES_$1 file=POSTGRES_$1_FILE
  [ -z "${!variable:-}" ] || [ -z "${!file:-}" ] || fail "both $variable and $file are set: only one can be"
  if [ -n "${!variable:-}" ]; then
    printf '%s' "${!variable}"
  elif [ -n "${!file:-}" ]; then
    [ -r "${!file}" ] || fail "$file names ${!file}, which cannot be read"
    cat "${!file}"
  fi
}

run_files() {
  local file
  for file in /docker-entrypoint-initdb.d/*; do
    say "$0: running $file"
    case $file in
      *.sh) if [ -x "$file" ]; then "$file"; else . "$file"; fi ;;
      *.sql) client --dbname="$database" --file="$file" ;;
      *.sql.gz) gunzip --stdout "$file" | client --dbname="$database" ;;
      *) say "$0: ignoring $file" ;;
    esac
  done
}

client() { psql --no-psqlrc --quiet --set=ON_ERROR_STOP=1 --username="$user" --no-password --host=/run/postgresql "$@"; }

initialise() {
  local password method
  password=$(setting PASSWORD)
  user=$(setting USER)
  user=${user:-postgres}
  database=$(setting DB)
  database=${database:-$user}
  method=$(setting HOST_AUTH_METHOD)
  if [ -z "$password" ] && [ "$method" != trust ]; then
    fail "Database is uninitialized and superuser password is not specified: set POSTGRES_PASSWORD or POSTGRES_PASSWORD_FILE"
  fi
  # An earlier attempt that was cut short left files that no server can start from.
  find "$PGDATA" -mindepth 1 -delete
  # shellcheck disable=SC2086
  initdb --username="$user" --pwfile=<(printf '%s\n' "$password") ${POSTGRES_INITDB_ARGS:-} > /dev/null
  touch "$PGDATA/.initialising"
  printf '\nhost all all all %s\n' "${method:-scram-sha-256}" >> "$PGDATA/pg_hba.conf"
  # By the socket alone, so that nobody takes the temporary server for the real one.
  pg_ctl --silent --wait --options="-c listen_addresses='' -p 5432" start > /dev/null
  if [ "$database" != postgres ]; then
    client --dbname=postgres --set=database="$database" <<< 'CREATE DATABASE :"database";'
  fi
  run_files
  pg_ctl --silent --mode=fast --wait stop
  rm "$PGDATA/.initialising"
  say 'PostgreSQL init process complete; ready for start up.'
}

# `docker run postgres:17 -c shared_buffers=64MB` means the server.
if [ "${1:0:1}" = '-' ]; then
  set -- postgres "$@"
fi
if [ "$1" = postgres ]; then
  if [ "$(id --user)" = 0 ]; then
    install -d -o postgres -g postgres -m 0700 "$PGDATA"
    find "$PGDATA" /run/postgresql \! -user postgres -exec chown postgres:postgres {} +
    exec setpriv --reuid=postgres --regid=postgres --init-groups -- "$0" "$@"
  fi
  if [ ! -s "$PGDATA/PG_VERSION" ] || [ -e "$PGDATA/.initialising" ]; then
    initialise
  fi
  set -- "$@" -c listen_addresses='*'
fi
exec "$@"
