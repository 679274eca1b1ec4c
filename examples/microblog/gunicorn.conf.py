"""Gunicorn's settings (https://docs.gunicorn.org/en/stable/settings.html)."""

import logging
import os

wsgi_app = "microblog:create_app()"
bind = "0.0.0.0:5000"
worker_class = "gthread"
workers = int(os.environ.get("WEB_WORKERS") or 2)
threads = int(os.environ.get("WEB_THREADS") or 4)

# Imported once, then forked: half of the start's time and memory. Nothing connects to a server before the fork.
preload_app = True

# A heartbeat in memory: a slow disk must not make a worker look dead. It also suits a read-only root file system.
worker_tmp_dir = "/dev/shm"
control_socket_disable = True

# A proxy keeps connections open for the next request: the end that closes first must be the proxy.
keepalive = 75
timeout = 60
graceful_timeout = 30

accesslog = "-"
errorlog = "-"
access_log_format = '%({x-forwarded-for}i)s "%(r)s" %(s)s %(b)s bytes %(M)s ms'


class _WithoutHealthChecks(logging.Filter):
    """Leaves out health checks that went well: every few seconds another would bury what people did."""

    def filter(self, record: logging.LogRecord) -> bool:
        atoms = record.args
        return not (isinstance(atoms, dict) and atoms.get("U") == "/health" and atoms.get("s") == "200")


def on_starting(server) -> None:  # type: ignore[no-untyped-def]
    server.log.access_log.addFilter(_WithoutHealthChecks())
