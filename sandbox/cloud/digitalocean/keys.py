"""SSH keys of the account."""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from typing import Any

from sandbox.cloud.digitalocean import answers
from sandbox.cloud.router import Routes
from sandbox.cloud.store import Document, Store
from sandbox.cloud.web import Answer, Call

KINDS = re.compile(r"(ssh-(rsa|ed25519|dss)|ecdsa-sha2-nistp(256|384|521)|sk-[a-z0-9@.-]+)")


def fingerprint(public_key: str) -> str | None:
    """MD5 fingerprint of a public key's line, as DigitalOcean writes it; None if it is no public key."""
    parts = public_key.split()
    if len(parts) < 2 or not KINDS.fullmatch(parts[0]):
        return None
    try:
        blob = base64.b64decode(parts[1], validate=True)
    except binascii.Error:
        return None
    # The blob begins with the kind's name (RFC 4253, section 6.6).
    if blob[4 : 4 + len(parts[0])] != parts[0].encode():
        return None
    digest = hashlib.md5(blob, usedforsecurity=False).hexdigest()
    return ":".join(digest[place : place + 2] for place in range(0, 32, 2))


class Keys:
    """The keys, by number and by fingerprint."""

    def __init__(self, store: Store) -> None:
        self.store = store

    @property
    def table(self) -> dict[str, Document]:
        return self.store.table("digitalocean.keys")

    def routes(self) -> Routes:
        return {
            ("GET", "/v2/account/keys"): self.listing,
            ("POST", "/v2/account/keys"): self.create,
            ("GET", "/v2/account/keys/<key>"): self.get,
            ("PUT", "/v2/account/keys/<key>"): self.rename,
            ("DELETE", "/v2/account/keys/<key>"): self.delete,
        }

    def find(self, wanted: Any) -> Document | None:
        """A key by its number or fingerprint; None if there is none."""
        return next((key for key in self.table.values() if str(wanted) in (str(key["id"]), key["fingerprint"])), None)

    def listing(self, call: Call) -> Answer:
        return answers.page(call, "ssh_keys", list(self.table.values()))

    def create(self, call: Call) -> Answer:
        asked = answers.content(call)
        name, public_key = answers.field(asked, "name", str, ""), answers.field(asked, "public_key", str, "")
        if not name:
            raise answers.invalid("Name can't be blank")
        found = fingerprint(public_key)
        if found is None:
            raise answers.invalid("Key invalid, key should be of type ssh-rsa, ecdsa-sha2 or ssh-ed25519")
        if self.find(found):
            raise answers.invalid("SSH Key is already in use on your account")
        key = {
            "id": self.store.number("digitalocean.keys", 512189),
            "fingerprint": found,
            "public_key": public_key,
            "name": name,
        }
        self.table[str(key["id"])] = key
        return Answer(201, {"ssh_key": key})

    def get(self, call: Call) -> Answer:
        return Answer(body={"ssh_key": self._known(call)})

    def rename(self, call: Call) -> Answer:
        key = self._known(call)
        key["name"] = answers.field(answers.content(call), "name", str, key["name"])
        return Answer(body={"ssh_key": key})

    def delete(self, call: Call) -> Answer:
        del self.table[str(self._known(call)["id"])]
        return Answer(204)

    def _known(self, call: Call) -> Document:
        key = self.find(call.arguments["key"])
        if key is None:
            raise answers.not_found()
        return key
