"""The application's network: who is on it, who finds whom under which name, and that nothing but the proxy is
published.
"""

import ipaddress

import pytest
from checks import each, expect, inspected, require, show, the_world

WORLD = the_world()
WANTED, FACTS = WORLD.expectation, WORLD.facts
NETWORK = WORLD.application
SERVICES = [service["name"] for service in WANTED["service_list"]]
ON_NETWORK = [subject for subject in WORLD.containers if subject.wanted.kind != "proxy" or WANTED["has_web"]]


def _published(data):
    ports = data["HostConfig"].get("PortBindings") or {}
    return [
        (entry.get("HostIp") or "0.0.0.0", int(entry["HostPort"]), port)
        for port, found in ports.items()
        for entry in found or []
    ]


def test_network_is_there_and_labelled():
    network = FACTS["network"]
    require(bool(network), f"a network {NETWORK}", "none")
    expect((network.get("Labels") or {}).get("slipway.app"), WORLD.application, "its label slipway.app")


@each("container", ON_NETWORK)
def test_is_on_the_network(container):
    networks = inspected(container)["NetworkSettings"]["Networks"]
    require(NETWORK in networks, NETWORK, show(sorted(networks)), container.name)


@each("container", [subject for subject in WORLD.containers if subject.wanted.kind != "proxy"])
def test_has_its_aliases(container):
    network = inspected(container)["NetworkSettings"]["Networks"].get(NETWORK) or {}
    wanted = {container.wanted.name, *container.wanted.aliases}
    if container.wanted.kind == "process" and container.wanted.name == "web":
        wanted.add(f"{WORLD.application}-r{WORLD.release}-web")
    # Until Docker 25 the names stand in Aliases alone, later in DNSNames, too.
    found = {*(network.get("Aliases") or []), *(network.get("DNSNames") or [])}
    require(wanted <= found, show(sorted(wanted)), show(sorted(found)), container.name)


@each("service", SERVICES)
@each("container", WORLD.processes)
def test_process_reaches_the_service(container, service):
    inspected(container)
    if not container.running:
        pytest.skip("it does not run")
    sight = FACTS["sight"][container.container]
    # A process in whose network nobody could look has one error for all.
    seen = sight.get(service) or sight
    require(
        not seen["error"], f"{service} to answer {container.name}", f"{show(seen.get('addresses'))}: {seen['error']}"
    )
    here = [subject.data for subject in WORLD.of_kind("service") if subject.running and _answers_to(subject, service)]
    if here:
        wanted = sorted(data["NetworkSettings"]["Networks"][NETWORK]["IPAddress"] for data in here)
        expect(sorted(seen["addresses"]), wanted, f"{container.name}, addresses of {service}")


def _answers_to(subject, service):
    """Whether a container of a service has the service's name: its own, or as an alias (nodes of one cluster)."""
    return service in (subject.wanted.name, *subject.wanted.aliases)


@pytest.mark.skipif(not WANTED["has_web"], reason="no web process on this host")
def test_proxy_finds_exactly_the_web_containers_of_the_release():
    web = [subject for subject in WORLD.web if subject.running]
    wanted = sorted(subject.data["NetworkSettings"]["Networks"][NETWORK]["IPAddress"] for subject in web)
    expect(FACTS["upstream"], wanted, f"addresses of {WORLD.application}-r{WORLD.release}-web")


@each("container", [subject for subject in WORLD.containers if subject.wanted.kind != "proxy"])
def test_is_not_published(container):
    allowed = WANTED["bind_address"]
    for address, number, _port in _published(inspected(container)):
        inside = bool(allowed) and address == allowed and not ipaddress.ip_address(address).is_unspecified
        require(
            inside,
            f"no port of the host, or one on {allowed}" if allowed else "no port of the host",
            f"{address}:{number}",
            container.name,
        )


@pytest.mark.skipif(not WANTED["proxy"], reason="no proxy on this host")
def test_proxy_publishes_http_and_https_alone():
    proxy = inspected(WORLD.of_kind("proxy")[0])
    found = sorted({number for _address, number, _port in _published(proxy)})
    expect(found, sorted({WANTED["proxy"]["http_port"], WANTED["proxy"]["https_port"]}))
