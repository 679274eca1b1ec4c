#!/usr/bin/python
"""Removes a deploy's lock: a thin shell around module_utils/deploy_lock.py."""

from __future__ import annotations

DOCUMENTATION = r"""
module: unlock
short_description: Removes the lock of an application on a host
description:
  - Removes the lock, whoever holds it, and says whose it was.
author: [Slipway maintainers (@slipway-deploy)]
attributes:
  check_mode:
    description: Says whose lock would be removed.
    support: full
  diff_mode:
    description: There is nothing to show beyond the message.
    support: none
options:
  application:
    description: Name of the application.
    type: str
    required: true
"""

EXAMPLES = r"""
- name: Unlock
  slipway.vps.unlock:
    application: microblog
"""

RETURN = r"""
message:
  description: Whose lock was removed.
  type: str
  returned: always
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.slipway.vps.plugins.module_utils.deploy_lock import DeployLock
from ansible_collections.slipway.vps.plugins.module_utils.files import FormatError
from ansible_collections.slipway.vps.plugins.module_utils.host_state import ApplicationState


def main() -> None:
    module = AnsibleModule(argument_spec={"application": {"type": "str", "required": True}}, supports_check_mode=True)
    state = ApplicationState(module.params["application"])
    try:
        held = DeployLock(state.lock_file, "", 0).holder() if state.folder.is_dir() else None
    except FormatError as error:
        module.fail_json(msg=str(error))
    if held is None:
        module.exit_json(changed=False, message="not locked", slipway_show=True)
    if not module.check_mode:
        state.lock_file.unlink(missing_ok=True)
    message = f"removed the lock of {held['owner']} ({held['purpose']}), held since {held['since']}"
    module.exit_json(changed=True, message=message)


if __name__ == "__main__":
    main()
