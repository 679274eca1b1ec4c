#!/bin/sh
set -e
# `docker run redis:8 --appendonly yes` and `docker run redis:8 /redis.conf` mean the server.
case "${1:-}" in
  -* | *.conf) set -- redis-server "$@" ;;
esac
# Data of an earlier run, or a fresh volume, may be root's: hand it over, then drop root.
if [ "$1" = redis-server ] && [ "$(id -u)" = 0 ]; then
  find . \! -user redis -exec chown redis:redis {} +
  exec setpriv --reuid=redis --regid=redis --init-groups -- "$0" "$@"
fi
if [ "$1" = redis-server ]; then
  umask 0077
  shift
  # The official build turns protected mode off (a container is reached from its network only), and a configuration file may turn it on.
  case "${1:-}" in
    '' | -*) exec redis-server --protected-mode no "$@" ;;
  esac
  configuration=$1
  shift
  if ! grep -q '^protected-mode' "$configuration"; then
    set -- --protected-mode no "$@"
  fi
  exec redis-server "$configuration" "$@"
fi
exec "$@"
