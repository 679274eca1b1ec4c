"""What may stand in `servers` and `server_defaults`, and what is said of each mistake."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from ansible_collections.slipway.vps.plugins.module_utils.cloud_input import wanted_servers
from ansible_collections.slipway.vps.plugins.module_utils.cloud_model import Port, Volume, WantedServer
from ansible_collections.slipway.vps.plugins.module_utils.problem import InputError

from tests.unit.clouds.keys import ED25519

FILE = "inventory/production"
DEFAULTS = {"project": "shop-production", "ssh_keys": [ED25519]}
WEB = {
    "name": "web-1",
    "provider": "digitalocean",
    "region": "fra1",
    "size": "s-2vcpu-4gb",
    "image": "debian-13-x64",
    "groups": ["app"],
}


def read(
    *servers: Any, folder: Path = Path("/nowhere"), groups: tuple[str, ...] = ("app", "data"), **defaults: Any
) -> list[WantedServer]:
    return wanted_servers(FILE, folder, list(servers), {**DEFAULTS, **defaults}, groups)


def mistakes(*servers: Any, **more: Any) -> list[str]:
    with pytest.raises(InputError) as caught:
        read(*servers, **more)
    lines = [str(problem) for problem in caught.value.problems]
    assert all("\n" not in line and line.startswith(f"{FILE}: ") for line in lines)
    return lines


def test_the_few_lines_of_a_server_and_what_goes_without_saying() -> None:
    (web,) = read(WEB)
    assert (web.name, web.provider, web.region, web.size, web.image) == tuple(WEB.values())[:5]
    assert web.tag == "slipway:shop-production:web-1"
    assert web.private_network and web.ipv6 and web.firewall and not web.backups and not web.reserved_ip
    assert web.firewall_ports == (Port(22, "tcp"), Port(80, "tcp"), Port(443, "tcp"), Port(443, "udp"))
    assert web.ssh_keys == (ED25519,)


def test_a_server_s_own_settings_win_over_the_defaults() -> None:
    web, other = read(
        {**WEB, "backups": False, "volumes": [{"name": "data", "size": 20}]},
        {"name": "web-2", "region": "ams3", "groups": ["app"]},
        **{key: value for key, value in WEB.items() if key not in ("name", "groups")},
        backups=True,
        tags=["blue"],
    )
    assert not web.backups and web.volumes == (Volume("data", 20),) and web.tags == ("blue",)
    assert other.backups and other.region == "ams3" and other.size == "s-2vcpu-4gb" and other.volumes == ()


def test_keys_may_stand_in_files(tmp_path: Path) -> None:
    (tmp_path / "ada.pub").write_text(f"{ED25519}\n")
    (web,) = read(WEB, ssh_keys=["ada.pub"], folder=tmp_path)
    assert web.ssh_keys == (ED25519,)


@pytest.mark.parametrize(
    ("change", "found"),
    [
        ({"name": "Web_1"}, 'servers.0.name: found "Web_1"; expected a host name of its own'),
        ({"name": None}, "servers.0.name: found nothing; expected a host name"),
        ({"name": "w1"}, 'servers.0.name: found "w1"; expected a host name'),
        (
            {"provider": "hetzner"},
            'servers.0.provider: found "hetzner"; expected one of digitalocean, linode, lightsail',
        ),
        ({"region": None}, "servers.0.region: found nothing; expected a region"),
        ({"size": 4}, "servers.0.size: found 4; expected a size"),
        ({"groups": []}, "servers.0.groups: found nothing; expected a list of groups"),
        ({"groups": ["ap"]}, 'servers.0.groups: found "ap"; expected a group that a playbook knows: one of app, data'),
        ({"backups": "perhaps"}, 'servers.0.backups: found "perhaps"; expected true or false'),
        ({"ssh_from": []}, "servers.0.ssh_from: found it at one server; expected it in server_defaults"),
        ({"tags": ["a,b"]}, 'servers.0.tags: found "a,b"; expected a list of words'),
        ({"volumes": [{"name": "data", "size": 1}]}, "servers.0.volumes: found {"),
        (
            {"volumes": [{"name": "data", "size": 20, "mount": "/etc/data"}]},
            'servers.0.volumes: found mount "/etc/data"; expected a folder of its own such as /var/lib/docker',
        ),
        (
            {"volumes": [{"name": "a", "size": 20, "mount": "/srv/a"}, {"name": "b", "size": 20, "mount": "/srv/a"}]},
            "servers.0.volumes: found /srv/a twice; expected each volume in a folder of its own",
        ),
        ({"imgae": "x"}, "servers.0.imgae: found a key that is not known; expected `image` perhaps"),
        ({"name": "a-name-of-more-than-the-limit"}, "servers.0.name: found 53 characters; expected a shorter name"),
    ],
)
def test_a_mistake_is_told_with_its_place(change: dict[str, Any], found: str) -> None:
    (line,) = mistakes({**WEB, **change})
    assert line.startswith(f"{FILE}: {found}")


@pytest.mark.parametrize(
    ("key", "value", "found"),
    [
        ("firewall_ports", ["https"], 'found "https"; expected a list of ports'),
        ("ssh_from", ["203.0.113.7/24"], 'found "203.0.113.7/24"; expected a list of addresses'),
        ("host_keys", "lose", 'found "lose"; expected discard or keep'),
        ("hostkeys", "keep", "found a key that is not known; expected `host_keys` perhaps"),
    ],
)
def test_a_mistake_in_the_defaults(key: str, value: Any, found: str) -> None:
    (line,) = mistakes(WEB, **{key: value})
    assert line.startswith(f"{FILE}: server_defaults.{key}: {found}")


def test_a_name_that_stands_twice() -> None:
    assert mistakes(WEB, WEB) == [f"{FILE}: servers.1.name: found web-1, a second time; expected each name once"]


@pytest.mark.parametrize("project", [None, "", "Shop", "a-project-with-a-long-name", 7])
def test_a_project_that_is_none(project: Any) -> None:
    (line,) = mistakes(WEB, project=project)
    assert line.startswith(f"{FILE}: server_defaults.project: found ")


def test_a_private_key_is_refused_and_never_shown() -> None:
    secret = "-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaC1rZXktdjEAAAAA\n-----END OPENSSH PRIVATE KEY-----"
    (line,) = mistakes(WEB, ssh_keys=[secret])
    assert "server_defaults.ssh_keys: found a text, a private key; expected a public key" in line
    assert "b3Blbn" not in line


def test_the_path_of_a_private_key(tmp_path: Path) -> None:
    (tmp_path / "id").write_text("-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNz\n")
    (line,) = mistakes(WEB, ssh_keys=["id"], folder=tmp_path)
    assert "found id, a private key" in line and "b3Blbn" not in line


@pytest.mark.parametrize(
    ("keys", "found"),
    [
        ([], "found nothing"),
        (["/nowhere/id.pub"], "found /nowhere/id.pub, No such file or directory"),
        ([ED25519[:40]], "no public key of|cut off"),
        (["ssh-dss AAAAB3NzaC1kc3M= old"], "no public key of a kind that OpenSSH takes"),
    ],
)
def test_a_public_key_that_is_none(keys: list[str], found: str) -> None:
    (line,) = mistakes(WEB, ssh_keys=keys)
    assert any(part in line for part in found.split("|")), line


@pytest.mark.parametrize(("servers", "kind"), [("web-1", "servers"), ({"web-1": {}}, "servers")])
def test_servers_that_are_no_list(servers: Any, kind: str) -> None:
    with pytest.raises(InputError, match=rf"{kind}: found .*; expected a list of servers"):
        wanted_servers(FILE, Path(), servers, DEFAULTS, ["app"])
