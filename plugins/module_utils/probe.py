"""One look at a host: a POSIX shell script that works on a server without Python, and the reader of what it prints.

The script prints one fact a line, its fields separated by tabs. It changes nothing.
"""

from __future__ import annotations

import json
import shlex
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from .files import check_format
from .image_digest import first_digest
from .vitals import BASICS, DOMAINS, PORTS, Vitals, asked_name, shell_words

_SCRIPT = r"""
export LC_ALL=C
t=$(printf '\t')
root=/var/lib/slipway
say() { printf '%s\t%s\n' "$1" "$2"; }
flat() { [ -f "$2" ] && { printf '%s\t' "$1"; tr -d '\n' <"$2"; echo; }; }
say probe 1
( . /etc/os-release; printf 'system\t%s\t%s\t%s\n' "$ID" "$VERSION_ID" "$(uname -m)" )
say user "$(id -u)"
say python "$(command -v python3)"
[ -f $root/server/stamp ] && say stamp "$(cat $root/server/stamp)" && ports=
@BASICS@
folder=$root/$app
if [ -n "$image" ] && command -v docker >/dev/null; then
    answer=$(mktemp)
    # Docker would start its own program first, only to find this one.
    buildx=/usr/libexec/docker/cli-plugins/docker-buildx
    [ -x $buildx ] || buildx="docker buildx"
    # buildx does not know the engine's certs.d; the entries of SSL_CERT_DIR are those of Go's crypto/x509.
    SSL_CERT_DIR=/etc/ssl/certs:/etc/docker/certs.d/${image%%/*} \
        $buildx imagetools inspect --format '{{.Manifest.Digest}}' "$image" >"$answer" 2>&1 &
fi
if command -v docker >/dev/null; then
    format="container$t{{.Label \"slipway.app\"}}$t{{.Names}}$t{{.State}}$t{{.Status}}"
    for label in release process service config; do format="$format$t{{.Label \"slipway.$label\"}}"; done
    # Docker's socket answers for an engine that cannot start (its volume is away), and then says no more.
    timeout $patience docker ps --all --no-trunc --filter label=slipway.app --format "$format" 2>&1 || say engine away
fi
live=$(basename "$(readlink $folder/live 2>/dev/null)" 2>/dev/null)
say live "$live"
[ -n "$live" ] && grep -qs '"step": "settle"' $folder/releases/$live/journal.jsonl && say stands yes
[ -f $root/proxy/live/$app/upstream ] && say upstream "$(cat $root/proxy/live/$app/upstream)"
[ -f $root/proxy/live/$app/maintenance ] && say maintenance on
[ -f $folder/site.stamp ] && say site "$(cat $folder/site.stamp)"
flat lock $folder/lock
for record in $folder/releases/*/release.json; do flat release "$record"; done
[ -n "$live" ] && flat rendered $folder/releases/$live/rendered.json
flat services $folder/services/compose.yaml
[ -f $folder/ledger.jsonl ] && tail -n 60 $folder/ledger.jsonl | sed "s/^/ledger$t/"
# Ends a line of the ledger that a crash cut off.
echo
for journal in $folder/releases/*/journal.jsonl; do
    release=$(basename "$(dirname "$journal")")
    [ -f "$journal" ] && printf 'journal\t%s\t%s\n' "$release" "$(tail -n 1 "$journal")"
done
new=
for domain in $domains; do
    # Caddy has got its certificate already, or tries to.
    grep -qs "\"$domain\"" $root/proxy/sites/$app.caddy || new="$new $domain"
done
domains=$new
@DOMAINS@
if [ -n "$answer" ]; then wait; printf 'digest\t'; tr '\n' ' ' <"$answer"; echo; rm -f "$answer"; fi
say end 1
"""
_SCRIPT = _SCRIPT.replace("@BASICS@", BASICS + PORTS).replace("@DOMAINS@", DOMAINS)


@dataclass(frozen=True)
class ProbedContainer:
    """A container of Slipway on the host; `status` is Docker's words, such as `Up 3 minutes (healthy)`."""

    application: str
    name: str
    state: str
    status: str
    release: int
    process: str
    service: str
    config: str

    @property
    def healthy(self) -> bool:
        return self.state == "running" and "unhealthy" not in self.status and "health: starting" not in self.status


@dataclass
class Probe:
    """What a host was found to be."""

    system: str = ""
    version: str = ""
    architecture: str = ""
    user: str = ""
    python: str = ""
    stamp: str = ""
    engine: bool = True
    containers: list[ProbedContainer] = field(default_factory=list)
    live: int = 0
    stands: bool = False
    upstream: str = ""
    maintenance: bool = False
    site: str = ""
    lock: dict[str, Any] | None = None
    releases: dict[int, dict[str, Any]] = field(default_factory=dict)
    rendered: dict[str, Any] | None = None
    services: dict[str, Any] | None = None
    ledger: list[dict[str, Any]] = field(default_factory=list)
    journal: dict[int, dict[str, Any]] = field(default_factory=dict)
    digest: str = ""
    digest_error: str = ""
    vitals: Vitals = field(default_factory=Vitals)

    def own(self, application: str) -> list[ProbedContainer]:
        return [container for container in self.containers if container.application == application]


def probe_script(application: str, image: str = "", ports: Sequence[str] = (), domains: Sequence[str] = ()) -> str:
    """The script for one application; `image` (name:tag) asks the registry for its digest as well. On a server without
    a stamp it tells who has the `ports` (80/tcp), and it resolves those `domains` that the proxy does not know yet.
    """
    given = shell_words("ports", ports) + shell_words("domains", [asked_name(domain) for domain in domains])
    return f"app={shlex.quote(application)}\nimage={shlex.quote(image)}\nanswer=\n{given}{_SCRIPT}"


def read_probe(text: str) -> Probe:
    """Reads the script's output.

    Raises FormatError for state of a newer Slipway, ValueError when the output is cut off.
    """
    probe = Probe()
    ended = False
    # Not splitlines(): it also splits at U+2028 and others, which JSON has inside texts.
    for line in text.replace("\r\n", "\n").split("\n"):
        name, _, rest = line.partition("\t")
        if name == "end":
            ended = True
        else:
            _read_line(probe, name, rest)
    if not ended:
        raise ValueError("the probe's output is cut off: " + (text.strip().splitlines() or ["nothing"])[-1][:200])
    return probe


def _read_line(probe: Probe, name: str, rest: str) -> None:
    if name == "system":
        probe.system, probe.version, probe.architecture = ([*rest.split("\t"), "", ""])[:3]
    elif name in ("user", "python", "stamp", "upstream", "site"):
        setattr(probe, name, rest)
    elif name == "engine":
        probe.engine = False
    elif name == "stands":
        probe.stands = True
    elif name == "maintenance":
        probe.maintenance = True
    elif name == "live":
        probe.live = _number(rest)
    elif name == "container":
        app, container, state, status, release, process, service, config = ([*rest.split("\t"), *[""] * 8])[:8]
        probe.containers.append(
            ProbedContainer(app, container, state, status, _number(release), process, service, config)
        )
    elif name == "lock":
        probe.lock = _json(rest, "lock")
    elif name == "release":
        record = _json(rest, "release.json")
        if record and record.get("number"):
            probe.releases[int(record["number"])] = record
    elif name == "rendered":
        probe.rendered = (_json(rest, "rendered.json") or {}).get("compose")
    elif name == "services":
        probe.services = _json(rest, "services/compose.yaml")
    elif name == "ledger":
        line = _json(rest, "ledger.jsonl")
        if line:
            probe.ledger.append(line)
    elif name == "journal":
        number, _, line = rest.partition("\t")
        record = _json(line, "journal.jsonl")
        if record and number.isdigit():
            probe.journal[int(number)] = record
    elif name == "digest":
        probe.digest = first_digest(rest)
        probe.digest_error = "" if probe.digest else rest.strip()
    else:
        probe.vitals.read_line(name, rest)


def _number(text: str) -> int:
    return int(text) if text.isdecimal() else 0


def _json(text: str, file: str) -> dict[str, Any] | None:
    """The object in a line; a line that a crash cut off is none."""
    try:
        value = json.loads(text)
    except ValueError:
        return None
    return check_format(value, Path(file)) if isinstance(value, dict) else None
