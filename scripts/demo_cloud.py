"""What `make demo-cloud` needs: an inventory with a server on each of three clouds, and a look at what runs there."""

from __future__ import annotations

import shutil
from pathlib import Path

import requests
import yaml

ROOT = Path(__file__).resolve().parents[1]
FOLDER = ROOT / ".sandbox" / "demo-cloud"
PROJECT = "demo"
SERVERS = {
    "demo-ocean": ("digitalocean", "fra1", "s-2vcpu-4gb", "debian-13-x64"),
    "demo-linode": ("linode", "eu-central", "g6-standard-2", "linode/debian13"),
    "demo-sail": ("lightsail", "eu-central-1", "medium_3_0", "debian_12"),
}
# The image is built on the first of them.
BUILDER = "demo-ocean"


def write_inventory() -> str:
    """Makes the inventory anew, but keeps what provision.yml wrote into an earlier one; returns its path."""
    kept = {"hosts", "known_hosts"} if (FOLDER / "hosts").is_dir() else set()
    for path in FOLDER.iterdir() if FOLDER.is_dir() else ():
        if path.name not in kept:
            shutil.rmtree(path) if path.is_dir() else path.unlink()
    leave = shutil.ignore_patterns("hosts.yml", *(["known_hosts"] if kept else []))
    shutil.copytree(ROOT / "inventory" / "sandbox", FOLDER, ignore=leave, dirs_exist_ok=True)
    groups = {"app": {"hosts": {}}, "builder": {"hosts": {}}}
    (FOLDER / "hosts.yml").write_text(yaml.safe_dump({"all": {"children": groups}}), encoding="utf-8")
    servers = [
        {
            "name": name,
            "provider": provider,
            "region": region,
            "size": size,
            "image": image,
            "groups": ["app", "builder"] if name == BUILDER else ["app"],
        }
        for name, (provider, region, size, image) in SERVERS.items()
    ]
    settings = {
        # Three clouds have no network in common: this fleet's data services are reached by a public address, which the
        # sandbox allows and a real fleet should not do.
        "server_defaults": {"project": PROJECT, "private_network": False},
        "servers": servers,
        "proxy_tls": "off",
    }
    (FOLDER / "group_vars/all/servers.yml").write_text(yaml.safe_dump(settings, sort_keys=False), encoding="utf-8")
    return str(FOLDER.relative_to(ROOT))


def addresses() -> dict[str, str]:
    """The public address of each server, as provision.yml wrote it down."""
    found: dict[str, str] = {}
    for path in sorted((FOLDER / "hosts").glob("*.yml")):
        hosts = yaml.safe_load(path.read_text(encoding="utf-8"))["all"]["hosts"]
        found |= {name: variables["ansible_host"] for name, variables in hosts.items()}
    return found


def name_the_site(found: dict[str, str]) -> None:
    """The application answers to the servers' addresses, as nobody has a domain for them."""
    path = FOLDER / "apps/microblog.yml"
    application = yaml.safe_load(path.read_text(encoding="utf-8"))
    application["domains"] = list(found.values())
    application["build"]["context"] = str(ROOT / "examples/microblog")
    path.write_text(yaml.safe_dump(application, sort_keys=False), encoding="utf-8")


def answers(address: str) -> str:
    """What the application says of itself at an address, in a few words."""
    answer = requests.get(f"http://{address}/health", timeout=30)
    states = answer.json().get("dependencies", {})
    return f"{answer.status_code}, " + ", ".join(f"{name} {each['state']}" for name, each in states.items())
