"""A user's own checks, run with Slipway's at each release and by playbooks/verify.yml (docs/verify.md)."""

import pytest

# Adds two numbers on a worker. The job goes to the front, and is gone from Redis a minute later.
JOB = """
import os, time
from redis import Redis
from rq import Queue, Worker
connection = Redis.from_url(os.environ["REDIS_URL"])
queue = Queue("microblog-tasks", connection=connection)
job = queue.enqueue("operator.add", 40, 2, at_front=True, ttl=60, result_ttl=60, failure_ttl=60)
end = time.monotonic() + 15
while time.monotonic() < end and job.get_status() not in ("finished", "failed"):
    time.sleep(0.02)
busy = all(worker.get_state() == "busy" for worker in Worker.all(queue=queue))
print(job.get_status().value, job.return_value(), "busy" if busy else "")
job.cancel() if job.get_status() == "queued" else None
"""


def test_a_job_is_enqueued_and_done(exec_in):
    result = exec_in("worker", ["venv/bin/python", "-c", JOB])
    assert result.rc == 0, result.stderr
    if result.stdout.split() == ["queued", "None", "busy"]:
        pytest.skip("every worker is busy with a longer job")
    assert result.stdout.split()[:2] == ["finished", "42"]


def test_translations_are_compiled(exec_in):
    result = exec_in("web", ["sh", "-c", "find . -name '*.mo' -not -path './venv/*'"])
    assert result.stdout.strip(), "expected compiled translations (*.mo) in the image"
