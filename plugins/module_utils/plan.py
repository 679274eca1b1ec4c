"""Compares what a host is with what the inventory wants, on the controller, and says the difference in words."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from .compose import ReleaseProject, ServicesProject
from .probe import Probe

SETTLED = ("settle", "done")


@dataclass(frozen=True)
class Wanted:
    """What the inventory wants of one host. `digest` '' means: not known yet (no engine there that could ask)."""

    application: str
    stamp: str
    services: ServicesProject | None
    release: ReleaseProject | None
    image: str
    digest: str
    secrets: str
    site: str
    has_web: bool
    replicas: dict[str, int] = field(default_factory=dict)


@dataclass
class HostPlan:
    """What will be done to a host, in words; each list is empty where nothing will."""

    server: list[str] = field(default_factory=list)
    services: list[str] = field(default_factory=list)
    release: list[str] = field(default_factory=list)
    consent: dict[str, str] = field(default_factory=dict)
    removed: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    left_alone: list[str] = field(default_factory=list)

    @property
    def groups(self) -> list[str]:
        lists = {"lacks_server": self.server, "lacks_services": self.services, "lacks_release": self.release}
        return [name for name, reasons in lists.items() if reasons]


def make_plan(wanted: Wanted, probe: Probe) -> HostPlan:
    plan = HostPlan()
    plan.server = _server(wanted, probe)
    if wanted.services is not None:
        _services(wanted, probe, plan)
    if wanted.release is not None:
        if wanted.has_web and probe.site != wanted.site:
            plan.services.append(
                "proxy site: created" if not probe.site else "proxy site: changed (domains, port or proxy settings)"
            )
        _release(wanted, probe, plan)
    _notes(wanted, probe, plan)
    return plan


def _server(wanted: Wanted, probe: Probe) -> list[str]:
    if not probe.stamp:
        return [
            "server: set up from bare (Python, operator, SSH, firewall, Docker, registry login, proxy)"
            if not probe.containers
            else "server: set up (no stamp found)"
        ]
    if probe.stamp != wanted.stamp:
        return ["server: its settings or its roles have changed since they were last applied"]
    if not probe.engine:
        return ["server: the Docker engine does not answer"]
    if wanted.has_web:
        proxy = [container for container in probe.containers if container.name == "slipway-proxy"]
        if not proxy or proxy[0].state != "running":
            return ["server: the proxy is not running"]
    return []


def _services(wanted: Wanted, probe: Probe, plan: HostPlan) -> None:
    assert wanted.services is not None
    found = {container.config: container for container in probe.own(wanted.application) if container.service}
    by_name = {container.name: container for container in found.values()}
    for name, config in wanted.services.hashes.items():
        definition = wanted.services.compose["services"][name]
        container = found.get(config)
        if container is None:
            old = by_name.get(f"{wanted.application}-services-{name}-1")
            if old is None:
                plan.services.append(f"{name}: created from {definition['image']}")
            else:
                before = ((probe.services or {}).get("services") or {}).get(name) or {}
                why = ", ".join(differences(before, definition)) or "its secrets"
                plan.services.append(f"{name}: recreated, since {why} changed")
                if old.state == "running":
                    plan.consent[definition["labels"]["slipway.service"]] = why
        elif not container.healthy:
            plan.services.append(f"{name}: waited for or started ({container.status or container.state})")
        else:
            plan.left_alone.append(name)
    names = {f"{wanted.application}-services-{name}-1" for name in wanted.services.hashes}
    for container in found.values():
        if container.name not in names:
            plan.services.append(f"{container.service}: removed (its volume stays), it is no longer in the inventory")
            plan.removed.append(container.service)


def _release(wanted: Wanted, probe: Probe, plan: HostPlan) -> None:
    assert wanted.release is not None
    record = probe.releases.get(probe.live)
    if record is None:
        plan.release.append(f"first release: {wanted.image}")
        if not plan.services:
            plan.services.append("network: created")
        return
    if wanted.digest and record.get("digest") != wanted.digest:
        plan.release.append(
            f"image: {_short(record.get('digest', ''))} becomes {_short(wanted.digest)} ({wanted.image})"
        )
    if record.get("config") != wanted.release.config:
        names = differences(probe.rendered or {}, wanted.release.compose)
        plan.release.append("settings: " + (", ".join(names) or "port or health path") + " changed")
    if record.get("secrets") != wanted.secrets:
        plan.release.append("secrets: changed (values are never shown)")
    if not plan.release:
        plan.release += _drift(wanted, probe)
    if not plan.release:
        plan.left_alone.append(f"release {probe.live}")


def _drift(wanted: Wanted, probe: Probe) -> list[str]:
    """The wanted release is live; is it whole, and is it alone?"""
    reasons = []
    own = [container for container in probe.own(wanted.application) if container.process]
    for process, count in wanted.replicas.items():
        running = [c for c in own if c.release == probe.live and c.process == process and c.state == "running"]
        if len(running) < count:
            reasons.append(f"{process}: {len(running)} of {count} containers run, started again")
    if wanted.has_web and probe.upstream != f"{wanted.application}-r{probe.live}-web":
        reasons.append("proxy: does not send requests to the live release")
    others = sorted({container.release for container in own if container.release != probe.live})
    if others:
        reasons.append(f"release {', '.join(map(str, others))}: left over from a deploy that was cut off, finished")
    last = probe.journal.get(probe.live, {})
    if (last.get("step"), last.get("state")) != SETTLED and not others and not reasons:
        reasons.append(f"release {probe.live}: was cut off in its phase {last.get('step', 'pull')}, finished")
    return reasons


def _notes(wanted: Wanted, probe: Probe, plan: HostPlan) -> None:
    if probe.maintenance:
        plan.notes.append("maintenance mode is on: playbooks/maintenance.yml -e state=off ends it")
    unfinished = [number for number in probe.releases if number > probe.live and number != probe.live]
    if unfinished and plan.release:
        plan.notes.append(f"release {', '.join(map(str, sorted(unfinished)))} was cut off and is cleaned up")


def differences(before: Any, after: Any, path: str = "") -> list[str]:
    """The keys, as dotted paths, at which two renderings differ; values are not shown. Labels are Slipway's own."""
    if isinstance(before, dict) and isinstance(after, dict):
        names: list[str] = []
        for key in sorted({*before, *after}, key=str):
            if key == "labels" or before.get(key) == after.get(key):
                continue
            names += differences(before.get(key), after.get(key), f"{path}.{key}" if path else str(key))
        return names
    return [path.removeprefix("services.")] if before != after else []


def _short(digest: str) -> str:
    return digest.removeprefix("sha256:")[:12] or "unknown"
