#!/bin/bash
# Prepares an empty data folder as the variables say, then becomes the server.
set -o errexit -o nounset -o pipefail
shopt -s nullglob

data=/var/lib/mysql
socket=/run/mysqld/mysqld.sock

say() { printf '%s [Entrypoint]: %s\n' "$(date --utc +%FT%TZ)" "$*"; }
fail() { say "ERROR: $*" >&2; exit 1; }

# setting NAME: the value of MARIADB_NAME or MYSQL_NAME, or the content of the file that MARIADB_NAME_FILE or MYSQL_NAME_FILE names.
setting() {
  local prefix variable
  for prefix in MARIADB MYSQL; do
    variable=${prefix}_$1
    if [ -n "${!variable:-}" ]; then
      local file=${variable}_FILE
      [ -z "${!file:-}" ] || fail "both $variable and $file are set: only one can be"
      printf '%s' "${!variable}"
      return
    fi
    variable=${prefix}_$1_FILE
    if [ -n "${!variable:-}" ]; then
      [ -r "${!variable}" ] || fail "$variable names ${!variable}, which cannot be read"
      cat "${!variable}"
      return
    fi
  done
}

# text VALUE, name VALUE: as a quoted string, as a quoted identifier of SQL.
text() { local value=${1//\\/\\\\}; printf "'%s'" "${value//\'/\\\'}"; }
name() { printf '`%s`' "${1//\`/\`\`}"; }

client() { mariadb --no-defaults --protocol=socket --socket="$socket" --user=root "$@"; }

random_password() { head --bytes=256 /dev/urandom | tr --delete --complement 'A-Za-z0-9' | head --bytes=32; }

run_files() {
  local file
  for file in /docker-entrypoint-initdb.d/*; do
    say "running $file"
    case $file in
      *.sh) if [ -x "$file" ]; then "$file"; else . "$file"; fi ;;
      *.sql) client --database="$database" < "$file" ;;
      *.sql.gz) gunzip --stdout "$file" | client --database="$database" ;;
      *) say "ignoring $file" ;;
    esac
  done
}

initialise() {
  local root_password root_host user password health_password
  root_password=$(setting ROOT_PASSWORD)
  root_host=$(setting ROOT_HOST)
  database=$(setting DATABASE)
  user=$(setting USER)
  password=$(setting PASSWORD)
  if [ -n "$(setting RANDOM_ROOT_PASSWORD)" ] && [ -z "$root_password" ]; then
    root_password=$(random_password)
    say "GENERATED ROOT PASSWORD: $root_password"
  fi
  if [ -z "$root_password" ] && [ -z "$(setting ALLOW_EMPTY_ROOT_PASSWORD)$(setting ALLOW_EMPTY_PASSWORD)" ]; then
    fail "database is uninitialized and password option is not specified: set one of MARIADB_ROOT_PASSWORD," \
      "MARIADB_ROOT_PASSWORD_FILE, MARIADB_RANDOM_ROOT_PASSWORD, MARIADB_ALLOW_EMPTY_ROOT_PASSWORD"
  fi
  [ -z "$user" ] || [ -n "$password" ] || fail "MARIADB_USER is set and MARIADB_PASSWORD is not"

  say "initializing database files"
  # An earlier attempt that was cut short left files that no server can start from.
  find "$data" -mindepth 1 -delete
  touch "$data/.initialising"
  mariadb-install-db --datadir="$data" --skip-test-db --auth-root-authentication-method=normal \
    --skip-log-bin > /dev/null

  say "starting temporary server"
  mariadbd --skip-networking --socket="$socket" --skip-log-bin --expire-logs-days=0 &
  local server=$!
  local attempt
  for attempt in {1..300}; do
    client --execute='SELECT 1' > /dev/null 2>&1 && break
    kill -0 "$server" 2> /dev/null || fail "the temporary server ended"
    sleep 0.1
  done
  [ "$attempt" -lt 300 ] || fail "the temporary server did not answer within 30 s"

  if [ -z "$(setting INITDB_SKIP_TZINFO)" ]; then
    mariadb-tzinfo-to-sql --skip-write-binlog /usr/share/zoneinfo 2> /dev/null | client --database=mysql
  fi
  health_password=$(random_password)
  {
    printf "CREATE USER healthcheck@'127.0.0.1' IDENTIFIED BY %s, healthcheck@'::1' IDENTIFIED BY %s, healthcheck@localhost IDENTIFIED BY %s;\n" \
      "$(text "$health_password")" "$(text "$health_password")" "$(text "$health_password")"
    if [ -n "$database" ]; then
      printf 'CREATE DATABASE IF NOT EXISTS %s;\n' "$(name "$database")"
    fi
    if [ -n "$user" ]; then
      printf "CREATE USER %s@'%%' IDENTIFIED BY %s;\n" "$(text "$user")" "$(text "$password")"
      if [ -n "$database" ]; then
        # A grant takes the name as a pattern.
        printf "GRANT ALL ON %s.* TO %s@'%%';\n" "$(name "${database//_/\\_}")" "$(text "$user")"
      fi
    fi
  } | client
  (umask 0077 && printf '[mariadb-client]\nport=3306\nsocket=%s\nuser=healthcheck\npassword=%s\n' \
    "$socket" "$health_password" > "$data/.my-healthcheck.cnf")
  run_files
  # Root's password comes last: until here the socket lets root in without one.
  {
    if [ "${root_host:-%}" != localhost ]; then
      printf 'CREATE USER root@%s IDENTIFIED BY %s; GRANT ALL ON *.* TO root@%s WITH GRANT OPTION;\n' \
        "$(text "${root_host:-%}")" "$(text "$root_password")" "$(text "${root_host:-%}")"
    fi
    # Those that the installation made beside it have no password.
    printf "DROP USER IF EXISTS root@'127.0.0.1', root@'::1', root@%s;\n" "$(text "$(hostname)")"
    printf 'SET PASSWORD FOR root@localhost = PASSWORD(%s);\n' "$(text "$root_password")"
  } | client
  kill "$server"
  wait "$server" || fail "the temporary server did not stop cleanly"
  rm "$data/.initialising"
  say "initialized; ready for start up"
}

# `docker run mariadb:11.8 --max-connections=10` means the server.
if [ "${1:0:1}" = '-' ]; then
  set -- mariadbd "$@"
fi
[ "$1" != mysqld ] || { shift; set -- mariadbd "$@"; }

if [ "$1" = mariadbd ]; then
  if [ "$(id --user)" = 0 ]; then
    find "$data" /run/mysqld \! -user mysql -exec chown mysql:mysql {} +
    exec setpriv --reuid=mysql --regid=mysql --init-groups -- "$0" "$@"
  fi
  if [ ! -d "$data/mysql" ] || [ -e "$data/.initialising" ]; then
    initialise
  fi
fi
exec "$@"
