"""What a server must have before anything is done to it: POSIX shell that reads it, and the reader of what that prints.

The shell works on a server without Python, prints one fact a line with tabs between the fields, and changes nothing.
`BASICS`, `PORTS` and `DOMAINS` are part of the plan's probe; the doctor's script has all.
"""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from dataclasses import dataclass, field

# What is asked in the place of `*` of a wildcard domain.
WILDCARD_LABEL = "slipway-check"

# A file system is told by its mount point; df's -P is POSIX, -i is GNU's and busybox's.
# `patience` is for an engine that takes a question and cannot start: Docker's socket waits on, for ever.
BASICS = r"""
patience=30
say clock "$(date +%s)"
sizes() {
    df "$2" / /var /var/lib/docker 2>/dev/null | while read -r _ total _ free _ mount; do
        case $total in *[!0-9]*|'') ;; *) printf '%s\t%s\t%s\t%s\n' "$1" "$mount" "$total" "$free" ;; esac
    done
}
sizes disk -Pk
sizes inodes -Pi
"""

# Sockets that listen, from procfs (proc_pid_net(5)): state 0A is TCP_LISTEN, 07 a bound UDP socket. Who holds one can
# only root see. With Docker's userland proxy off a published port has no socket: docker knows of it.
PORTS = r"""
as_root() { if [ "$(id -u)" = 0 ]; then "$@"; else sudo -n "$@"; fi; }
holder() {
    as_root sh -c '
        for process in /proc/[0-9]*; do
            case "$(ls -l "$process/fd" 2>/dev/null)" in *"socket:[$1]"*)
                unit=$(sed -n "s|.*/\([^/]*[.]s[eo][a-z]*\)\$|\1|p" "$process/cgroup" | tail -n 1)
                printf "%s\t%s\t%s" "$(cat "$process/comm")" "${process#/proc/}" "$unit"
                exit ;;
            esac
        done' sh "$1" 2>/dev/null
}
for place in $ports; do
    port=${place%/*} protocol=${place#*/} state=0A
    [ "$protocol" = udp ] && state=07
    number=$(printf %04X "$port")
    inode=$(cat "/proc/net/$protocol" "/proc/net/${protocol}6" 2>/dev/null |
        while read -r _ local _ found _ _ _ _ _ inode _; do
            case $local/$found in *":$number/$state") echo "$inode"; break ;; esac
        done)
    container=
    command -v docker >/dev/null &&
        container=$(as_root timeout $patience \
            docker ps --filter "publish=$place" --format '{{.Names}}' 2>/dev/null | head -n 1)
    if [ -n "$container$inode" ]; then
        printf 'port\t%s\t%s\t%s\n' "$place" "$container" "$([ -n "$inode" ] && holder "${inode%% *}")"
    fi
done
"""

# Addresses that other machines may reach, Docker's bridges aside.
ADDRESSES = r"""
addresses() {
    ip -o address show scope global 2>/dev/null | while read -r _ name _ address _; do
        case $name in docker*|br-*|veth*) ;; *) echo "${address%/*}" ;; esac
    done
}
"""

# The name server's answer, without /etc/hosts; -A: addresses of a family count that this server has no route for.
DOMAINS = r"""
resolve() {
    found=$( (timeout 8 getent -A -s dns ahostsv4 "$1"; timeout 8 getent -A -s dns ahostsv6 "$1") 2>/dev/null |
        while read -r address _; do echo "$address"; done | sort -u | tr '\n' ' ')
    printf 'domain\t%s\t%s\n' "$1" "$found"
}
@ADDRESSES@
if [ -n "$domains" ]; then
    say addresses "$(addresses | tr '\n' ' ')"
    for domain in $domains; do resolve "$domain" & done
    wait
fi
"""

DOMAINS = DOMAINS.replace("@ADDRESSES@", ADDRESSES.strip())

# bash is essential on Debian and Ubuntu, and connects without any other program.
_REST = r"""
( . /etc/os-release; printf 'system\t%s\t%s\t%s\n' "$ID" "$VERSION_ID" "$(uname -m)" )
say user "$(id -un)"
if [ "$(id -u)" = 0 ]; then say root yes; else say root "$(sudo -n true 2>&1 && echo yes)"; fi
[ -d /run/systemd/system ] && say systemd yes
while read -r name value _; do
    case $name in MemTotal:|MemAvailable:|SwapTotal:) printf 'memory\t%s\t%s\n' "${name%:}" "$value" ;; esac
done </proc/meminfo
[ -e /run/reboot-required ] && say reboot "$(sort -u /run/reboot-required.pkgs 2>/dev/null | tr '\n' ' ')"
say running "$(uname -r)"
for kernel in /boot/vmlinuz-*; do [ -e "$kernel" ] && say kernel "${kernel#/boot/vmlinuz-}"; done
say unfinished "$(dpkg --audit 2>/dev/null | sed -n 's/^ \([a-z0-9][a-z0-9.+-]*\) .*/\1/p' | tr '\n' ' ')"
reach() {
    if [ -z "$(getent ahosts "$1" 2>/dev/null)" ]; then
        answer='the name has no address'
    elif answer=$(timeout "$seconds" bash -c 'exec 3<>"/dev/tcp/$1/$2"' sh "$1" "$2" 2>&1); then
        answer=
    else
        [ $? = 124 ] && answer="no answer within $seconds s"
        answer=$(printf %s "$answer" | tr '\n' ' ' | sed 's/.*: //')
    fi
    printf 'reach\t%s:%s\t%s\n' "$1" "$2" "$answer"
}
mirrors() {
    cat /etc/apt/sources.list /etc/apt/sources.list.d/* 2>/dev/null |
        sed -n 's|^\(deb \)\{0,1\}[^#]*\(https\{0,1\}\)://\([^/ ]*\).*|\2 \3|p' | sort -u
}
mirrors | {
    while read -r scheme place; do
        port=80
        [ "$scheme" = https ] && port=443
        case $place in *:*) port=${place##*:} ;; esac
        say mirror "${place%%:*}:$port"
        reach "${place%%:*}" "$port" &
    done
    wait
}
for place in $places; do reach "${place%:*}" "${place##*:}" & done
wait
"""


@dataclass(frozen=True)
class FileSystem:
    """Blocks of 1 KiB, or inodes."""

    mount: str
    total: int
    free: int


@dataclass(frozen=True)
class PortHolder:
    """Who has a port: a container of Docker's, else a program with its process number and systemd unit."""

    port: str
    container: str = ""
    program: str = ""
    process: str = ""
    unit: str = ""

    def __str__(self) -> str:
        if self.container:
            return f"the container {self.container}"
        where = ", ".join(part for part in (self.process and f"process {self.process}", self.unit) if part)
        return (self.program or "a program") + (f" ({where})" if where else "")


@dataclass
class Vitals:
    """What was read. `clock` is seconds since 1970, 0 when it was not told; memory is KiB; `domains` maps names to
    addresses, `reached` places (host:port) to '' or why they cannot be reached.
    """

    clock: int = 0
    disks: list[FileSystem] = field(default_factory=list)
    inodes: list[FileSystem] = field(default_factory=list)
    ports: list[PortHolder] = field(default_factory=list)
    addresses: list[str] = field(default_factory=list)
    domains: dict[str, list[str]] = field(default_factory=dict)
    system: tuple[str, str, str] = ("", "", "")
    user: str = ""
    root: str = ""
    systemd: bool = False
    memory: dict[str, int] = field(default_factory=dict)
    reboot: str | None = None
    running: str = ""
    kernels: list[str] = field(default_factory=list)
    unfinished: list[str] = field(default_factory=list)
    mirrors: list[str] = field(default_factory=list)
    reached: dict[str, str] = field(default_factory=dict)

    def read_line(self, name: str, rest: str) -> None:
        """Takes in one line of a script; a line that is none of these is left to others."""
        fields = [*rest.split("\t"), "", "", "", ""]
        if name == "clock" and rest.isdecimal():
            self.clock = int(rest)
        elif name in ("disk", "inodes") and fields[1].isdecimal() and fields[2].lstrip("-").isdecimal():
            found = self.disks if name == "disk" else self.inodes
            each = FileSystem(fields[0], int(fields[1]), max(int(fields[2]), 0))
            if each not in found and each.total:
                found.append(each)
        elif name == "port":
            self.ports.append(PortHolder(*fields[:5]))
        elif name == "domain":
            # getent maps IPv4 into IPv6 where a name has no AAAA record.
            self.domains[fields[0]] = [each for each in fields[1].split() if not each.startswith("::ffff:")]
        elif name == "system":
            self.system = (fields[0], fields[1], fields[2])
        elif name == "memory" and fields[1].isdecimal():
            self.memory[fields[0]] = int(fields[1])
        elif name == "reach":
            self.reached[fields[0]] = fields[1].strip()
        elif name in ("addresses", "unfinished"):
            setattr(self, name, rest.split())
        elif name in ("user", "root", "reboot", "running"):
            setattr(self, name, rest.strip())
        elif name == "systemd":
            self.systemd = True
        elif name in ("kernel", "mirror"):
            getattr(self, f"{name}s").append(rest)


def asked_name(domain: str) -> str:
    """The name that stands for a domain in a question to the name server."""
    return domain.replace("*", WILDCARD_LABEL, 1)


def shell_words(name: str, values: Sequence[str]) -> str:
    """A shell variable with values that are split at spaces again."""
    return f"{name}={shlex.quote(' '.join(values))}\n"


def doctor_script(ports: Sequence[str], domains: Sequence[str], places: Sequence[str], seconds: int) -> str:
    """The doctor's script. `ports` as 80/tcp, `places` as host:port; connections are given `seconds`."""
    head = 'export LC_ALL=C\nsay() { printf \'%s\\t%s\\n\' "$1" "$2"; }\n'
    head += shell_words("ports", ports) + shell_words("domains", [asked_name(each) for each in domains])
    head += shell_words("places", places) + f"seconds={int(seconds)}\n"
    return f"{head}{BASICS}{_REST}{PORTS}{DOMAINS}say end 1\n"


def read_vitals(text: str) -> Vitals:
    """Reads the doctor's script's output. Raises ValueError when it is cut off."""
    vitals = Vitals()
    ended = False
    for line in text.replace("\r\n", "\n").split("\n"):
        name, _, rest = line.partition("\t")
        ended = ended or name == "end"
        vitals.read_line(name, rest)
    if not ended:
        raise ValueError("what the host said is cut off: " + (text.strip().splitlines() or ["nothing"])[-1][:200])
    return vitals
