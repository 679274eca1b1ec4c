"""The connection to Redis, the queue and the job."""

import os
import time

import redis
from rq import Queue, Retry

connection = redis.Redis.from_url(os.environ["REDIS_URL"], socket_timeout=10, socket_connect_timeout=3)
queue = Queue("parcels", connection=connection)


def deliver(number: str, seconds: float) -> None:
    """A job: its beginnings and ends are counted, so that one that is done twice or not at all is found."""
    connection.hincrby("begun", number, 1)
    time.sleep(seconds)
    connection.hincrby("done", number, 1)


def enqueue(number: str, seconds: float) -> None:
    queue.enqueue(deliver, number, seconds, job_timeout=60, retry=Retry(max=5), result_ttl=0)
