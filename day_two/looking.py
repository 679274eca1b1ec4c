"""Commands that look and change nothing: ps, images, logs, top, df, env."""

from __future__ import annotations

import json
import shlex
import time

from day_two.containers import STATE, Container, chosen, list_containers, nothing_found
from day_two.inventory import Server
from day_two.output import show_size, table, write
from day_two.problem import DayTwoError
from day_two.server_shell import ServerShell, on_all


def host_names(servers: list[Server]) -> str:
    return ", ".join(server.name for server in servers)


def ps(servers: list[Server], application: str, everything: bool) -> None:
    rows = []
    for name, found in on_all(servers, lambda shell: list_containers(shell, application)):
        for container in found:
            if container.live or everything or (container.running and container.kind != "migrate"):
                release = f"{container.release}{' (live)' if container.live else ''}" if container.release else ""
                host = name if len(servers) > 1 else ""
                rows.append(
                    (host, container.label, release, container.status, container.name, _short_image(container.image))
                )
    if not rows:
        raise DayTwoError(
            f"{host_names(servers)}: {application} has no container there: playbooks/deploy.yml deploys it"
        )
    table(("HOST", "PROCESS", "RELEASE", "STATUS", "CONTAINER", "IMAGE"), rows)


def _short_image(image: str) -> str:
    name, _, digest = image.partition("@sha256:")
    return f"{name}@{digest[:12]}" if digest else name


def images(servers: list[Server], application: str) -> None:
    folder = f"{STATE}/{shlex.quote(application)}"
    script = (
        f"readlink {folder}/live || echo none; for f in {folder}/releases/*/release.json; do "
        '[ -f "$f" ] && { tr -d "\\n" <"$f"; echo; }; done; '
        "echo; docker images --digests --no-trunc --format '{{.Repository}}@{{.Digest}}\t{{.Size}}'"
    )
    rows = []
    for name, output in on_all(servers, lambda shell: shell.run(script)):
        head, _, tail = output.partition("\n\n")
        first, *records = head.splitlines()
        sizes = dict(line.split("\t") for line in tail.splitlines() if "\t" in line)
        live = first.rpartition("/")[2]
        for record in sorted(map(json.loads, records), key=lambda each: -each["number"]):
            number = f"{record['number']}{' (live)' if str(record['number']) == live else ''}"
            size = sizes.get(record.get("image", ""), "not on the host")
            digest = str(record.get("digest", "")).removeprefix("sha256:")[:12]
            host = name if len(servers) > 1 else ""
            commit = str(record.get("commit", ""))[:10]
            rows.append(
                (
                    host,
                    number,
                    record.get("tag", ""),
                    digest,
                    commit,
                    size,
                    record.get("created", ""),
                    record.get("by", ""),
                )
            )
    if not rows:
        raise DayTwoError(f"{host_names(servers)}: {application} has no release there: playbooks/deploy.yml makes one")
    table(("HOST", "RELEASE", "TAG", "DIGEST", "COMMIT", "SIZE", "MADE", "BY"), rows)


def logs(servers: list[Server], application: str, process: str, follow: bool, number: int) -> None:
    """Prints the last `number` lines of each container; with `follow` goes on, also over a release."""
    if number < 0:
        raise DayTwoError(f"-n {number}: expected a number of lines, 0 or more")

    def work(shell: ServerShell) -> int:
        prefix = f"{shell.name} " if len(servers) > 1 else ""
        lines, count = number, 0
        while True:
            found = list_containers(shell, application)
            wanted = chosen(found, process)
            count = max(count, len(wanted))
            if wanted:
                shell.stream(_logs_script(wanted, prefix, follow, lines), write)
            elif not count and not follow:
                return 0
            if not follow:
                return count
            # Every container that was followed has ended: a release has replaced them, or they were stopped.
            lines = 0
            time.sleep(1)

    counts = on_all(servers, work)
    if not any(count for _name, count in counts):
        found = [
            container
            for _name, each in on_all(servers, lambda shell: list_containers(shell, application))
            for container in each
        ]
        raise nothing_found(host_names(servers), application, process, found)


def _logs_script(wanted: list[Container], prefix: str, follow: bool, lines: int) -> str:
    """`docker logs` of all at once, each line with its container in front; ends when this side closes its input."""
    width = max(len(container.label) for container in wanted)
    parts = []
    for container in wanted:
        front = f"{prefix}{container.label.ljust(width)} | " if len(wanted) > 1 or prefix else ""
        mark = f" | sed -u {shlex.quote('s/^/' + front + '/')}" if front else ""
        parts.append(f"docker logs{' --follow' if follow else ''} --tail {lines} {container.id} 2>&1{mark}")
    if not follow:
        return "; ".join(parts)
    started = " ".join(f'{{ {part}; }} & pids="$pids $!";' for part in parts)
    return (
        f"exec 3<&0; (cat <&3; kill -s TERM 0) >/dev/null 2>&1 & watcher=$!; pids=; {started} wait $pids; kill $watcher"
    )


def top(servers: list[Server], application: str) -> None:
    def work(shell: ServerShell) -> list[tuple[str, ...]]:
        wanted = [container for container in list_containers(shell, application) if container.running]
        if not wanted:
            return []
        fields = "{{.ID}}\t{{.CPUPerc}}\t{{.MemUsage}}\t{{.MemPerc}}\t{{.NetIO}}\t{{.BlockIO}}\t{{.PIDs}}"
        ids = " ".join(container.id for container in wanted)
        output = shell.run(f"docker stats --no-stream --format {shlex.quote(fields)} {ids}")
        figures = {line.split("\t")[0]: line.split("\t")[1:] for line in output.splitlines()}
        host = shell.name if len(servers) > 1 else ""
        return [(host, container.label, *figures.get(container.id, [""] * 6)) for container in wanted]

    rows = [row for _name, found in on_all(servers, work) for row in found]
    if not rows:
        raise DayTwoError(f"{host_names(servers)}: nothing of {application} runs there")
    table(("HOST", "PROCESS", "CPU", "MEMORY", "MEMORY %", "NETWORK IN / OUT", "DISK IN / OUT", "TASKS"), rows)


def df(servers: list[Server], application: str) -> None:
    script = (
        "df --output=size,used,avail,pcent -B1 $(docker info --format '{{.DockerRootDir}}') | tail -n 1; "
        "docker system df --format '{{.Type}}\t{{.TotalCount}}\t{{.Size}}\t{{.Reclaimable}}'; echo; "
        f"docker system df -v --format '{{{{json .Volumes}}}}'; echo; du -sb {STATE} | cut -f1"
    )
    disks, kinds, volumes = [], [], []
    for name, output in on_all(servers, lambda shell: shell.run(script)):
        host = name if len(servers) > 1 else ""
        head, _, tail = output.partition("\n\n")
        first, *lines = head.splitlines()
        size, used, free, percent = first.split()
        disks.append((host, _size(size), _size(used), _size(free), percent))
        kinds += [(host, *line.split("\t")) for line in lines]
        text, records = [line for line in tail.splitlines() if line]
        kinds.append((host, "Slipway's records", "", _size(records), ""))
        volumes += [
            (host, each["Name"], each["Size"])
            for each in json.loads(text)
            if each["Name"].startswith((f"{application}-", "slipway-"))
        ]
    table(("HOST", "DISK", "USED", "FREE", "USED %"), disks)
    write("")
    table(("HOST", "WHAT", "COUNT", "SIZE", "CAN BE FREED"), kinds)
    if volumes:
        write("")
        table(("HOST", "VOLUME", "SIZE"), volumes)


def _size(count: str) -> str:
    return show_size(float(count))


def environment(servers: list[Server], application: str, process: str) -> None:
    """Names of settings and secrets; the values stay on the server."""
    template = (
        '{{range .Config.Env}}setting\t{{index (split . "=") 0}}{{println}}{{end}}'
        "{{range .Mounts}}mount\t{{.Destination}}{{println}}{{end}}"
    )
    seen: dict[tuple[str, str], set[str]] = {}

    def work(shell: ServerShell) -> list[tuple[Container, str]]:
        wanted = {
            container.process: container
            for container in chosen(list_containers(shell, application), process, ("process", "service"))
        }
        return [
            (each, shell.run(f"docker inspect --format {shlex.quote(template)} {each.id}")) for each in wanted.values()
        ]

    for _name, found in on_all(servers, work):
        for container, output in found:
            for line in output.splitlines():
                kind, _, name = line.partition("\t")
                if kind == "setting":
                    seen.setdefault((container.process, name), set()).add("setting")
                elif name.startswith("/run/secrets/"):
                    seen.setdefault((container.process, name.removeprefix("/run/secrets/")), set()).add("secret")
    if not seen:
        raise DayTwoError(
            f"{host_names(servers)}: {application} has no live container{f' of {process}' if process else ''} there"
        )
    table(
        ("PROCESS", "NAME", "KIND"),
        [(process, name, ", ".join(sorted(kinds))) for (process, name), kinds in sorted(seen.items())],
    )
