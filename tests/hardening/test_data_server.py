"""A data server lets in the application's servers, by the ports of the data services, and nobody else."""

from __future__ import annotations

from tests.hardening.outside import Outside
from tests.releases.fleet import Fleet

REDIS = 6379


def test_the_members_of_the_fleet_reach_the_data_and_nobody_else(bare: list[str], outside: Outside) -> None:
    fleet = Fleet(bare[:1], bare[1:2])
    fleet.add("courier", tag="v1")
    fleet.deploy(*fleet.fast).succeeded()
    app, data = fleet.all_hosts
    ask = f"exec 3<>/dev/tcp/{data.address}/{REDIS}; echo PING >&3; timeout 5 head -n 1 <&3"
    assert app.run(ask).strip() == "+PONG"
    assert outside.open_ports(data, [22, 80, 443, REDIS]) == {"IPv4": [22], "IPv6": [22]}
    fleet.deploy().succeeded().line_with(data.name, "nothing to do")
