"""Each container: there, running, healthy, of the right image, not root where the image says so, limited, its log
rotated, not restarted.
"""

from datetime import datetime, timedelta

import pytest
from checks import each, expect, inspected, require, show, the_world

WORLD = the_world()
CONTAINERS, COMPARED = WORLD.containers, WORLD.compared
ROOT = ("", "0", "root", "0:0", "root:root")
# A container that has run for so long is not in a loop of crashes, whatever happened before.
STEADY = timedelta(minutes=10)
# After a reboot all containers start at once: one that needs another may be started again until that is there.
START_OF_ENGINE = timedelta(minutes=2)


def _time(text):
    return datetime.fromisoformat(text.split(".")[0].rstrip("Z"))


def _image_user(subject):
    data = WORLD.facts["images"].get(subject.data["Config"]["Image"]) if subject.data else None
    return (data or {}).get("User", "")


@each("container", CONTAINERS)
def test_is_running(container):
    require(bool(container.data), f"a container of {container.wanted.name}", "none", container.id)
    state = inspected(container)["State"]
    done = not container.wanted.stays_up and state["Status"] == "exited" and state["ExitCode"] == 0
    found = state["Status"] + (f" with code {state['ExitCode']}" if state["Status"] == "exited" else "")
    require(state["Status"] == "running" or done, "running", found, container.name)


@each(
    "container",
    [
        subject
        for subject in CONTAINERS
        if (subject.data and subject.data["State"].get("Health")) or subject.wanted.has_health_check
    ],
)
def test_is_healthy(container):
    health = inspected(container)["State"].get("Health") or {}
    last = (health.get("Log") or [{}])[-1].get("Output", "").strip()
    found = show(health.get("Status")) + (f" ({last[-200:]})" if last and health.get("Status") != "healthy" else "")
    require(health.get("Status") == "healthy", "healthy", found, container.name)


@each("container", COMPARED)
def test_is_of_the_right_image(container):
    data = inspected(container)
    expect(data["Config"]["Image"], container.wanted.image, container.name)
    image = WORLD.facts["images"].get(container.wanted.image)
    # A tag may have been pulled again since; the container would still run the old image.
    require(bool(image), "the image on the host", "none", container.name)
    expect(data["Image"], image["Id"], f"{container.name}, identifier of the image")


@each("container", [subject for subject in CONTAINERS if subject.wanted.kind == "process"])
def test_has_the_digest_of_the_release(container):
    wanted = WORLD.expectation["digest"] or WORLD.facts["state"]["record"].get("digest")
    image = WORLD.facts["images"].get(inspected(container)["Config"]["Image"]) or {}
    digests = [name.partition("@")[2] for name in image.get("RepoDigests") or []]
    require(wanted in digests, show(wanted), show(digests), container.name)


@pytest.mark.skipif(WORLD.releasing, reason="it is the release that is verified now")
@each("container", [subject for subject in COMPARED if subject.wanted.config])
def test_is_made_from_the_settings_of_the_inventory(container):
    labels = inspected(container)["Config"].get("Labels") or {}
    text = "the settings and secrets of today's inventory (playbooks/deploy.yml applies them)"
    require(labels.get("slipway.config") == container.wanted.config, text, "other ones", container.name)


@each("container", COMPARED)
def test_has_its_restart_policy(container):
    policy = inspected(container)["HostConfig"]["RestartPolicy"]
    count = f":{policy['MaximumRetryCount']}" if policy.get("MaximumRetryCount") else ""
    expect((policy["Name"] or "no") + count, container.wanted.restart, container.name)


@each("container", WORLD.processes if WORLD.releasing else CONTAINERS)
def test_has_not_been_restarted(container):
    data = inspected(container)
    count = data["RestartCount"]
    last = _time(data["State"]["StartedAt"])
    age = _time(WORLD.facts["state"]["time"]) - last
    engine = WORLD.facts["state"]["engine_started"]
    booting = bool(engine) and last - _time(engine) < START_OF_ENGINE
    require(
        count == 0 or age > STEADY or booting,
        "no restart in the last 10 minutes",
        f"{count}, the last {age.seconds} s ago",
        container.name,
    )


@each("container", [subject for subject in COMPARED if subject.wanted.memory])
def test_has_its_memory_limit(container):
    expect(inspected(container)["HostConfig"]["Memory"], container.wanted.memory, f"{container.name}, bytes")


@each("container", COMPARED)
def test_log_is_rotated(container):
    found = inspected(container)["HostConfig"]["LogConfig"]
    wanted = container.wanted
    expect(
        found["Type"], wanted.log_driver or WORLD.expectation["daemon"].get("log-driver", "json-file"), container.name
    )
    if wanted.log_options:
        expect(found["Config"], wanted.log_options, container.name)
    if found["Type"] == "json-file":
        require("max-size" in (found["Config"] or {}), "a max-size", show(found["Config"]), container.name)


@each(
    "container",
    [subject for subject in CONTAINERS if _image_user(subject) not in ROOT or subject.wanted.user not in ROOT],
)
def test_does_not_run_as_root(container):
    data = inspected(container)
    if not container.running:
        pytest.skip("it does not run")
    wanted = container.wanted.user or _image_user(container)
    expect(data["Config"]["User"], wanted, f"{container.name}, user")
    require(WORLD.facts["users"].get(data["Id"]) != 0, f"a process of user {wanted}", "one of root", container.name)


@each("container", [subject for subject in COMPARED if "no-new-privileges:true" in subject.wanted.security_options])
def test_can_gain_no_privileges(container):
    found = inspected(container)["HostConfig"].get("SecurityOpt") or []
    require(
        any(option.startswith("no-new-privileges") for option in found),
        "no-new-privileges",
        show(found),
        container.name,
    )


@each("container", CONTAINERS)
def test_is_not_privileged(container):
    data = inspected(container)
    mounts = [
        mount["Source"] for mount in data.get("Mounts") or [] if str(mount.get("Source", "")).endswith("docker.sock")
    ]
    require(not data["HostConfig"]["Privileged"], "an unprivileged container", "a privileged one", container.name)
    require(not mounts, "no access to the Docker engine", show(mounts), container.name)
