"""A name moves from one authority to another: what Caddy's storage holds, and what it is led to load."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from ansible_collections.slipway.vps.plugins.module_utils.authority_change import (
    Pair,
    Storage,
    authorities,
    authority_of,
    find_changes,
    interim,
    read_pair,
    safe,
)

from tests.unit.tls import authority

NAME = "shop.example.com"
OLD, NEW = "https://old.example/dir", "https://new.example:14000/acme/dir"
OLD_FOLDER, NEW_FOLDER = "old.example-dir", "new.example:14000-acme-dir"


def pair(*names: str) -> Pair:
    made = authority.issue("shop", *names, by=authority.issue("intermediate", by=authority.issue("root")))
    return Pair(made.chain.decode(), made.key().decode())


@pytest.fixture
def storage(tmp_path: Path) -> Storage:
    return Storage(tmp_path / "certificates")


def issued(storage: Storage, folder: str, name: str = NAME) -> Pair:
    """A pair as Caddy stores it when the authority has issued it."""
    made = pair(name)
    place = storage.folder / safe(folder) / safe(name)
    place.mkdir(parents=True)
    for ending, text in (("crt", made.chain), ("key", made.key), ("json", '{"sans": [], "issuer_data": {}}')):
        (place / f"{safe(name)}.{ending}").write_text(text)
    return made


def configuration(directory: str, *names: str) -> dict:
    issuers = [{"module": "acme", "ca": directory}]
    return {"apps": {"tls": {"automation": {"policies": [{"subjects": list(names), "issuers": issuers}]}}}}


def test_folders_are_named_as_caddy_names_them() -> None:
    assert authority_of("https://acme-v02.api.letsencrypt.org/directory") == "acme-v02.api.letsencrypt.org-directory"
    assert authority_of(NEW) == NEW_FOLDER
    assert safe(NEW_FOLDER) == "new.example-14000-acme-dir"
    assert safe("*.Shop.example.com") == "wildcard_.shop.example.com"


def test_the_authorities_of_a_name_are_those_of_its_policy() -> None:
    found = configuration(NEW, NAME)
    assert authorities(found, NAME) == [NEW_FOLDER]
    assert authorities(found, "blog.example.com") == ["acme-v02.api.letsencrypt.org-directory"]
    assert authorities(found, NAME.title()) == [NEW_FOLDER]
    assert authorities({}, NAME) == ["acme-v02.api.letsencrypt.org-directory"]
    policies = found["apps"]["tls"]["automation"]["policies"]
    policies[0] = {"issuers": [{"module": "acme"}, {"module": "zerossl"}]}
    assert authorities(found, NAME) == []


def test_a_name_at_its_own_authority_is_left_alone(storage: Storage) -> None:
    old = issued(storage, OLD_FOLDER)
    assert find_changes(configuration(OLD, NAME), storage, {NAME: old.leaf}) == []


def test_a_name_without_a_certificate_has_none_to_keep(storage: Storage) -> None:
    issued(storage, OLD_FOLDER)
    assert find_changes(configuration(NEW, NAME), storage, {NAME: b""}) == []


def test_the_old_certificate_is_lent_as_one_that_is_due(storage: Storage) -> None:
    old = issued(storage, OLD_FOLDER)
    changes = find_changes(configuration(NEW, NAME), storage, {NAME: old.leaf})
    assert [(change.name, change.old) for change in changes] == [(NAME, old)]
    changes[0].lend(storage)
    assert storage.pair(NEW_FOLDER, NAME) == old
    folder = storage.folder / "new.example-14000-acme-dir" / NAME
    told = json.loads((folder / f"{NAME}.json").read_text())
    assert told["issuer_data"]["renewal_info"] == {"_selectedTime": "2000-01-01T00:00:00Z"}
    assert {path.stat().st_mode & 0o777 for path in folder.iterdir()} == {0o600}
    assert not changes[0].is_done(storage)
    # The next change of the proxy's configuration tries again.
    assert find_changes(configuration(NEW, NAME), storage, {NAME: old.leaf}) == changes


def test_the_new_certificate_ends_the_change(storage: Storage) -> None:
    old = issued(storage, OLD_FOLDER)
    (change,) = find_changes(configuration(NEW, NAME), storage, {NAME: old.leaf})
    new = issued(storage, NEW_FOLDER)
    assert change.is_done(storage)
    assert find_changes(configuration(NEW, NAME), storage, {NAME: new.leaf}) == []


def test_a_young_certificate_is_taken_up_again(storage: Storage) -> None:
    young, old = issued(storage, NEW_FOLDER), issued(storage, OLD_FOLDER)
    changes = find_changes(configuration(NEW, NAME), storage, {NAME: old.leaf})
    changes[0].make_room(storage)
    assert storage.pair(NEW_FOLDER, NAME) == young
    assert changes[0].is_done(storage)
    file = storage.folder / safe(NEW_FOLDER) / NAME / f"{NAME}.crt"
    os.utime(file, (0, 0))
    changes[0].make_room(storage)
    assert storage.pair(NEW_FOLDER, NAME) is None
    assert storage.pair(OLD_FOLDER, NAME) == old
    assert not changes[0].is_done(storage)


def test_a_lent_certificate_and_the_lock_of_a_renewal_make_room(storage: Storage) -> None:
    old = issued(storage, OLD_FOLDER)
    (change,) = find_changes(configuration(NEW, NAME), storage, {NAME: old.leaf})
    change.lend(storage)
    lock = storage.folder.parent / "locks" / f"issue_cert_{NAME}.lock"
    lock.parent.mkdir()
    lock.touch()
    change.make_room(storage)
    assert storage.pair(NEW_FOLDER, NAME) is None
    assert not lock.exists()


def test_a_certificate_of_the_user_s_own_is_kept_as_well(storage: Storage, tmp_path: Path) -> None:
    made = pair(NAME)
    chain, key = tmp_path / "shop.pem", tmp_path / "shop.key"
    chain.write_text(f"Certificate:\n    Data: …\n{made.chain}")
    key.write_text(made.key)
    own = read_pair(chain, key)
    assert own
    assert own.leaf == made.leaf
    (change,) = find_changes(configuration(NEW, NAME), storage, {NAME: own.leaf}, [own])
    assert change.old == own
    key.unlink()
    assert read_pair(chain, key) is None


def test_on_the_way_the_old_certificate_is_the_name_s_own(storage: Storage) -> None:
    old = issued(storage, OLD_FOLDER)
    wanted = configuration(NEW, NAME)
    changes = find_changes(wanted, storage, {NAME: old.leaf})
    first, second = (interim(wanted, changes, managed)["apps"]["tls"] for managed in (False, True))
    assert "certificates" not in wanted["apps"]["tls"]
    assert "automate" not in first["certificates"]
    assert second["certificates"]["automate"] == [NAME]
    for each in (first, second):
        (loaded,) = each["certificates"]["load_pem"]
        # Another chain than the one that Caddy knows, or it would take it for the same certificate.
        assert loaded["certificate"] == old.chain + old.certificates[-1]
        assert each["automation"] == wanted["apps"]["tls"]["automation"]
