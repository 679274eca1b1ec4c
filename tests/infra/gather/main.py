"""Puts together what the other parts find, many things at once."""

from __future__ import annotations

import base64
import json
import sys
import time
import zlib
from concurrent.futures import ThreadPoolExecutor

from gather import certificates, data, engine, hardening, leaks, network, system

THREADS = 16
UNKNOWN_HOST = "slipway-verify.invalid"


def gather(request):
    """Everything about this host that the request asks for."""
    begun = time.monotonic()
    application = request["application"]
    with ThreadPoolExecutor(THREADS) as pool:
        state = system.state(application, request["release"])
        packages = pool.submit(system.packages, request["packages"])
        units = pool.submit(system.units, request["units"])
        guards = pool.submit(hardening.look, request["hardening"]) if request["hardening"] else None
        shown = {name: pool.submit(certificates.look, name, request) for name in request["certificates"]}
        answers = pool.submit(_through_the_proxy, pool, request)
        try:
            inspections = engine.containers(pool, application)
        except OSError as error:
            return {"engine_error": f"the Docker engine does not answer: {error}", "state": state}
        running = [each for each in inspections if each["State"].get("Running")]
        services = {service["name"]: service["port"] for service in request["services"]}
        ours = [each for each in running if _label(each, "slipway.app") == application]
        written = {
            service["name"]: pool.submit(data.check, service, container, application)
            for service in request["services"]
            for container in ours
            if _label(container, "com.docker.compose.service") == service["name"]
        }
        images = pool.submit(engine.images, pool, [each["Config"]["Image"] for each in inspections])
        networks = pool.submit(engine.ask, f"/networks/{application}")
        volumes = pool.submit(engine.ask, "/volumes")
        info = pool.submit(engine.ask, "/info")
        processes = system.processes()
        secrets = leaks.values(application, state["release"])
        found = pool.submit(leaks.search, secrets, inspections, processes)
        release = [each for each in ours if _label(each, "slipway.release") == str(state["release"])]
        sight = {each["Id"]: pool.submit(network.look_around, each, services) for each in release}
        upstream = pool.submit(_upstream, running, request["upstream"].format(release=state["release"]))
        direct = {
            each["Id"]: pool.submit(_direct, each, request)
            for each in release
            if _label(each, "slipway.process") == "web"
        }
        facts = {
            "engine_error": "",
            "state": state,
            "kernel": system.kernel(request["kernel"]),
            "daemon": system.read_json("/etc/docker/daemon.json"),
            "modes": system.modes(application, state["release"]),
            "secret_files": sorted(secrets),
            "users": {each["Id"]: system.user_of(each["State"]["Pid"]) for each in running},
            "containers": inspections,
            "images": images.result(),
            "network": networks.result(),
            "volumes": {each["Name"]: each for each in volumes.result().get("Volumes") or []},
            "info": {key: info.result().get(key) for key in request["info"]},
            "packages": packages.result(),
            "units": units.result(),
            "hardening": guards.result() if guards else {},
            "certificates": {name: each.result() for name, each in shown.items()},
            "leaks": found.result(),
            "sight": {name: each.result() for name, each in sight.items()},
            "upstream": upstream.result(),
            "direct": {name: each.result() for name, each in direct.items()},
            "answers": answers.result(),
            "data": {name: each.result() for name, each in written.items()},
        }
    facts["seconds"] = round(time.monotonic() - begun, 3)
    return facts


def _label(container, name):
    return (container["Config"].get("Labels") or {}).get(name, "")


def _upstream(running, name):
    """The addresses that the proxy finds under the release's name; None without a proxy."""
    for container in running:
        if container["Name"] == "/slipway-proxy":
            try:
                return network.in_network_of(container["State"]["Pid"], lambda: network.resolve(name))
            except OSError as error:
                return {"error": str(error)}
    return None


def _direct(container, request):
    address = data.address_of(container, request["application"])
    return network.request(address, request["port"], request["health"], request["domains"][0])


def _through_the_proxy(pool, request):
    """{domain: {http, https}}, and what an unknown name is answered with."""
    domains = request["domains"]
    if not domains:
        return {}

    def both(domain):
        name = domain.replace("*", "slipway-verify")
        found = {"http": network.request("127.0.0.1", request["http_port"], request["health"], name)}
        if request["tls"] != "off" and domain != UNKNOWN_HOST:
            authority = "" if request["tls"] == "internal" else request["authority"]
            found["https"] = network.request("127.0.0.1", request["https_port"], request["health"], name, authority)
        return found

    names = [*domains, *request["redirects"], UNKNOWN_HOST]
    return dict(zip(names, pool.map(both, names)))  # noqa: B905 (strict= is Python 3.10's)


def main(request):
    text = json.dumps(gather(request), ensure_ascii=False, default=str)
    sys.stdout.write(base64.b64encode(zlib.compress(text.encode(), 3)).decode() + "\n")
