"""pyinfra's own deploy file, for no_op.py: what Slipway has made on the host, by pyinfra's docker operations."""

import json
from pathlib import Path

from pyinfra import host
from pyinfra.operations import docker

objects = json.loads(Path(host.data.objects).read_text(encoding="utf-8"))
for name in objects["networks"]:
    docker.network(name=f"Network {name}", network=name)
for name in objects["volumes"]:
    docker.volume(name=f"Volume {name}", volume=name)
for each in objects["containers"]:
    docker.container(name=f"Container {each['container']}", **each)
