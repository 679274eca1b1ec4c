#!/usr/bin/python
# Copyright: Slipway contributors
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
"""Proof that a host's Docker pulls an image and runs it."""

from __future__ import annotations

DOCUMENTATION = r"""
module: docker_proof
short_description: Prove that Docker runs a container
version_added: 0.1.0
description:
  - Asks the daemon for its version, pulls a small image, runs it without a network, and removes it again unless it was
    there before.
options:
  image:
    description: Image to run; it has to end by itself with code 0. Empty means that the daemon's version is enough.
    type: str
    default: hello-world:latest
requirements:
  - docker on the host
attributes:
  check_mode:
    support: full
    description: Does nothing.
  diff_mode:
    support: none
    description: Leaves nothing changed.
author:
  - Slipway maintainers (@slipway-deploy)
"""

EXAMPLES = r"""
- name: Prove that Docker runs a container
  slipway.vps.docker_proof:
"""

RETURN = r"""
version:
  description: Version of the daemon.
  returned: success, except in check mode
  type: str
log:
  description: Last lines of the command that failed.
  returned: failure
  type: str
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.slipway.vps.plugins.module_utils import docker_engine as engine
from ansible_collections.slipway.vps.plugins.module_utils.problem import OperationError


def prove(image: str) -> str:
    """Runs the image and returns the daemon's version. Raises OperationError."""
    version = engine.docker("version", "--format", "{{.Server.Version}}").stdout.strip()
    if image:
        was_there = engine.image_config(image) is not None
        if not was_there:
            # On its own, because `docker run` ends what it says of a failed pull with advice on its options.
            engine.docker("pull", "--quiet", image)
        engine.docker("run", "--rm", "--network=none", image)
        if not was_there:
            engine.docker("image", "rm", image)
    return version


def main() -> None:
    module = AnsibleModule(
        argument_spec={"image": {"type": "str", "default": "hello-world:latest"}}, supports_check_mode=True
    )
    if module.check_mode:
        module.exit_json(changed=False)
    try:
        version = prove(module.params["image"])
    except OperationError as error:
        module.fail_json(msg=f"Docker is installed but does not run {module.params['image']}: {error}", log=error.log)
    module.exit_json(changed=False, version=version)


if __name__ == "__main__":
    main()
