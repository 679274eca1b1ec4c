"""Application files for the tests of the model: a small one, and one with everything."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

from ansible_collections.slipway.vps.plugins.module_utils.application import Application, build_application
from ansible_collections.slipway.vps.plugins.module_utils.validation import application_problems

SMALL: dict[str, Any] = {
    "image": "registry.example.com/acme/notes",
    "domains": ["notes.example.com"],
    "port": 8000,
    "processes": {"web": {}},
}

WHOLE: dict[str, Any] = {
    "image": "registry.example.com:5000/acme/shop",
    "build": {"context": "../../shop"},
    "domains": ["shop.example.com", "www.shop.example.com"],
    "port": 5000,
    "health": "/health",
    "health_timeout": "90s",
    "drain_timeout": "1m",
    "environment": {"DEBUG": False, "RATE": 1.5, "PRICE": "5$", "REDIS_URL": "redis://redis-server:6379/0"},
    "secrets": {
        "SECRET_KEY": "a$b",
        "DATABASE_URL": "mysql+pymysql://shop:p%40ss@dbserver/shop?charset=utf8mb4",
    },
    "migrate": {"command": ["flask", "db", "upgrade"], "timeout": "5m"},
    "processes": {
        "web": {"deploy": {"replicas": 2}, "volumes": ["uploads:/srv/uploads", "./local:/srv/local"]},
        "worker": {"entrypoint": ["rq"], "command": ["worker", "jobs"], "stop_grace_period": "10m"},
    },
    "services": {
        "dbserver": {"preset": "mariadb"},
        "redis-server": {"preset": "redis"},
        "elasticsearch": {"preset": "elasticsearch"},
        "cache": {"image": "memcached:1", "expose": ["11211"]},
    },
    "hooks": {"before_release": {"container": ["./check.sh"]}, "after_release": {"command": ["notify"]}},
}


def changed(base: dict[str, Any], **changes: Any) -> dict[str, Any]:
    """A copy of `base` with keys replaced, and without those that are given as None."""
    data = deepcopy(base) | changes
    return {key: value for key, value in data.items() if value is not None}


def application(data: dict[str, Any] | None = None, name: str = "shop") -> Application:
    """The Application of a valid file; fails the test when it is none."""
    data = WHOLE if data is None else data
    assert [str(problem) for problem in application_problems(f"apps/{name}.yml", name, data)] == []
    return build_application(name, data)
