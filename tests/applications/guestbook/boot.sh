#!/bin/bash
for attempt in $(seq 1 30); do
    python migrate.py && break
    if [ "$attempt" = 30 ]; then echo "the database does not answer"; exit 1; fi
    sleep 2
done
exec gunicorn --bind 0.0.0.0:8080 --workers 2 --access-logfile - app:app
