#!/bin/bash
# Prepares an empty data folder as the variables say, then becomes the server.
set -o errexit -o nounset -o pipefail
shopt -s nullglob

data=/var/lib/mysql
socket=/var/run/mysqld/mysqld.sock
folders=("$data" /var/run/mysqld/ /var/lib/mysql-files)

say() { printf '%s [Entrypoint]: %s\n' "$(date --utc +%FT%TZ)" "$*"; }
fail() { say "ERROR: $*" >&2; exit 1; }

# setting NAME: the value of MYSQL_NAME, or the content of the file that MYSQL_NAME_FILE names.
setting() {
  local variable=MYSQL_$1 file=MYSQL_$1_FILE
  if [ -n "${!file:-}" ]; then
    [ -z "${!variable:-}" ] || fail "both $variable and $file are set: only one can be"
    [ -r "${!file}" ] || fail "$file names ${!file}, which cannot be read"
    cat "${!file}"
  else
    printf '%s' "${!variable:-}"
  fi
}

# text VALUE, name VALUE: as a quoted string, as a quoted identifier of SQL.
text() { local value=${1//\\/\\\\}; printf "'%s'" "${value//\'/\\\'}"; }
name() { printf '`%s`' "${1//\`/\`\`}"; }

client() { mysql --no-defaults --protocol=socket --socket="$socket" --user=root "$@"; }

run_files() {
  local file
  for file in /docker-entrypoint-initdb.d/*; do
    say "running $file"
    case $file in
      *.sh) if [ -x "$file" ]; then "$file"; else . "$file"; fi ;;
      *.sql) client ${database:+--database="$database"} < "$file" ;;
      *.sql.gz) gunzip --stdout "$file" | client ${database:+--database="$database"} ;;
      *) say "ignoring $file" ;;
    esac
  done
}

# What the variables ask for; root's password comes last, as until then the socket lets root in without one.
users() {
  local user password
  user=$(setting USER)
  password=$(setting PASSWORD)
  [ -z "$database" ] || printf 'CREATE DATABASE IF NOT EXISTS %s;\n' "$(name "$database")"
  if [ -n "$user" ] && [ -n "$password" ]; then
    printf "CREATE USER %s@'%%' IDENTIFIED BY %s;\n" "$(text "$user")" "$(text "$password")"
    # A grant takes the name as a pattern.
    [ -z "$database" ] || printf "GRANT ALL ON %s.* TO %s@'%%';\n" "$(name "${database//_/\\_}")" "$(text "$user")"
  fi
}

root_users() {
  local host
  host=$(setting ROOT_HOST)
  if [ "${host:=%}" != localhost ]; then
    printf 'CREATE USER root@%s IDENTIFIED BY %s;\n' "$(text "$host")" "$(text "$1")"
    printf 'GRANT ALL ON *.* TO root@%s WITH GRANT OPTION;\n' "$(text "$host")"
  fi
  printf 'ALTER USER root@localhost IDENTIFIED BY %s;\n' "$(text "$1")"
}

initialise() {
  local root_password
  database=$(setting DATABASE)
  root_password=$(setting ROOT_PASSWORD)
  if [ -n "${MYSQL_RANDOM_ROOT_PASSWORD:-}" ]; then
    root_password=$(head --bytes=256 /dev/urandom | tr --delete --complement 'A-Za-z0-9' | head --bytes=32)
    say "GENERATED ROOT PASSWORD: $root_password"
  fi
  [ -n "$root_password" ] || [ -n "${MYSQL_ALLOW_EMPTY_PASSWORD:-}" ] || fail "Database is uninitialized and password" \
    "option is not specified: one of MYSQL_ROOT_PASSWORD, MYSQL_ALLOW_EMPTY_PASSWORD, MYSQL_RANDOM_ROOT_PASSWORD"
  say "Initializing database files"
  "$@" --initialize-insecure --default-time-zone=SYSTEM
  say "Starting temporary server"
  "$@" --daemonize --skip-networking --default-time-zone=SYSTEM --socket="$socket"
  if [ -z "${MYSQL_INITDB_SKIP_TZINFO:-}" ]; then
    mysql_tzinfo_to_sql /usr/share/zoneinfo 2> /dev/null | client --database=mysql
  fi
  users | client
  run_files
  root_users "$root_password" | client
  MYSQL_PWD=$root_password mysqladmin --no-defaults --socket="$socket" --user=root shutdown
  say "MySQL init process done. Ready for start up."
}

# `docker run mysql:8.4 --max-connections=10` means the server.
if [ "${1:0:1}" = '-' ]; then
  set -- mysqld "$@"
fi

if [ "$1" = mysqld ]; then
  if [ "$(id --user)" = 0 ]; then
    find "${folders[@]}" \! -user mysql -exec chown --no-dereference mysql {} +
    exec setpriv --reuid=mysql --regid=mysql --init-groups -- "$0" "$@"
  fi
  [ -d "$data/mysql" ] || initialise "$@"
fi
exec "$@"
