"""A visitor of the sample application, for locust: reads pages on a connection that stays open."""

from __future__ import annotations

from locust import FastHttpUser, constant, task

# A browser finds *.localhost by itself; this program asks the address, as any name server may not know it.
HOST = {"Host": "microblog.localhost"}


class Visitor(FastHttpUser):
    """Nothing is tried twice: a request that fails counts as failed."""

    wait_time = constant(0.1)
    max_retries = 0
    max_redirects = 0

    @task(3)
    def front_page(self) -> None:
        self.client.get("/", headers=HOST)

    @task
    def health(self) -> None:
        self.client.get("/health", headers=HOST)
