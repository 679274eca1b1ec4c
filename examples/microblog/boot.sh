#!/bin/sh
# Brings the database's schema up to date, then becomes the web server. With arguments, becomes that command instead.
set -eu
cd "$(dirname "$0")"
# As process 1 of a container a shell ignores signals unless it is told what to do.
trap 'exit 143' TERM INT

# In the image the commands lie in venv; in a checkout, wherever the caller's PATH says.
PATH="$PWD/venv/bin:$PATH"
[ $# -eq 0 ] || exec "$@"
wait_seconds=${DATABASE_WAIT_SECONDS:-60}

# The image brings its translations compiled; a checkout has to do it once.
if [ ! -e microblog/translations/de/LC_MESSAGES/messages.mo ]; then
    pybabel --quiet compile --directory microblog/translations
fi

# SKIP_MIGRATIONS=1 is for those who run `flask db upgrade` as a step of its own before they start new containers.
if [ "${SKIP_MIGRATIONS:-0}" != 1 ]; then
    began=$(date +%s)
    until report=$(flask db upgrade 2>&1); do
        reason=$(printf '%s\n' "$report" | grep OperationalError | tail -n 1) || reason=
        waited=$(($(date +%s) - began))
        # Waiting mends the database's absence alone.
        if [ -z "$reason" ]; then
            printf '%s\n' "$report" "The database could not be brought up to date." >&2
            exit 1
        fi
        if [ "$waited" -ge "$wait_seconds" ]; then
            echo "The database did not answer within $wait_seconds s: $reason" >&2
            exit 1
        fi
        echo "Waiting for the database ($waited s of $wait_seconds s): $reason" >&2
        sleep 1
    done
    [ -z "$report" ] || printf '%s\n' "$report" >&2
fi

exec gunicorn
