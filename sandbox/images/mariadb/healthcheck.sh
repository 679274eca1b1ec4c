#!/bin/bash
# healthcheck.sh [--connect] [--innodb_initialized] …: exit code 0 when every named test holds.
set -o nounset
configuration=/var/lib/mysql/.my-healthcheck.cnf

query() { mariadb --defaults-file="$configuration" --skip-column-names --batch "$@" 2> /dev/null; }

# By TCP: the temporary server of the first start does not listen there.
connect() { query --protocol=tcp --host=127.0.0.1 --execute='SELECT 1' > /dev/null; }

innodb_initialized() {
  [ "$(query --protocol=tcp --host=127.0.0.1 --execute="SELECT 1 FROM information_schema.ENGINES WHERE engine='innodb' AND support IN ('YES','DEFAULT','ENABLED')")" = 1 ]
}

[ "$#" -gt 0 ] || { echo 'at least one test is needed' >&2; exit 1; }
for argument in "$@"; do
  case $argument in
    --connect) connect ;;
    --innodb_initialized) innodb_initialized ;;
    --defaults-file=*) configuration=${argument#*=} ;;
    *) echo "healthcheck $argument is not known to this stand-in" >&2; exit 1 ;;
  esac || { echo "healthcheck ${argument#--} failed" >&2; exit 1; }
done
