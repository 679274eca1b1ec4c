"""Data services that need one line in the inventory: MySQL, MariaDB, PostgreSQL, Redis, Elasticsearch.

Each preset follows the contract of its official image, whose page on Docker Hub names the variables, the health check
and the data folder.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from .container_defaults import container_defaults, merge

# The official images of databases start as root, hand the data folder to their own user and become that one.
BECOME_ANOTHER = ["CHOWN", "DAC_OVERRIDE", "SETGID", "SETUID"]


@dataclass(frozen=True)
class Preset:
    """One container or more.

    `secrets` maps file names to values, `generated` names files that the host fills at random once.
    """

    containers: dict[str, dict[str, Any]]
    port: int
    secrets: dict[str, str] = field(default_factory=dict)
    generated: tuple[str, ...] = ()


def _container(image: str, volume: str, folder: str, memory: str, **more: Any) -> dict[str, Any]:
    own = {
        "image": image,
        "volumes": [f"{volume}:{folder}"],
        "deploy": {"resources": {"limits": {"memory": memory}}},
        **more,
    }
    return merge(container_defaults(), own)


def _health(*test: str, start_period: str = "120s") -> dict[str, Any]:
    return {
        "test": list(test),
        "interval": "10s",
        "timeout": "10s",
        "retries": 6,
        "start_period": start_period,
        "start_interval": "500ms",
    }


def _sql(service: str, settings: dict[str, Any], brand: str, image: str, health: dict[str, Any]) -> Preset:
    password, root = f"{service}-password", f"{service}-root-password"
    return Preset(
        containers={
            service: _container(
                image,
                "data",
                "/var/lib/mysql",
                "768m",
                command=["--character-set-server=utf8mb4", "--collation-server=utf8mb4_unicode_ci"],
                environment={
                    f"{brand}_DATABASE": settings["database"],
                    f"{brand}_USER": settings["user"],
                    f"{brand}_PASSWORD_FILE": f"/run/secrets/{password}",
                    f"{brand}_ROOT_PASSWORD_FILE": f"/run/secrets/{root}",
                },
                healthcheck=health,
                secrets=[password, root],
                cap_add=BECOME_ANOTHER,
                read_only=True,
                tmpfs=["/run/mysqld", "/tmp"],
                stop_grace_period="60s",
            )
        },
        port=3306,
        secrets={password: settings["password"]},
        generated=(root,),
    )


def mariadb(service: str, settings: dict[str, Any]) -> Preset:
    """MariaDB; its official image brings healthcheck.sh."""
    return _sql(
        service,
        settings,
        "MARIADB",
        "mariadb:11.8",
        _health("CMD", "healthcheck.sh", "--connect", "--innodb_initialized"),
    )


def mysql(service: str, settings: dict[str, Any]) -> Preset:
    """MySQL.

    The password reaches the health check by the environment, since argv can be read by every user of the host.
    """
    check = (
        f'MYSQL_PWD="$(cat /run/secrets/{service}-password)" mysqladmin ping --silent --host=127.0.0.1'
        ' --user="$MYSQL_USER"'
    )
    return _sql(service, settings, "MYSQL", "mysql:8.4", _health("CMD-SHELL", check))


def postgres(service: str, settings: dict[str, Any]) -> Preset:
    """PostgreSQL. While its entrypoint initialises it listens on the socket only, hence the check over TCP."""
    password = f"{service}-password"
    return Preset(
        containers={
            service: _container(
                "postgres:17",
                "data",
                "/var/lib/postgresql/data",
                "768m",
                environment={
                    "POSTGRES_DB": settings["database"],
                    "POSTGRES_USER": settings["user"],
                    "POSTGRES_PASSWORD_FILE": f"/run/secrets/{password}",
                },
                healthcheck=_health(
                    "CMD-SHELL",
                    'pg_isready --quiet --host=127.0.0.1 --username="$POSTGRES_USER" --dbname="$POSTGRES_DB"',
                ),
                secrets=[password],
                # Its entrypoint sets the modes of folders that are postgres's.
                cap_add=[*BECOME_ANOTHER, "FOWNER"],
                read_only=True,
                tmpfs=["/run/postgresql", "/tmp"],
                shm_size="128m",
                stop_grace_period="60s",
            )
        },
        port=5432,
        secrets={password: settings["password"]},
    )


def redis(service: str, settings: dict[str, Any]) -> Preset:
    """Redis with its append-only file on: jobs outlive a crash.

    With a password, the configuration goes in by standard input.
    """
    password = settings.get("password") or ""
    file = f"{service}-password"
    command: list[str] = ["redis-server", "--appendonly", "yes"]
    check = '[ "$(redis-cli ping)" = PONG ]'
    if password:
        # In redis.conf a value with a space, a quote or a # is quoted, a quote and a backslash in it escaped.
        quoted = f"sed 's/[\"\\\\]/\\\\&/g' /run/secrets/{file}"
        config = f'echo appendonly yes; printf \'requirepass "%s"\\n\' "$({quoted})"'
        command = ["sh", "-c", f"{{ {config}; }} | exec redis-server -"]
        check = f'[ "$(REDISCLI_AUTH="$(cat /run/secrets/{file})" redis-cli ping)" = PONG ]'
    definition = _container(
        "redis:8",
        "data",
        "/data",
        "256m",
        command=command,
        healthcheck=_health("CMD-SHELL", check, start_period="60s"),
        cap_add=BECOME_ANOTHER,
        read_only=True,
        tmpfs=["/tmp"],
        stop_grace_period="30s",
    )
    if password:
        definition["secrets"] = [file]
    return Preset(containers={service: definition}, port=6379, secrets={file: password} if password else {})


def elasticsearch(service: str, settings: dict[str, Any]) -> Preset:
    """Elasticsearch: one node for a small server; with `nodes: 2` (or more), nodes that form one cluster.

    Its root is not read-only: the official image writes its keystore beside its settings at the first start
    (https://github.com/elastic/elasticsearch/issues/119341).
    """
    count = int(settings.get("nodes") or 1)
    names = [service if number == 1 else f"{service}-{number}" for number in range(1, count + 1)]
    request = "GET /_cluster/health?wait_for_status=yellow&timeout=5s HTTP/1.0\\r\\n\\r\\n"
    check = f"exec 3<>/dev/tcp/127.0.0.1/9200 && printf '{request}' >&3 && grep -q '\"timed_out\":false' <&3"
    containers = {}
    for name in names:
        cluster = (
            {"discovery.type": "single-node"}
            if count == 1
            else {
                "discovery.seed_hosts": ",".join(n for n in names if n != name),
                "cluster.initial_master_nodes": ",".join(names),
            }
        )
        containers[name] = _container(
            "elasticsearch:8.11.4",
            "data" if name == service else f"data-{name.rsplit('-', 1)[1]}",
            "/usr/share/elasticsearch/data",
            "1g",
            environment={
                "node.name": name,
                "cluster.name": service,
                "xpack.security.enabled": "false",
                "ES_JAVA_OPTS": "-Xms256m -Xmx256m",
                **cluster,
            },
            healthcheck=_health("CMD", "bash", "-c", check, start_period="180s"),
            stop_grace_period="60s",
        )
        if name != service:
            containers[name]["networks"] = {"default": {"aliases": [service]}}
    return Preset(containers=containers, port=9200)


PRESETS: dict[str, Callable[[str, dict[str, Any]], Preset]] = {
    "elasticsearch": elasticsearch,
    "mariadb": mariadb,
    "mysql": mysql,
    "postgres": postgres,
    "redis": redis,
}
NEEDS_CREDENTIALS = ("mariadb", "mysql", "postgres")
