#!/usr/bin/python
"""Documentation of slipway.vps.hook, an action plugin (plugins/action/hook.py)."""

from __future__ import annotations

DOCUMENTATION = r"""
module: hook
short_description: Runs one of the application's hooks
description:
  - A hook is a command on the controller, in the inventory's folder, or a one-off container of the new image.
  - It runs once for the fleet, on or for its first host; on the others, and where the application has no such hook, the
    task is skipped.
  - The environment of a command has C(SLIPWAY_APP), C(SLIPWAY_RELEASE), C(SLIPWAY_KIND), C(SLIPWAY_IMAGE),
    C(SLIPWAY_COMMIT), C(SLIPWAY_HOSTS), C(SLIPWAY_BY) and C(SLIPWAY_SECONDS), and after a failure C(SLIPWAY_FAILURE).
  - A hook C(on_failure) that fails itself is a warning.
author: [Slipway maintainers (@slipway-deploy)]
attributes:
  check_mode:
    description: Not to be called in check mode; the roles that call it do not run then.
    support: none
  diff_mode:
    description: There is nothing to show.
    support: none
options:
  name:
    description: Which hook.
    type: str
    required: true
    choices: [before_release, after_release, on_failure]
  where:
    description: The task runs the hook when it is of this kind.
    type: str
    required: true
    choices: [controller, container]
  kind:
    description: Whether the release is a new one or an earlier one that comes back.
    type: str
    choices: [deploy, rollback]
    default: deploy
  lock_seconds:
    description: Seconds after which the application's lock expires if nothing refreshes it.
    type: int
    default: 300
"""

EXAMPLES = r"""
- name: Run the hook before_release on the controller
  slipway.vps.hook:
    name: before_release
    where: controller
"""

RETURN = r"""
message:
  description: What ran.
  type: str
  returned: always
stdout:
  description: What a command on the controller printed.
  type: str
  returned: success
log:
  description: The last lines of a hook that failed.
  type: str
  returned: failure
"""
