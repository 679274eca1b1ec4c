"""The HTTP server (gunicorn): one process, many threads, TLS."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from flask import Flask
from gunicorn.app.base import BaseApplication

THREADS = 32


class Server(BaseApplication):
    """gunicorn with its settings given from here."""

    def __init__(self, make: Callable[[], Flask], settings: Mapping[str, Any]) -> None:
        self.make, self.settings = make, settings
        super().__init__()

    def load_config(self) -> None:
        for name, value in self.settings.items():
            self.cfg.set(name, value)

    def load(self) -> Flask:
        return self.make()


def serve(make: Callable[[], Flask], certificate: str, key: str, port: int = 443) -> None:
    """Serve what `make` makes (in the process that serves: threads survive no fork) until told to end."""
    settings = {
        "bind": [f"[::]:{port}"],
        "workers": 1,
        "worker_class": "gthread",
        "threads": THREADS,
        "keepalive": 15,
        # Faults may keep a call waiting.
        "timeout": 300,
        "graceful_timeout": 3,
        "certfile": certificate,
        "keyfile": key,
        "loglevel": "warning",
    }
    Server(make, settings).run()
