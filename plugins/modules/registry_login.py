#!/usr/bin/python
# Copyright: Slipway contributors
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
"""Log in to a container registry, once."""

from __future__ import annotations

DOCUMENTATION = r"""
module: registry_login
short_description: Log in to a container registry
version_added: 0.1.0
description:
  - Compares the stored credentials first, and calls C(docker login --password-stdin) only when they differ.
  - The client's configuration, where Docker keeps the credentials, is left readable by its owner alone.
  - A login that the registry refuses stores nothing.
options:
  server:
    description: Host of the registry, with its port where it has one; empty or C(docker.io) is Docker Hub.
    type: str
    default: ""
  username:
    description: Name of the account.
    type: str
    required: true
  password:
    description: Password or access token of the account.
    type: str
    required: true
requirements:
  - docker's command line client on the host
attributes:
  check_mode:
    support: full
    description: Compares the stored credentials; does not ask the registry.
  diff_mode:
    support: none
    description: Credentials are never shown.
author:
  - Slipway maintainers (@slipway-deploy)
"""

EXAMPLES = r"""
- name: Log in to the registry
  slipway.vps.registry_login:
    server: registry.example.com
    username: deploy
    password: "{{ vault_registry_password }}"
  no_log: true
"""

RETURN = r""" # """

from pathlib import Path

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.slipway.vps.plugins.module_utils.problem import OperationError
from ansible_collections.slipway.vps.plugins.module_utils.registry import (
    Login,
    configuration_path,
    is_logged_in,
    log_in,
)


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            "server": {"type": "str", "default": ""},
            "username": {"type": "str", "required": True},
            "password": {"type": "str", "required": True, "no_log": True},
        },
        supports_check_mode=True,
    )
    login = Login(**module.params)
    path = configuration_path(Path.home())
    if is_logged_in(login, path):
        module.exit_json(changed=False)
    if module.check_mode:
        module.exit_json(changed=True)
    docker = module.get_bin_path("docker")
    if docker is None:
        module.fail_json(msg="docker is not installed, so there is no logging in to a registry")
    try:
        log_in(login, path, docker)
    except OperationError as error:
        module.fail_json(msg=error.message)
    module.exit_json(changed=True)


if __name__ == "__main__":
    main()
