"""Compares the servers that the inventory wants with those that the providers list."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches

from .cloud_model import STOPPED, Catalogue, FoundServer, WantedServer, of_project
from .fingerprint import fingerprint
from .problem import Problem


@dataclass(frozen=True)
class Difference:
    """What a server has and what the inventory wants, of what does not change by itself."""

    key: str
    there: str
    wanted: str


@dataclass
class CloudPlan:
    """What is to be done. `found` has every wanted server that exists; `start` are done but turned off."""

    project: str
    create: list[WantedServer] = field(default_factory=list)
    found: dict[str, FoundServer] = field(default_factory=dict)
    finish: list[WantedServer] = field(default_factory=list)
    start: list[str] = field(default_factory=list)
    resize: dict[str, str] = field(default_factory=dict)
    orphans: list[FoundServer] = field(default_factory=list)
    differences: dict[str, list[Difference]] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)

    @property
    def changes(self) -> bool:
        return bool(self.create or self.finish or self.start or self.resize)

    def diff(self) -> list[str]:
        """How servers differ from the inventory, as lines of a diff."""
        lines = []
        for name, differences in self.differences.items():
            lines.append(f"  {name} differs from the inventory")
            for each in differences:
                lines += [f"- {each.key}: {each.there}", f"+ {each.key}: {each.wanted}"]
        return lines

    def lines(self, catalogues: dict[str, Catalogue]) -> list[str]:
        """What will be done, in words."""
        lines = []
        for wanted in self.create:
            offer = (catalogues.get(wanted.provider) or Catalogue()).sizes.get(wanted.size)
            price = f", {offer.monthly:.2f} USD a month" if offer else ""
            lines.append(f"{wanted.name}: create ({_what(wanted)}{price})")
        for name, size in self.resize.items():
            lines.append(f"{name}: resize from {self.found[name].size} to {size}, with a restart")
        lines += [f"{wanted.name}: finish setting it up" for wanted in self.finish]
        lines += [f"{name}: turn it on" for name in self.start]
        return lines


def _what(wanted: WantedServer) -> str:
    return f"{wanted.provider} {wanted.region} {wanted.size} {wanted.image}"


def settings_mark(wanted: WantedServer) -> str:
    """A hash of what can be changed on a server that exists; the inventory keeps it once all of that is done."""
    ports = [f"{port.number}/{port.protocol}" for port in wanted.firewall_ports]
    volumes = {volume.name: [volume.size, volume.place] for volume in wanted.volumes}
    switches = [wanted.backups, wanted.reserved_ip, wanted.firewall]
    return fingerprint([wanted.tags, switches, ports, wanted.ssh_from, volumes])


def make_plan(
    file: str,
    project: str,
    wanted: list[WantedServer],
    found: Iterable[FoundServer],
    marks: dict[str, str],
    resize: Iterable[str] = (),
    fixed_sizes: Mapping[str, str] | None = None,
) -> CloudPlan:
    """`marks` are the settings of servers that an earlier run has finished; `resize` names servers that may be, and
    `fixed_sizes` has what to say of providers that cannot.
    """
    found = list(found)
    plan = CloudPlan(project)
    consent = set(resize)
    for number, server in enumerate(wanted):
        where = f"servers.{number}.name"
        own = [each for each in found if server.tag in each.tags]
        if len(own) > 1:
            which = ", ".join(f"{each.provider} {each.id}" for each in own)
            plan.problems.append(Problem(file, where, f"{len(own)} servers with the tag {server.tag} ({which})", "one"))
        elif own:
            _existing(plan, file, server, own[0], marks, consent, (fixed_sizes or {}).get(server.provider, ""))
        else:
            strangers = [each for each in found if (each.provider, each.name) == (server.provider, server.name)]
            if strangers:
                plan.problems.append(_taken(file, where, server, strangers[0]))
            else:
                plan.create.append(server)
    names = {server.name for server in wanted}
    tags = {server.tag for server in wanted}
    plan.orphans = [each for each in of_project(found, project) if not tags & set(each.tags)]
    plan.problems += [
        Problem(file, "-e resize", name, "a server of the inventory that exists: " + ", ".join(sorted(plan.found)))
        for name in sorted(consent - names)
    ]
    return plan


def _existing(
    plan: CloudPlan,
    file: str,
    wanted: WantedServer,
    found: FoundServer,
    marks: dict[str, str],
    consent: set[str],
    fixed_size: str,
) -> None:
    plan.found[wanted.name] = found
    differences = [
        Difference(key, there, here)
        for key, there, here in (
            ("provider", found.provider, wanted.provider),
            ("region", found.region, wanted.region),
            ("image", found.image, wanted.image),
            ("size", found.size, wanted.size),
        )
        # An image that was withdrawn is not listed by its name any more.
        if there and there != here
    ]
    if differences:
        plan.differences[wanted.name] = differences
    refused = differences
    expected = "what is there (provision makes no server anew: destroy it first, if that is what you want)"
    if [each.key for each in differences] == ["size"]:
        expected = fixed_size or f"what is there, or -e resize={wanted.name}: it restarts"
        if wanted.name in consent and not fixed_size:
            plan.resize[wanted.name] = wanted.size
            refused = []
    if refused:
        text = "; ".join(f"{each.key} {each.there} there, {each.wanted} in the inventory" for each in refused)
        plan.problems.append(Problem(file, f"server {wanted.name}", text, expected))
    if marks.get(wanted.name) != settings_mark(wanted):
        plan.finish.append(wanted)
    elif found.state == STOPPED and wanted.name not in plan.resize:
        plan.start.append(wanted.name)


def _taken(file: str, where: str, wanted: WantedServer, stranger: FoundServer) -> Problem:
    found = f"{wanted.name}, which {stranger.provider} has already ({stranger.id}, not of {wanted.project})"
    return Problem(file, where, found, f"another name; or give that server the tag {wanted.tag}, if it is yours")


def catalogue_problems(
    file: str, servers: list[WantedServer], plan: CloudPlan, catalogues: dict[str, Catalogue]
) -> list[Problem]:
    """What a provider does not sell, with the nearest that it does; asked before anything is ordered."""
    problems = []
    orders = {server.name for server in plan.create}
    for number, server in enumerate(servers):
        catalogue = catalogues.get(server.provider)
        if catalogue is None:
            continue
        if server.name in orders:
            problems += _unsold(file, number, server, catalogue)
        elif server.name in plan.resize and server.size not in catalogue.sizes:
            place = f"servers.{number}.size"
            problems.append(_unknown(file, place, server.size, set(catalogue.sizes), server.provider))
        regions = catalogue.sizes[server.size].regions if server.size in catalogue.sizes else None
        sells = regions is None or server.region not in catalogue.regions or server.region in regions
        if not sells and (server.name in orders or server.name in plan.resize):
            near = ", ".join(sorted(regions or ())) or "nowhere at the moment"
            found = f"{server.size}, sold out or never sold in {server.region}"
            expected = f"another size, or a region that has it ({near})"
            problems.append(Problem(file, f"servers.{number}.size", found, expected))
    return problems


def _unsold(file: str, number: int, server: WantedServer, catalogue: Catalogue) -> list[Problem]:
    problems = [
        _unknown(file, f"servers.{number}.{key}", value, known, server.provider)
        for key, value, known in (
            ("region", server.region, catalogue.regions),
            ("size", server.size, set(catalogue.sizes)),
            ("image", server.image, catalogue.images),
        )
        if value not in known
    ]
    expected = "one with cloud-init and metadata: a server is given its host key by them"
    for key, value in (("region", server.region), ("image", server.image)):
        if value in catalogue.without_user_data:
            problems.append(Problem(file, f"servers.{number}.{key}", f"{value}, which has none", expected))
    return problems


def _unknown(file: str, where: str, value: str, known: set[str], provider: str) -> Problem:
    near = get_close_matches(value, sorted(known), n=3, cutoff=0.4) or sorted(known)[:5]
    return Problem(file, where, f"{value}, which {provider} does not have", "for instance " + ", ".join(near))
