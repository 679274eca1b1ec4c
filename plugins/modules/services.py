#!/usr/bin/python
"""The data services of an application on a host: a thin shell around module_utils/services_engine.py."""

from __future__ import annotations

DOCUMENTATION = r"""
module: services
short_description: Data services of an application on a host
description:
  - Makes the application's network and external volumes, writes the Compose project of its data services, starts them
    and waits until all are healthy. Never removes a volume.
author: [Slipway maintainers (@slipway-deploy)]
attributes:
  check_mode:
    description: In check mode nothing is done; the plan shows what would change.
    support: full
  diff_mode:
    description: The plan shows the differences.
    support: none
options:
  application:
    description: Name of the application.
    type: str
    required: true
  compose:
    description: The rendered Compose project.
    type: dict
    required: true
  secrets:
    description: Values of secret files by name.
    type: dict
    default: {}
  generated:
    description: Names of secret files that the host fills at random, once.
    type: list
    elements: str
    default: []
  seconds:
    description: How long the services may take to become healthy.
    type: float
    default: 240
  lock:
    description: Who deploys, as for M(slipway.vps.release#module); held while the services are brought up.
    type: dict
    required: true
    suboptions:
      token: {description: Names one run of a playbook., type: str, required: true}
      owner: {description: User and controller., type: str, default: ""}
      purpose: {description: What the run is for., type: str, default: ""}
      seconds: {description: The lock expires this long after its last refresh., type: float, default: 300}
      dead: {description: Token of a holder that is known to be gone., type: str, default: ""}
      wait: {description: How long to wait for a lock that somebody else holds., type: float, default: 0}
  patience:
    description: Return after so many seconds of waiting.
    type: float
    default: 5
"""

EXAMPLES = r"""
- name: Data services
  slipway.vps.services:
    application: microblog
    lock: {token: 6f1f}
    compose: {name: microblog-services, services: {}}
"""

RETURN = r"""
finished:
  description: Whether all services are healthy; if not, the module is to be called again.
  type: bool
  returned: always
message:
  description: What was done or is waited for, for a person.
  type: str
  returned: always
log:
  description: The last lines of the service that failed.
  type: str
  returned: failure
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.slipway.vps.plugins.module_utils.deploy_lock import LOCK_OPTIONS, DeployLock
from ansible_collections.slipway.vps.plugins.module_utils.files import FormatError
from ansible_collections.slipway.vps.plugins.module_utils.host_state import ApplicationState
from ansible_collections.slipway.vps.plugins.module_utils.problem import OperationError, failure
from ansible_collections.slipway.vps.plugins.module_utils.services_engine import converge


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            "application": {"type": "str", "required": True},
            "lock": {"type": "dict", "required": True, "options": LOCK_OPTIONS},
            "compose": {"type": "dict", "required": True},
            "secrets": {"type": "dict", "default": {}, "no_log": True},
            "generated": {"type": "list", "elements": "str", "default": []},
            "seconds": {"type": "float", "default": 240},
            "patience": {"type": "float", "default": 5},
        },
        supports_check_mode=True,
    )
    given = module.params
    if module.check_mode:
        module.exit_json(changed=False, finished=True, message="nothing is done in check mode")
    state = ApplicationState(given["application"], run=given["lock"]["token"])
    lock = DeployLock(state.lock_file, given["lock"]["token"], given["lock"]["seconds"])
    try:
        lock.take(given["lock"]["owner"], given["lock"]["purpose"], given["lock"]["dead"], given["lock"]["wait"])
    except (OperationError, FormatError, OSError) as error:
        module.fail_json(**failure(error))
    finished = True
    try:
        outcome = converge(
            state,
            given["compose"],
            given["secrets"],
            given["generated"],
            given["application"],
            given["seconds"],
            given["patience"],
        )
        finished = outcome.finished
    except (OperationError, FormatError, OSError) as error:
        module.fail_json(**failure(error))
    finally:
        # Between two calls of one run the lock stays.
        if finished:
            lock.release()
    module.exit_json(changed=outcome.changed, finished=outcome.finished, message=outcome.message)


if __name__ == "__main__":
    main()
