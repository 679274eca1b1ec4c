"""python -m sandbox.cloud: what runs in the container of cloud.sandbox."""

from __future__ import annotations

import json

import docker
from flask import Flask

from sandbox.cloud import resolver, server, service
from sandbox.cloud.application import application
from sandbox.cloud.clouds import Cloud
from sandbox.cloud.machines import DockerMachines

REQUEST_SECONDS = 120


def make() -> Flask:
    """The application on the machine's Docker engine; the servers' names are answered from then on."""
    client = docker.from_env(timeout=REQUEST_SECONDS, max_pool_size=server.THREADS)
    cloud = Cloud.make(json.loads(service.TOKENS.read_text()), DockerMachines(client), service.MEMORY)
    resolver.start(cloud.servers)
    return application(cloud)


def main() -> None:
    """Serve the APIs until told to end."""
    server.serve(make, str(service.CERTIFICATE), str(service.KEY))


if __name__ == "__main__":
    main()
