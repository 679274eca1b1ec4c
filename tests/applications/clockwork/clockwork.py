"""A worker alone: one job after the other, each a line at its beginning and one at its end, in a file on a volume.

JOB_SECONDS is how long a job takes (default 1). On SIGTERM the job at hand is finished first:
a beginning without an end is a job that was lost.
"""

import json
import os
import signal
import socket
import threading
import time
from pathlib import Path

FILE = Path(os.environ.get("FILE", "/data/jobs.jsonl"))
JOB_SECONDS = float(os.environ.get("JOB_SECONDS", "1"))
VERSION = os.environ.get("VERSION", "development")


def note(job: str, event: str) -> None:
    """Append one line and see it to the disk; several workers write to the same file."""
    line = json.dumps({"job": job, "event": event, "time": time.time(), "version": VERSION}) + "\n"
    descriptor = os.open(FILE, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
    try:
        os.write(descriptor, line.encode())
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def main() -> None:
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    signal.signal(signal.SIGINT, lambda *_: stop.set())
    print(f"clockwork {VERSION} works", flush=True)
    number = 0
    while not stop.is_set():
        number += 1
        job = f"{socket.gethostname()}-{number}"
        note(job, "begin")
        time.sleep(JOB_SECONDS)
        note(job, "end")
    print(f"clockwork {VERSION} did {number} jobs", flush=True)


if __name__ == "__main__":
    main()
