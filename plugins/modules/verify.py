#!/usr/bin/python
"""Documentation of the action plugin slipway.vps.verify, which does the work on the controller
(plugins/action/verify.py).
"""

from __future__ import annotations

DOCUMENTATION = r"""
module: verify
short_description: Checks that a host is what the inventory says, and that the application works on it
description:
  - Writes down what must be true of the host, from the inventory, and runs the testinfra checks of tests/infra
    against it, and the user's own tests in C(inventory/<env>/tests/).
  - All facts of the host are gathered at once, over the connection that Ansible has open.
  - Nothing on the host is changed. The checks of data services write a row, a document or a key and take it away again.
  - The values of secrets are compared on the host and do not leave it.
author: [Slipway maintainers (@slipway-deploy)]
requirements:
  - pytest and pytest-testinfra, on the controller
  - a connection by ssh
attributes:
  check_mode:
    description: In check mode nothing is verified.
    support: full
  diff_mode:
    description: There is nothing to show.
    support: none
options:
  release:
    description:
      - Number of the release that has to be live; 0 means the one that is.
      - During a release the one before may still run.
    type: int
    default: 0
  seconds:
    description: Seconds after which checks that have not ended count as failed.
    type: float
    default: 120
  authority:
    description:
      - PEM file, on the controller, of the authority that must have signed the sites' certificates.
      - Empty means those that the server trusts.
    type: str
    default: ""
"""

EXAMPLES = r"""
- name: Verify what is live
  slipway.vps.verify:

- name: Verify release 12, while release 11 still runs
  slipway.vps.verify:
    release: 12
"""

RETURN = r"""
message:
  description: The outcome, for a person.
  type: str
  returned: always
checks:
  description: Number of checks that were made.
  type: int
  returned: always
not_applicable:
  description: Number of checks that did not apply.
  type: int
  returned: unless in check mode
release_verified:
  description: Number of the release that was looked at.
  type: int
  returned: unless in check mode
failures:
  description: A line for each failed check, with what was expected and what was found.
  type: list
  elements: str
  returned: always
seconds:
  description: How long it took.
  type: float
  returned: unless in check mode
slipway_log:
  description: The last log lines of the containers that failed checks are about.
  type: str
  returned: failure
stdout:
  description: pytest's own output.
  type: str
  returned: unless in check mode
"""

from ansible.module_utils.basic import AnsibleModule


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            "release": {"type": "int", "default": 0},
            "seconds": {"type": "float", "default": 120},
            "authority": {"type": "str", "default": ""},
        },
        supports_check_mode=True,
    )
    module.fail_json(
        msg="slipway.vps.verify runs on the controller: it needs its action plugin (plugins/action/verify.py)"
    )


if __name__ == "__main__":
    main()
