#!/usr/bin/python
"""One phase of a release on one host: a thin shell around module_utils/release_phases.py and release_cutover.py."""

from __future__ import annotations

DOCUMENTATION = r"""
module: release
short_description: One phase of a release of an application on a host
description:
  - Carries out one phase of a release. Every phase may be called again at any time and finds out what is left to do.
  - A phase that has to wait returns after O(patience) seconds with C(finished=false); the action plugin of the same
    name shows how far it is and calls again.
  - State lies in C(/var/lib/slipway/<application>/) in plain files.
author: [Slipway maintainers (@slipway-deploy)]
attributes:
  check_mode:
    description: In check mode nothing is done; the plan shows what a release would do.
    support: full
  diff_mode:
    description: The plan shows the differences.
    support: none
options:
  application:
    description: Name of the application.
    type: str
    required: true
  phase:
    description: The phase.
    type: str
    required: true
    choices: [lock, pull, hook, migrate, start, switch, settle, revert, unlock]
  number:
    description: Number of the release.
    type: int
    required: true
  lock:
    description: Who deploys.
    type: dict
    required: true
    suboptions:
      token: {description: Names one run of a playbook., type: str, required: true}
      owner: {description: User and controller., type: str, default: ""}
      purpose: {description: What the run is for., type: str, default: ""}
      seconds: {description: The lock expires this long after its last refresh., type: float, default: 300}
      dead: {description: Token of a holder that is known to be gone., type: str, default: ""}
      wait: {description: How long to wait for a lock that somebody else holds., type: float, default: 0}
  image:
    description: The image as name@digest; for phase C(lock) name:tag, whose digest is looked up and returned.
    type: str
    default: ""
  compose:
    description: The rendered Compose project without number and image.
    type: dict
    default: {}
  from_release:
    description: Take the project of this release, which the host has, instead of O(compose). For rollbacks.
    type: int
    default: 0
  secrets:
    description: Values of the secrets by name.
    type: dict
    default: {}
  record:
    description: What is written into the release's record.
    type: dict
    default: {}
  facts:
    description: Environment of the hooks that run in a container.
    type: dict
    default: {}
  health:
    description: How the web process is asked, with network, port, path, host and seconds; empty without a web process.
    type: dict
    default: {}
  process:
    description: With phase C(hook), the one-off process to run.
    type: str
    default: ""
  seconds:
    description: How long the migration or the hook may take.
    type: float
    default: 600
  drain_seconds:
    description: How long the old web process may answer the requests that it has.
    type: float
    default: 30
  keep:
    description: How many releases stay on the host.
    type: int
    default: 5
  reason:
    description: Why the release is reverted, for the ledger.
    type: str
    default: ""
  patience:
    description: Return after so many seconds of waiting.
    type: float
    default: 5
"""

EXAMPLES = r"""
- name: Switch requests to release 12
  slipway.vps.release:
    application: microblog
    phase: switch
    number: 12
    lock: {token: 6f1f}
"""

RETURN = r"""
finished:
  description: Whether the phase has ended; if not, it is to be called again.
  type: bool
  returned: always
message:
  description: What was done or is waited for, for a person.
  type: str
  returned: always
log:
  description: The last lines of the container or command that failed.
  type: str
  returned: failure
digest:
  description: Digest of the image that a tag names.
  type: str
  returned: phase lock
commit:
  description: Revision from which the image was built, by its label.
  type: str
  returned: phase pull
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.slipway.vps.plugins.module_utils.deploy_lock import LOCK_OPTIONS, DeployLock
from ansible_collections.slipway.vps.plugins.module_utils.files import FormatError, read_json
from ansible_collections.slipway.vps.plugins.module_utils.host_state import ApplicationState
from ansible_collections.slipway.vps.plugins.module_utils.image_digest import resolve_digest
from ansible_collections.slipway.vps.plugins.module_utils.problem import OperationError, failure
from ansible_collections.slipway.vps.plugins.module_utils.readiness import HealthCheck
from ansible_collections.slipway.vps.plugins.module_utils.release_cutover import revert, settle, switch
from ansible_collections.slipway.vps.plugins.module_utils.release_phases import (
    Outcome,
    ReleaseRequest,
    migrate,
    pull,
    run_to_end,
    start,
)


def carry_out(arguments: dict) -> Outcome:
    """Runs the phase that the arguments name. Raises OperationError."""
    state = ApplicationState(arguments["application"], run=arguments["lock"]["token"])
    number, phase, patience = arguments["number"], arguments["phase"], arguments["patience"]
    wanted = arguments["lock"]
    lock = DeployLock(state.lock_file, wanted["token"], wanted["seconds"])
    if phase == "lock":
        said = lock.take(wanted["owner"], wanted["purpose"], wanted["dead"], wanted["wait"])
        digest = resolve_digest(arguments["image"]) if arguments["image"] else ""
        return Outcome(said or "locked", changed=True, facts={"digest": digest})
    if phase == "unlock":
        return Outcome("unlocked", changed=lock.release())
    lock.refresh()
    has_web = bool(arguments["health"])
    port = arguments["health"].get("port", 0)
    if phase == "pull":
        return pull(state, _request(state, arguments), patience)
    if phase == "hook":
        return run_to_end(state, number, arguments["process"], arguments["seconds"], patience)
    if phase == "migrate":
        return migrate(state, number, arguments["seconds"], patience)
    if phase == "start":
        return start(state, number, HealthCheck(**arguments["health"]) if has_web else None, patience)
    if phase == "switch":
        return switch(state, number, has_web)
    if phase == "settle":
        outcome = settle(state, number, port, arguments["drain_seconds"], arguments["keep"], patience)
        if outcome.finished:
            lock.release()
        return outcome
    return revert(state, number, port, arguments["drain_seconds"], arguments["reason"], patience)


def _request(state: ApplicationState, arguments: dict) -> ReleaseRequest:
    compose = arguments["compose"]
    if arguments["from_release"]:
        kept = read_json(state.release_folder(arguments["from_release"]) / "rendered.json")
        if kept is None:
            raise OperationError(
                f"this host does not have release {arguments['from_release']} any more: playbooks/status.yml lists what"
                " it has"
            )
        compose = kept["compose"]
    return ReleaseRequest(
        arguments["number"], arguments["image"], compose, arguments["secrets"], arguments["record"], arguments["facts"]
    )


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            "application": {"type": "str", "required": True},
            "phase": {
                "type": "str",
                "required": True,
                "choices": ["lock", "pull", "hook", "migrate", "start", "switch", "settle", "revert", "unlock"],
            },
            "number": {"type": "int", "required": True},
            "lock": {"type": "dict", "required": True, "options": LOCK_OPTIONS},
            "image": {"type": "str", "default": ""},
            "compose": {"type": "dict", "default": {}},
            "from_release": {"type": "int", "default": 0},
            "secrets": {"type": "dict", "default": {}, "no_log": True},
            "record": {"type": "dict", "default": {}},
            "facts": {"type": "dict", "default": {}},
            "health": {"type": "dict", "default": {}},
            "process": {"type": "str", "default": ""},
            "seconds": {"type": "float", "default": 600},
            "drain_seconds": {"type": "float", "default": 30},
            "keep": {"type": "int", "default": 5},
            "reason": {"type": "str", "default": ""},
            "patience": {"type": "float", "default": 5},
        },
        supports_check_mode=True,
    )
    if module.check_mode:
        module.exit_json(changed=False, finished=True, message="nothing is done in check mode")
    try:
        outcome = carry_out(module.params)
    except (OperationError, FormatError, OSError) as error:
        module.fail_json(**failure(error))
    module.exit_json(changed=outcome.changed, finished=outcome.finished, message=outcome.message, **outcome.facts)


if __name__ == "__main__":
    main()
