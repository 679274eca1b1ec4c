"""A visitor of the sample application, for locust: reads pages on a connection that stays open."""

from __future__ import annotations

from pathlib import Path
from ssl import PROTOCOL_TLS_CLIENT
from typing import Any

import gevent.ssl
from locust import FastHttpUser, constant, task

# A browser finds *.localhost by itself; this program asks the address, as any name server may not know it.
NAME = "microblog.localhost"
HOST = {"Host": NAME}
ROOTS = Path(__file__).resolve().parents[1] / ".sandbox" / "authority" / "acme-roots.pem"


class NamedContext(gevent.ssl.SSLContext):  # type: ignore[misc]
    """Asks for the certificate of NAME, and believes it when acme.sandbox has issued it."""

    def wrap_socket(self, sock: Any, *arguments: Any, **options: Any) -> Any:
        return super().wrap_socket(sock, *arguments, **(options | {"server_hostname": NAME}))


def context(*_: Any, **__: Any) -> NamedContext:
    made = NamedContext(PROTOCOL_TLS_CLIENT)
    made.load_verify_locations(ROOTS)
    return made


class Visitor(FastHttpUser):
    """Nothing is tried twice: a request that fails counts as failed."""

    wait_time = constant(0.1)
    max_retries = 0
    max_redirects = 0
    insecure = False
    ssl_context_factory = staticmethod(context)

    @task(3)
    def front_page(self) -> None:
        self.client.get("/", headers=HOST)

    @task
    def health(self) -> None:
        self.client.get("/health", headers=HOST)
