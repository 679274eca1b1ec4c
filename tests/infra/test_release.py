"""The release: which one is live, that it is what the inventory says, and that nothing of others is left over."""

import pytest
from checks import expect, require, show, the_world

WORLD = the_world()
WANTED, STATE = WORLD.expectation, WORLD.facts["state"]
RECORD = STATE["record"]

if not WANTED["compose"]:
    pytest.skip("no process of the application runs on this host", allow_module_level=True)


def test_a_release_is_live():
    if WANTED["release"]:
        expect(STATE["live"], WANTED["release"], "live release")
    require(STATE["live"] > 0, "a live release", "none: playbooks/deploy.yml makes one")


def test_requests_go_to_the_live_release():
    expect(
        STATE["upstream"],
        f"{WORLD.application}-r{WORLD.release}-web" if WANTED["has_web"] else "",
        "the proxy's upstream",
    )


def test_settings_are_those_of_the_inventory():
    if WORLD.is_rollback:
        pytest.skip(f"release {WORLD.release} brought the settings of release {RECORD['of']} back")
    text = "the settings of today's inventory (playbooks/deploy.yml applies them)"
    require(RECORD.get("config") == WANTED["config"], text, "other ones" if RECORD else "no release")


def test_secrets_are_those_of_the_inventory():
    text = "the secrets of today's inventory (playbooks/deploy.yml applies them)"
    require(RECORD.get("secrets") == WANTED["secrets_stamp"], text, "other ones" if RECORD else "no release")


def test_every_process_has_all_its_replicas():
    found = {subject.name for subject in WORLD.processes if subject.running}
    missing = [subject.id for subject in WORLD.processes if subject.wanted.stays_up and not subject.running]
    require(not missing, f"{len(WORLD.processes)} containers running", f"{len(found)}; missing: {show(missing)}")


def test_no_other_release_runs():
    if WANTED["releasing"]:
        pytest.skip("the release before still runs until this one has been verified")
    running = [data for data in WORLD.facts["containers"] if data["State"]["Running"]]
    labels = [(data["Name"].lstrip("/"), data["Config"].get("Labels") or {}) for data in running]
    others = [name for name, label in labels if label.get("slipway.release") not in (None, str(WORLD.release))]
    require(not others, "no container of another release running", show(others))
