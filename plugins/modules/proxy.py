#!/usr/bin/python
# Copyright: Slipway contributors
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
"""Caddy as a container on a server, in front of its applications."""

from __future__ import annotations

DOCUMENTATION = r"""
module: proxy
short_description: The reverse proxy of a server
version_added: 0.1.0
description:
  - Writes the proxy's Compose project and Caddyfile, each validated before it counts, brings up the container, and
    connects it to the network of every application on the host (label C(slipway.app)).
  - Says who holds a port that the proxy needs, before the proxy is started.
  - A changed Compose project replaces the container. A changed Caddyfile does not, M(slipway.vps.proxy_reload) loads
    it.
options:
  compose:
    description: Text of compose.yaml.
    type: str
    required: true
  caddyfile:
    description: Text of the Caddyfile.
    type: str
    required: true
  http_port:
    description: Port of the host for HTTP.
    type: int
    default: 80
  https_port:
    description: Port of the host for HTTPS, TCP and UDP.
    type: int
    default: 443
extends_documentation_fragment: [slipway.vps.proxy_host]
requirements:
  - docker with its compose plugin on the host
attributes:
  check_mode:
    support: full
    description: Compares the files and the container; does not validate.
  diff_mode:
    support: full
    description: Shows how the two files change.
author:
  - Slipway maintainers (@slipway-deploy)
"""

EXAMPLES = r"""
- name: Bring up the proxy
  slipway.vps.proxy:
    folder: /var/lib/slipway/proxy
    image: caddy:2.11
    compose: "{{ lookup('ansible.builtin.template', 'compose.yaml.j2') }}"
    caddyfile: "{{ lookup('ansible.builtin.template', 'Caddyfile.j2') }}"
  notify: Reload the proxy
"""

RETURN = r"""
actions:
  description: What was done, in words.
  returned: success
  type: list
  elements: str
log:
  description: Last lines of the command or the container that failed.
  returned: failure
  type: str
"""

import tempfile
from pathlib import Path
from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.slipway.vps.plugins.module_utils import docker_engine as engine
from ansible_collections.slipway.vps.plugins.module_utils.files import write_atomically
from ansible_collections.slipway.vps.plugins.module_utils.problem import OperationError
from ansible_collections.slipway.vps.plugins.module_utils.proxy_host import (
    FILES_PARAMETER,
    Port,
    ProxyHost,
    proxy_files,
)


def read(path: Path) -> str:
    return path.read_text(encoding="utf-8") if path.is_file() else ""


def validate_compose(text: str) -> None:
    """Lets Compose check the project before its file is replaced. Raises OperationError."""
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "compose.yaml").write_text(text, encoding="utf-8")
        engine.compose(Path(folder), "config", "--quiet")


def converge(proxy: ProxyHost, parameters: dict[str, Any], wanted: dict[Path, str]) -> list[str]:
    """Writes what differs and brings the proxy up; returns what was done. Raises OperationError."""
    proxy.make_folders()
    done = [file.write(proxy.folder) for file in proxy.missing_files(proxy_files(parameters["files"]))]
    done += proxy.write_default_name()
    for path, text in wanted.items():
        if read(path) == text:
            continue
        if path == proxy.caddyfile:
            proxy.validate(path.name, text, parameters["image"])
        else:
            validate_compose(text)
        write_atomically(path, text, 0o644)
        done.append(f"wrote {path}")
    http, https = parameters["http_port"], parameters["https_port"]
    done += proxy.converge([Port(http, "tcp"), Port(https, "tcp"), Port(https, "udp")])
    if not proxy.is_loaded and not done:
        done.append("configuration not loaded yet")
    return done


def preview(proxy: ProxyHost, parameters: dict[str, Any], wanted: dict[Path, str]) -> list[str]:
    """What a run would do, as far as it can be told without doing it."""
    missing = proxy.missing_files(proxy_files(parameters["files"]))
    differing = [f"would write {proxy.folder / file.path}" for file in missing]
    differing += [f"would write {path}" for path, text in wanted.items() if read(path) != text]
    if not differing and proxy.needs(proxy.inspect()):
        differing.append("would start the proxy")
    return differing


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            "folder": {"type": "path", "required": True},
            "image": {"type": "str", "required": True},
            "compose": {"type": "str", "required": True},
            "caddyfile": {"type": "str", "required": True},
            "files": FILES_PARAMETER,
            "http_port": {"type": "int", "default": 80},
            "https_port": {"type": "int", "default": 443},
        },
        supports_check_mode=True,
    )
    proxy = ProxyHost(Path(module.params["folder"]))
    texts = {proxy.folder / "compose.yaml": module.params["compose"], proxy.caddyfile: module.params["caddyfile"]}
    wanted = {path: text.rstrip("\n") + "\n" for path, text in texts.items()}
    difference = [
        {"before": read(path), "after": text, "before_header": str(path), "after_header": str(path)}
        for path, text in wanted.items()
    ]
    try:
        done = preview(proxy, module.params, wanted) if module.check_mode else converge(proxy, module.params, wanted)
    except OperationError as error:
        module.fail_json(msg=error.message, log=error.log)
    module.exit_json(changed=bool(done), actions=done, diff=difference)


if __name__ == "__main__":
    main()
