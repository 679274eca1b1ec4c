#!/usr/bin/python
# Copyright: Slipway contributors
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
"""Docker's daemon on a host, with its configuration."""

from __future__ import annotations

DOCUMENTATION = r"""
module: docker_daemon
short_description: Configure Docker's daemon and have it run
version_added: 0.1.0
description:
  - Writes C(/etc/docker/daemon.json) when the daemon finds it valid, and starts or restarts the daemon when that is
    needed, now and at boot.
  - A configuration that is valid and yet does not start is taken back, so that a daemon that ran runs again.
  - A daemon that has been running since before its configuration was written is restarted.
options:
  configuration:
    description: The options of the daemon.
    type: dict
    required: true
requirements:
  - systemd and docker on the host
attributes:
  check_mode:
    support: full
    description: Says what would be done; does not validate.
  diff_mode:
    support: full
    description: Shows how the file changes.
author:
  - Slipway maintainers (@slipway-deploy)
"""

EXAMPLES = r"""
- name: Configure and start Docker
  slipway.vps.docker_daemon:
    configuration:
      live-restore: true
      log-opts: {max-size: 10m, max-file: "3"}
"""

RETURN = r"""
actions:
  description: What was done, in words.
  returned: success
  type: list
  elements: str
log:
  description: Last lines of the daemon's journal.
  returned: failure
  type: str
"""

import json

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.slipway.vps.plugins.module_utils.docker_service import Daemon
from ansible_collections.slipway.vps.plugins.module_utils.problem import OperationError


def main() -> None:
    module = AnsibleModule(
        argument_spec={"configuration": {"type": "dict", "required": True}}, supports_check_mode=True
    )
    text = json.dumps(module.params["configuration"], indent=4, sort_keys=True) + "\n"
    daemon = Daemon()
    path = str(daemon.configuration)
    difference = {"before": daemon.read(), "after": text, "before_header": path, "after_header": path}
    try:
        actions = daemon.plan(text) if module.check_mode else daemon.converge(text)
    except OperationError as error:
        module.fail_json(msg=error.message, log=error.log)
    module.exit_json(changed=bool(actions), actions=actions, diff=difference)


if __name__ == "__main__":
    main()
