#!/usr/bin/python
# Copyright: Slipway contributors
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
"""One application's site on the proxy of a server."""

from __future__ import annotations

DOCUMENTATION = r"""
module: proxy_site
short_description: An application's site on the reverse proxy
version_added: 0.1.0
description:
  - Writes the site's file when Caddy finds the whole configuration valid with it, and connects the proxy to the
    application's network.
  - Refuses a domain that another application on the host has.
  - M(slipway.vps.proxy_reload) loads what has changed.
options:
  app:
    description: Name of the application, and of its network.
    type: str
    required: true
  domains:
    description: Host names of the site.
    type: list
    elements: str
    default: []
  port:
    description:
      - Port of the application's web process. Each release says its own when requests are switched to it; this one
        counts until the first has done so.
    type: int
    default: 0
  content:
    description:
      - Text of the site's file. Its first line names the application and its domains, in JSON after C(# slipway).
    type: str
    default: ""
  state:
    description: Whether the site is to be there.
    type: str
    choices: [present, absent]
    default: present
extends_documentation_fragment: [slipway.vps.proxy_host]
requirements:
  - docker on the host
attributes:
  check_mode:
    support: full
    description: Compares the file and the network; does not validate.
  diff_mode:
    support: full
    description: Shows how the file changes.
author:
  - Slipway maintainers (@slipway-deploy)
"""

EXAMPLES = r"""
- name: Add the site
  slipway.vps.proxy_site:
    folder: /var/lib/slipway/proxy
    image: caddy:2.11
    app: microblog
    domains: [microblog.example.com]
    port: 5000
    content: "{{ lookup('ansible.builtin.template', 'site.caddy.j2') }}"
  notify: Reload the proxy
"""

RETURN = r"""
actions:
  description: What was done, in words.
  returned: success
  type: list
  elements: str
log:
  description: Last lines of the command that failed.
  returned: failure
  type: str
"""

from pathlib import Path
from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.slipway.vps.plugins.module_utils.files import write_atomically
from ansible_collections.slipway.vps.plugins.module_utils.problem import OperationError
from ansible_collections.slipway.vps.plugins.module_utils.proxy_host import (
    FILES_PARAMETER,
    ProxyHost,
    proxy_files,
)
from ansible_collections.slipway.vps.plugins.module_utils.proxy_sites import addresses, header_of


def refuse_conflicts(proxy: ProxyHost, app: str, domains: list[str]) -> None:
    """Raises OperationError when another application has one of the domains."""
    conflicts = proxy.conflicts(app, domains)
    if conflicts:
        owned = ", ".join(f"{domain} is {owner}'s" for domain, owner in sorted(conflicts.items()))
        raise OperationError(f"domains of {app}: {owned} on this host already; expected each domain at one application")


def refuse_another_address(proxy: ProxyHost, app: str, text: str) -> None:
    """Raises OperationError when the site has an address and another application's has another one."""
    own, others = addresses(header_of(text)), proxy.other_addresses(app)
    if own and others:
        owned = ", ".join(f"{address}, which is {owner}'s on this host" for address, owner in sorted(others.items()))
        raise OperationError(
            f"domains of {app}: {', '.join(own)} beside {owned}; "
            "expected one address with a certificate on a host, as its visitors name no server (docs/tls.md)"
        )


def add(proxy: ProxyHost, parameters: dict[str, Any], path: Path, text: str) -> list[str]:
    """Writes the site and connects its network; returns what was done. Raises OperationError."""
    app = parameters["app"]
    if not proxy.has_network(app):
        raise OperationError(f"network {app} is not on this host; expected it to be made before the site")
    done = [file.write(proxy.folder) for file in proxy.missing_files(proxy_files(parameters["files"]))]
    if not path.is_file() or path.read_text(encoding="utf-8") != text:
        proxy.validate(f"sites/{path.name}", text, parameters["image"])
        live = proxy.folder / "live" / app
        live.mkdir(mode=0o755, parents=True, exist_ok=True)
        if parameters["port"] and not (live / "port").exists():
            write_atomically(live / "port", str(parameters["port"]), 0o644)
        write_atomically(path, text, 0o644)
        done.append(f"wrote {path}")
    done += proxy.write_default_name()
    if proxy.connect(app):
        done.append(f"connected to {app}")
    return done


def remove(proxy: ProxyHost, parameters: dict[str, Any], path: Path) -> list[str]:
    """Removes the site and leaves its network; returns what was done. Raises OperationError."""
    done = []
    if path.is_file():
        proxy.validate(f"sites/{path.name}", None, parameters["image"])
        path.unlink()
        done.append(f"removed {path}")
    done += proxy.write_default_name()
    if proxy.disconnect(parameters["app"]):
        done.append(f"disconnected from {parameters['app']}")
    return done


def preview(proxy: ProxyHost, app: str, before: str, text: str) -> list[str]:
    """What a run would do, as far as it can be told without doing it."""
    done = ["would change the site"] if before != text else []
    if proxy.is_connected(app) != bool(text):
        done.append("would change the networks")
    return done


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            "folder": {"type": "path", "required": True},
            "image": {"type": "str", "required": True},
            "app": {"type": "str", "required": True},
            "domains": {"type": "list", "elements": "str", "default": []},
            "port": {"type": "int", "default": 0},
            "content": {"type": "str", "default": ""},
            "files": FILES_PARAMETER,
            "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
        },
        required_if=[("state", "present", ["domains", "content"])],
        supports_check_mode=True,
    )
    parameters = module.params
    proxy = ProxyHost(Path(parameters["folder"]))
    path = proxy.sites / f"{parameters['app']}.caddy"
    present = parameters["state"] == "present"
    before = path.read_text(encoding="utf-8") if path.is_file() else ""
    text = parameters["content"].rstrip("\n") + "\n" if present else ""
    try:
        if present:
            refuse_conflicts(proxy, parameters["app"], parameters["domains"])
            refuse_another_address(proxy, parameters["app"], text)
        if module.check_mode:
            done = preview(proxy, parameters["app"], before, text)
        else:
            done = add(proxy, parameters, path, text) if present else remove(proxy, parameters, path)
            if not done and not proxy.is_loaded:
                done.append("configuration not loaded yet")
    except OperationError as error:
        module.fail_json(msg=error.message, log=error.log)
    difference = {"before": before, "after": text, "before_header": str(path), "after_header": str(path)}
    module.exit_json(changed=bool(done), actions=done, diff=difference)


if __name__ == "__main__":
    main()
