"""The dynamic inventories of inventory/example, by the providers' own plugins and `ansible-inventory`."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from werkzeug.serving import make_server

from sandbox.cloud.application import application
from tests.unit.sandbox.cloud.conftest import DIGITALOCEAN, LINODE, PUBLIC_KEY

ROOT = Path(__file__).parents[4]
EXAMPLE = ROOT / "inventory/example"
OURS = "slipway:shop-production"
# The plugin can be pointed to no other address than Linode's own: its SDK is, in the process that runs it.
ELSEWHERE = """\
from linode_api4 import linode_client
linode_client.LinodeClient.__init__.__defaults__ = (ADDRESS, *linode_client.LinodeClient.__init__.__defaults__[1:])
"""


@pytest.fixture
def address(cloud: Any) -> Iterator[str]:
    server = make_server("127.0.0.1", 0, application(cloud))
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()


@pytest.fixture
def inventory(tmp_path: Path, address: str) -> Path:
    """The example, with its plugins' files in place and no hosts of its own."""
    folder = tmp_path / "production"
    shutil.copytree(EXAMPLE, folder)
    for path in folder.glob("*.yml.example"):
        path.rename(path.with_suffix(""))
    (folder / "hosts.yml").write_text("all: {children: {app: {hosts: {}}, builder: {hosts: {}}}}\n")
    with (folder / "ocean.digitalocean.yml").open("a") as file:
        file.write(f"baseurl: {address}/v2\n")
    (tmp_path / "sitecustomize.py").write_text(ELSEWHERE.replace("ADDRESS", repr(f"{address}/v4")))
    return folder


def listed(inventory: Path) -> dict[str, Any]:
    done = subprocess.run(
        [sys.executable, "-m", "ansible", "inventory", "-i", str(inventory), "--list"],
        cwd=ROOT,
        env=os.environ
        | {
            "ANSIBLE_CONFIG": str(ROOT / "ansible.cfg"),
            "DIGITALOCEAN_TOKEN": DIGITALOCEAN,
            "LINODE_TOKEN": LINODE,
            "PYTHONPATH": str(inventory.parent),
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_groups_by_tags(digitalocean: Any, linode: Any, inventory: Path) -> None:
    for name, tags in (("web-1", ["app", "builder"]), ("web-2", ["app"]), ("theirs", [])):
        ours = [OURS, f"{OURS}:{name}"] if tags else ["other"]
        droplet = {"region": "fra1", "size": "s-1vcpu-1gb", "image": "debian-13-x64", "tags": [*ours, *tags]}
        assert digitalocean("POST", "/v2/droplets", {"name": f"ocean-{name}", **droplet}).status == 202
        instance = {"region": "eu-central", "type": "g6-nanode-1", "image": "linode/debian13", "tags": [*ours, *tags]}
        instance |= {"label": f"linode-{name}", "authorized_keys": [PUBLIC_KEY]}
        assert linode("POST", "/v4/linode/instances", instance).status == 200
    found = listed(inventory)
    assert sorted(found["app"]["hosts"]) == ["linode-web-1", "linode-web-2", "ocean-web-1", "ocean-web-2"]
    assert sorted(found["builder"]["hosts"]) == ["linode-web-1", "ocean-web-1"]
    variables = found["_meta"]["hostvars"]
    # What comes from outside is marked so.
    assert variables["ocean-web-1"]["ansible_host"] == {"__ansible_unsafe": "172.30.0.100"}
    assert variables["ocean-web-1"]["private_address"]["__ansible_unsafe"].startswith("10.")
    assert variables["linode-web-1"]["ansible_host"] == {"__ansible_unsafe": "172.30.0.101"}


def test_the_example_as_it_is_has_no_such_source(tmp_path: Path) -> None:
    shutil.copytree(EXAMPLE, tmp_path / "production")
    assert listed(tmp_path / "production")["app"]["hosts"] == ["web-1"]
