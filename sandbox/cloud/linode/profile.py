"""The account, its user, the user's SSH keys, and tags."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from sandbox.cloud.digitalocean.keys import fingerprint
from sandbox.cloud.linode import answers
from sandbox.cloud.router import Routes
from sandbox.cloud.store import Document, Store
from sandbox.cloud.web import Answer, Call

USER = "owner"
SHORTEST_TAG, LONGEST_TAG = 3, 50
LONGEST_LABEL = 64
# Table and the API's name of what can be tagged here.
TAGGED = {"linode": "linode.instances", "volume": "linode.volumes", "firewall": "linode.firewalls"}


class Profile:
    """One account with one user."""

    def __init__(self, store: Store) -> None:
        self.store = store
        # How the API shows what carries a tag, by its kind; filled in by those who keep it.
        self.views: dict[str, Callable[[Document], Document]] = {}

    @property
    def keys(self) -> dict[str, Document]:
        return self.store.table("linode.keys")

    def routes(self) -> Routes:
        return {
            ("GET", "/v4/account"): self.account,
            ("GET", "/v4/profile"): self.user,
            ("GET", "/v4/profile/sshkeys"): lambda call: answers.page(call, self.keys.values()),
            ("POST", "/v4/profile/sshkeys"): self.add_key,
            ("GET", "/v4/profile/sshkeys/<key>"): lambda call: Answer(body=self._key(call)),
            ("PUT", "/v4/profile/sshkeys/<key>"): self.rename_key,
            ("DELETE", "/v4/profile/sshkeys/<key>"): self.delete_key,
            ("GET", "/v4/tags"): lambda call: answers.page(call, self.tags()),
            ("POST", "/v4/tags"): self.add_tag,
            ("GET", "/v4/tags/<tag>"): self.tagged,
            ("DELETE", "/v4/tags/<tag>"): self.delete_tag,
        }

    def account(self, _: Call) -> Answer:
        empty = ("address_1", "address_2", "city", "company", "country", "phone", "state", "tax_id", "zip")
        return Answer(
            body={
                **dict.fromkeys(empty, ""),
                "active_promotions": [],
                "active_since": "2025-01-01T00:00:00",
                "balance": 0,
                "balance_uninvoiced": 0,
                "billing_source": "linode",
                "capabilities": ["Linodes", "Block Storage", "Cloud Firewall", "VPCs", "Vlans"],
                "credit_card": None,
                "email": "owner@cloud.sandbox",
                "euuid": "5A1DF00D-5A1D-F00D-5A1DF00D5A1DF00D",
                "first_name": "Sandbox",
                "last_name": "Owner",
            }
        )

    def user(self, _: Call) -> Answer:
        return Answer(
            body={
                "authentication_type": "password",
                "authorized_keys": None,
                "email": "owner@cloud.sandbox",
                "email_notifications": True,
                "ip_whitelist_enabled": False,
                "lish_auth_method": "keys_only",
                "referrals": {"code": "", "completed": 0, "credit": 0, "pending": 0, "total": 0, "url": ""},
                "restricted": False,
                "timezone": "GMT",
                "two_factor_auth": False,
                "uid": 1,
                "user_type": "default",
                "username": USER,
                "verified_phone_number": None,
            }
        )

    def add_key(self, call: Call) -> Answer:
        asked = answers.content(call)
        label, key = answers.field(asked, "label", str, ""), answers.field(asked, "ssh_key", str, "").strip()
        if not 1 <= len(label) <= LONGEST_LABEL:
            raise answers.invalid(f"Length must be 1-{LONGEST_LABEL} characters", "label")
        check_key(key, "ssh_key")
        made = {
            "id": self.store.number("linode.keys", 42),
            "label": label,
            "ssh_key": key,
            "created": answers.moment(),
        }
        self.keys[str(made["id"])] = made
        return Answer(body=made)

    def rename_key(self, call: Call) -> Answer:
        key = self._key(call)
        key["label"] = answers.field(answers.content(call), "label", str, key["label"])
        return Answer(body=key)

    def delete_key(self, call: Call) -> Answer:
        del self.keys[str(self._key(call)["id"])]
        return Answer(body={})

    def users_keys(self, users: Iterable[str]) -> list[str]:
        """The keys of users. Refusal (400) if there is no such user, or it has none."""
        keys = [key["ssh_key"] for key in self.keys.values()]
        for user in users:
            if user != USER:
                raise answers.invalid(f"User {user} does not exist", "authorized_users")
            if not keys:
                raise answers.invalid(f"User {user} has no SSH keys", "authorized_users")
        return keys if list(users) else []

    def checked_tags(self, wanted: list[str]) -> list[str]:
        """Tags as they are kept. Refusal (400) if one is too short or too long."""
        for tag in wanted:
            if not SHORTEST_TAG <= len(tag) <= LONGEST_TAG:
                raise answers.invalid(f"Length must be {SHORTEST_TAG}-{LONGEST_TAG} characters", "tags")
            self.store.table("linode.tags").setdefault(tag, {"label": tag})
        return list(dict.fromkeys(wanted))

    def tags(self) -> list[Document]:
        """All tags."""
        return list(self.store.table("linode.tags").values())

    def add_tag(self, call: Call) -> Answer:
        asked = answers.content(call)
        label = answers.field(asked, "label", str, "")
        self.checked_tags([label])
        for number in answers.field(asked, "linodes", list, []):
            instance = self.store.table("linode.instances").get(str(number))
            if instance is None:
                raise answers.invalid(f"Linode {number} does not exist", "linodes")
            instance["tags"] = list(dict.fromkeys([*instance["tags"], label]))
        return Answer(body={"label": label})

    def tagged(self, call: Call) -> Answer:
        tag = self._tag(call)
        found = [
            {"type": kind, "data": self.views[kind](document)}
            for kind, table in TAGGED.items()
            for document in self.store.table(table).values()
            if tag in document["tags"]
        ]
        return answers.page(call, found)

    def delete_tag(self, call: Call) -> Answer:
        tag = self._tag(call)
        for table in TAGGED.values():
            for document in self.store.table(table).values():
                document["tags"] = [label for label in document["tags"] if label != tag]
        del self.store.table("linode.tags")[tag]
        return Answer(body={})

    def _tag(self, call: Call) -> str:
        if call.arguments["tag"] not in self.store.table("linode.tags"):
            raise answers.not_found()
        return call.arguments["tag"]

    def _key(self, call: Call) -> Document:
        key = self.keys.get(call.arguments["key"])
        if key is None:
            raise answers.not_found()
        return key


def check_key(key: str, field: str) -> None:
    """Refusal (400) if a text is no public SSH key."""
    if fingerprint(key) is None:
        raise answers.invalid("SSH Key key-type must be one of ssh-dss, ssh-rsa, ecdsa-sha2-nistp, ssh-ed25519", field)
