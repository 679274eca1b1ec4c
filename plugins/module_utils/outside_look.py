"""Everything that can be seen of a server from outside, in one call, with the standard library alone.

    python3 -m plugins.module_utils.outside_look 203.0.113.10 2001:db8::10 --domain shop.example.com

runs it on any machine that has a checkout and Python, and prints what it saw as JSON.
"""

from __future__ import annotations

import argparse
import json
import resource
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from typing import Any

from .port_scan import ALL_TCP, COMMON_UDP, CONCURRENCY, NoRoute, scan
from .ssh_offer import read_offer
from .web_look import look

SPARE_FILES = 100


def look_around(request: dict[str, Any]) -> dict[str, Any]:
    """`request`: addresses, domains, ssh_port, ports (HTTP, HTTPS), path, seconds, concurrency, authority; and, to look
    at less, tcp and udp (lists of ports).
    """
    found: dict[str, Any] = {"scans": {}, "no_route": {}, "ssh": {}, "sites": {}}
    limit = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    concurrency = max(10, min(int(request["concurrency"]), limit - SPARE_FILES))
    seconds = float(request["seconds"])
    for address in request["addresses"]:
        try:
            result = scan(address, request.get("tcp") or ALL_TCP, request.get("udp") or COMMON_UDP, 0, concurrency)
        except NoRoute as error:
            found["no_route"][address] = str(error)
            continue
        found["scans"][address] = asdict(result)
    reached = list(found["scans"])
    if reached:
        try:
            offer = read_offer(reached[0], int(request["ssh_port"]), seconds)
            found["ssh"] = {"version": offer.version, "weak": offer.weak, **offer.algorithms}
        except (OSError, ValueError) as error:
            found["ssh"] = {"error": str(error)}
    pairs = [(address, domain) for address in reached for domain in request["domains"]]
    ports = (int(request["ports"][0]), int(request["ports"][1]))
    with ThreadPoolExecutor(8) as pool:
        sites = pool.map(
            lambda pair: look(pair[0], pair[1], ports, request["path"], seconds, request["authority"]), pairs
        )
        for (address, domain), site in zip(pairs, sites):
            found["sites"][f"{domain} at {address}"] = asdict(site)
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("addresses", nargs="+", metavar="address")
    parser.add_argument("--domain", action="append", default=[], help="a site to look at; may be given again")
    parser.add_argument("--ssh-port", type=int, default=22)
    parser.add_argument("--last-port", type=int, default=65535, help="the highest TCP port that is connected to")
    parser.add_argument("--authority", help="PEM file of the authority that signed the sites' certificates")
    parser.add_argument("--seconds", type=float, default=5, help="how long an answer is waited for")
    given = parser.parse_args()
    authority = ""
    if given.authority:
        with open(given.authority, encoding="ascii") as file:  # noqa: PTH123 (as short as it gets)
            authority = file.read()
    request = {
        "addresses": given.addresses,
        "tcp": range(1, given.last_port + 1),
        "domains": given.domain,
        "ssh_port": given.ssh_port,
        "ports": (80, 443),
        "path": "/",
        "seconds": given.seconds,
        "concurrency": CONCURRENCY,
        "authority": authority,
    }
    print(json.dumps(look_around(request), indent=2))


if __name__ == "__main__":
    main()
