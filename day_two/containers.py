"""The containers of an application on a server, and which of them a command is about."""

from __future__ import annotations

import shlex
from dataclasses import dataclass

from day_two.problem import DayTwoError
from day_two.server_shell import ServerShell

STATE = "/var/lib/slipway"
PROXY = "proxy"
_FIELDS = (
    ".ID",
    ".Names",
    ".State",
    ".Status",
    '.Label "slipway.release"',
    '.Label "slipway.process"',
    '.Label "com.docker.compose.service"',
    '.Label "com.docker.compose.container-number"',
    ".Image",
)


@dataclass(frozen=True)
class Container:
    """`kind` is process, service, migrate or proxy; `release` 0 where there is none; `live`: it serves now."""

    id: str
    name: str
    state: str
    status: str
    release: int
    kind: str
    process: str
    number: int
    image: str
    live: bool

    @property
    def running(self) -> bool:
        return self.state == "running"

    @property
    def label(self) -> str:
        return f"{self.process}-{self.number}" if self.kind == "process" else self.process


def list_containers(shell: ServerShell, application: str) -> list[Container]:
    """All containers of an application and the proxy's, running or not."""
    template = "\t".join(f"{{{{{field}}}}}" for field in _FIELDS)
    folder = f"{STATE}/{shlex.quote(application)}"
    ps = f"docker ps --all --no-trunc --format {shlex.quote(template)}"
    output = shell.run(
        f"readlink {folder}/live || echo none; {ps} --filter label=slipway.app={shlex.quote(application)} && {ps}"
        " --filter name=^/slipway-proxy$"
    )
    first, *lines = output.splitlines()
    live = first.rpartition("/")[2]
    return sorted(
        (_container(line, live) for line in lines if line),
        key=lambda each: (not each.live, -each.release, each.kind, each.label),
    )


def _container(line: str, live: str) -> Container:
    identifier, name, state, status, release, process, service, number, image = line.split("\t")
    kind = (
        PROXY if name == "slipway-proxy" else "migrate" if process == "migrate" else "process" if process else "service"
    )
    return Container(
        id=identifier[:12],
        name=name,
        state=state,
        status=status,
        release=int(release or 0),
        kind=kind,
        process=process or (PROXY if kind == PROXY else service),
        number=int(number or 1),
        image=image,
        live=kind in (PROXY, "service") or (release == live and kind == "process"),
    )


def chosen(found: list[Container], process: str, default_kinds: tuple[str, ...] = ("process",)) -> list[Container]:
    """The live containers that `process` names (a process, a service, `proxy`, or one container such as web-2); ''
    means all processes.
    """
    live = [container for container in found if container.live]
    if not process:
        return [container for container in live if container.kind in default_kinds]
    return [container for container in live if process in (container.process, container.label, container.name)]


def nothing_found(hosts: str, application: str, process: str, found: list[Container]) -> DayTwoError:
    """The error for a choice that meets no container."""
    names = sorted({container.process for container in found if container.live})
    if not found:
        return DayTwoError(f"{hosts}: {application} has no container there: playbooks/deploy.yml deploys it")
    what = f"no live container of {process}" if process else "no live process"
    return DayTwoError(f"{hosts}: {application} has {what}; it has: {', '.join(names) or 'none'}")


def check_lock(shell: ServerShell, application: str) -> None:
    """Raises DayTwoError while a deploy holds the application's lock: it would start or stop the same containers."""
    script = (
        f"f={STATE}/{shlex.quote(application)}/lock; [ -f $f ] || exit 0; "
        'sed -n \'s/^ *"\\(owner\\|purpose\\|expires\\)": "\\(.*\\)",*$/\\1=\\2/p; '
        's/^ *"expires_at": \\([0-9]*\\).*/expires_at=\\1/p\' $f; date +now=%s'
    )
    facts = dict(line.partition("=")[::2] for line in shell.run(script).splitlines())
    if facts and int(facts.get("expires_at") or 0) > int(facts["now"]):
        who = f"{facts.get('owner')} ({facts.get('purpose')}) holds the lock until {facts.get('expires')}"
        raise DayTwoError(
            f"{shell.name}: {who}: wait for it, or remove a lock that nobody holds with playbooks/unlock.yml"
        )
