"""The checks of the doctor that cost a deploy no round trip: the plan's own look answers them, before anything is
touched.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from ansible_collections.slipway.vps.plugins.module_utils.probe import Probe
from ansible_collections.slipway.vps.plugins.plugin_utils import host_checks
from ansible_collections.slipway.vps.plugins.plugin_utils.application_action import ApplicationAction
from ansible_collections.slipway.vps.plugins.plugin_utils.doctor_input import (
    checked_domains,
    limits,
    own_addresses,
    proxy_ports,
)
from ansible_collections.slipway.vps.plugins.plugin_utils.host_checks import OK, Finding
from ansible_collections.slipway.vps.plugins.plugin_utils.role_values import RoleValues


@dataclass(frozen=True)
class Asked:
    """What the look is asked besides: who has the proxy's ports, where domains point that need a certificate."""

    ports: list[str] = field(default_factory=list)
    domains: list[str] = field(default_factory=list)


def asked(action: ApplicationAction) -> Asked:
    """For a deploy to an app host; what is known already (a stamped server, a served domain) is not looked at again."""
    domains = checked_domains(action, [action.application])
    return Asked(proxy_ports(action), [domain for domain, strict in domains.items() if strict])


def findings(action: ApplicationAction, probe: Probe, given: Asked, begun: float, ended: float) -> list[Finding]:
    """What is not as it should be. The look was made between `begun` and `ended` by this machine's clock."""
    wanted = limits(RoleValues(action, "doctor"))
    vitals = probe.vitals
    found = [
        host_checks.clock(vitals, min(max(vitals.clock, begun), ended), wanted),
        host_checks.disk(vitals, wanted),
        host_checks.inodes(vitals, wanted),
    ]
    if not probe.stamp:
        found += host_checks.ports(vitals, given.ports)
    if vitals.domains:
        own = [*own_addresses(action), *vitals.addresses]
        fleet = [address for host in action.app_hosts for address in own_addresses(action, of=host)]
        new = [domain for domain in given.domains if host_checks.asked_name(domain) in vitals.domains]
        found += [host_checks.domain(domain, vitals, own, fleet, strict=True) for domain in new]
    return [finding for finding in found if finding.state != OK]
