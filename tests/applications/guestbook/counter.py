"""The worker: counts the words of each new entry."""

import signal
import sys

import redis
from app import database, queue

signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
print("counter: waiting for entries", flush=True)
# What a worker before us had taken and not finished.
while queue.lmove("guestbook:busy", "guestbook:new", "RIGHT", "RIGHT"):
    pass
while True:
    try:
        number = queue.blmove("guestbook:new", "guestbook:busy", 1, "RIGHT", "LEFT")
    except redis.ConnectionError as error:
        sys.exit(f"counter: Redis does not answer: {error}")
    if number is None:
        continue
    with database() as connection, connection.cursor() as cursor:
        cursor.execute("SELECT text FROM entries WHERE id = %s", (int(number),))
        row = cursor.fetchone()
        if row:
            cursor.execute("UPDATE entries SET words = %s WHERE id = %s", (len(row[0].split()), int(number)))
    queue.lrem("guestbook:busy", 1, number)
    print(f"counter: entry {int(number)} done", flush=True)
