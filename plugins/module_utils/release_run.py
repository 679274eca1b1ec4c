"""One phase of a release on one host: arguments in, an answer out. The action plugin `release` says what they are."""

from __future__ import annotations

from typing import Any

from .deploy_lock import DeployLock
from .files import FormatError, read_json
from .host_state import ApplicationState
from .problem import OperationError, failure
from .readiness import HealthCheck
from .release_cutover import revert, settle, switch
from .release_phases import Outcome, ReleaseRequest, migrate, pull, run_to_end, start

# These take the lock where this run does not have it yet; all others must have it.
TAKING = ("lock", "pull", "revert")


def answer(arguments: dict[str, Any]) -> dict[str, Any]:
    """Carries out a phase; the answer is the result of an Ansible task."""
    try:
        outcome = carry_out(arguments)
    except (OperationError, FormatError, OSError) as error:
        return {"failed": True, "changed": False, **failure(error)}
    except Exception as error:
        import traceback  # not free to import

        text = f"unexpected {type(error).__name__}: {error}"
        return {"failed": True, "changed": False, "finished": True, "msg": text, "log": traceback.format_exc()}
    return {"changed": outcome.changed, "finished": outcome.finished, "message": outcome.message, **outcome.facts}


def carry_out(arguments: dict[str, Any]) -> Outcome:
    """Runs the phase that the arguments name. Raises OperationError, FormatError and OSError."""
    wanted, phase, patience = arguments["lock"], arguments["phase"], arguments["patience"]
    state = ApplicationState(arguments["application"], run=wanted["token"])
    lock = DeployLock(state.lock_file, wanted["token"], wanted["seconds"])
    if phase == "unlock":
        return Outcome("unlocked", changed=lock.release())
    said = _lock(lock, wanted, phase, patience)
    if phase == "lock":
        return _locked(said, arguments) if said is not None else _waiting(lock)
    with lock.alone(patience) as alone:
        if not alone:
            return Outcome("waiting for a step of an earlier run, which was cut off, to end", finished=False)
        outcome = _phase(state, arguments)
    if phase == "settle" and outcome.finished and arguments.get("unlock"):
        lock.release()
    return outcome


def _lock(lock: DeployLock, wanted: dict[str, Any], phase: str, patience: float) -> str | None:
    """Takes or extends the lock; what is to be said about it, None while somebody else's is waited for."""
    if phase not in TAKING:
        lock.refresh()
        return ""
    try:
        return lock.take(wanted["owner"], wanted["purpose"], wanted["dead"], min(wanted["wait"], patience))
    except OperationError:
        if phase == "lock" and wanted["wait"] > patience:
            return None
        raise
    except OSError:
        # A full disk is a reason to go back, and going back frees some of it.
        if phase == "revert":
            return ""
        raise


def _waiting(lock: DeployLock) -> Outcome:
    held = lock.holder() or {"owner": "nobody", "purpose": "free now"}
    return Outcome(f"waiting for the lock of {held['owner']} ({held['purpose']})", finished=False)


def _locked(said: str, arguments: dict[str, Any]) -> Outcome:
    if not arguments.get("image"):
        return Outcome(said or "locked", changed=True)
    from .image_digest import resolve_digest  # seldom needed, and not free to import

    return Outcome(said or "locked", changed=True, facts={"digest": resolve_digest(arguments["image"])})


def _phase(state: ApplicationState, arguments: dict[str, Any]) -> Outcome:
    number, phase, patience = arguments["number"], arguments["phase"], arguments["patience"]
    health = arguments.get("health") or {}
    port, drain_seconds = health.get("port", 0), arguments.get("drain_seconds", 30.0)
    if phase == "pull":
        return pull(state, _request(state, arguments), patience)
    if phase == "hook":
        return run_to_end(state, number, arguments["process"], arguments["seconds"], patience)
    if phase == "migrate":
        return migrate(state, number, arguments["seconds"], patience)
    if phase == "start":
        return start(state, number, HealthCheck(**health) if health else None, patience)
    if phase == "switch":
        return switch(state, number, port)
    if phase == "settle":
        return settle(state, number, port, drain_seconds, arguments["keep"], patience)
    if phase == "revert":
        return revert(state, number, port, drain_seconds, arguments.get("reason", ""), patience)
    raise ValueError(f"no such phase: {phase}")


def _request(state: ApplicationState, arguments: dict[str, Any]) -> ReleaseRequest:
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
        number=arguments["number"],
        image=arguments["image"],
        compose=compose,
        secrets=arguments["secrets"],
        record=arguments["record"],
        facts=arguments["facts"],
        one_offs=tuple(arguments["one_offs"]),
    )
