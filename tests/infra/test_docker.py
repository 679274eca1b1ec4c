"""Docker: its packages, its service, the daemon's settings in the file and in the running engine, the kernel's, the
server stamp.
"""

import pytest
from checks import each, expect, require, show, the_world
from world import UNITS

WORLD = the_world()
WANTED, FACTS = WORLD.expectation, WORLD.facts
DAEMON = WANTED["daemon"] if WORLD.compares_server else {}
KERNEL = WANTED["kernel"] if WORLD.compares_server else {}
compared = pytest.mark.skipif(not WORLD.compares_server, reason="a rollback leaves the server as it is")


def test_engine_answers():
    require(not FACTS["engine_error"], "an engine that answers", FACTS["engine_error"])


@each("package", WANTED["packages"])
def test_package_is_installed(package):
    version = FACTS["packages"].get(package)
    require(bool(version), "the package installed", "it is not")
    pinned = WANTED["versions"].get(package, "") if WORLD.compares_server else ""
    require(not pinned or pinned in version, f"version {pinned}", version)


@each("unit", UNITS)
def test_unit_runs(unit):
    found = FACTS["units"].get(unit, {})
    expect(f"{found.get('ActiveState')} ({found.get('SubState')})", "active (running)")


@each("unit", UNITS)
def test_unit_starts_at_boot(unit):
    expect(FACTS["units"].get(unit, {}).get("UnitFileState"), "enabled")


@each("option", sorted(DAEMON))
def test_daemon_setting(option):
    expect((FACTS["daemon"] or {}).get(option), WANTED["daemon"][option], f"{option} in /etc/docker/daemon.json")


@compared
def test_no_other_daemon_setting():
    expect(
        sorted(set(FACTS["daemon"] or {}) - set(WANTED["daemon"])),
        [],
        "options in /etc/docker/daemon.json that the inventory does not have",
    )


@compared
def test_engine_runs_with_its_live_restore_setting():
    expect(
        FACTS["info"]["LiveRestoreEnabled"],
        WANTED["daemon"].get("live-restore", False),
        "live-restore of the running engine",
    )


@compared
def test_engine_runs_with_its_log_driver():
    expect(
        FACTS["info"]["LoggingDriver"],
        WANTED["daemon"].get("log-driver", "json-file"),
        "log driver of the running engine",
    )


@compared
def test_engine_runs_with_its_registry_mirrors():
    found = [mirror.rstrip("/") for mirror in (FACTS["info"]["RegistryConfig"] or {}).get("Mirrors") or []]
    expect(found, [mirror.rstrip("/") for mirror in WANTED["daemon"].get("registry-mirrors", [])])


@each("setting", sorted(KERNEL))
def test_kernel_setting(setting):
    found, wanted = FACTS["kernel"][setting], str(WANTED["kernel"][setting])
    enough = found.isdigit() and wanted.isdigit() and int(found) >= int(wanted)
    require(found == wanted or enough, wanted, show(found), setting)


@pytest.mark.skipif(WORLD.releasing, reason="it is the release that is verified now")
def test_server_is_set_up_as_the_inventory_says():
    text = "the stamp of today's roles and settings (playbooks/deploy.yml applies them)"
    require(FACTS["state"]["stamp"] == WANTED["stamp"], text, "another" if FACTS["state"]["stamp"] else "no stamp")
