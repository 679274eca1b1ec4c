"""Tags, and what carries them."""

from __future__ import annotations

import re
from collections.abc import Iterable

from sandbox.cloud.digitalocean import answers
from sandbox.cloud.router import Routes
from sandbox.cloud.store import Document, Store
from sandbox.cloud.web import Answer, Call, Refusal

NAME = re.compile(r"[a-zA-Z0-9_\-:]{1,255}")
# Table and the API's name of what can be tagged here.
TAGGED = {"droplet": "digitalocean.droplets", "volume": "digitalocean.volumes"}


class Tags:
    """The account's tags. The capitals with which a tag was first written stay."""

    def __init__(self, store: Store) -> None:
        self.store = store

    @property
    def table(self) -> dict[str, Document]:
        return self.store.table("digitalocean.tags")

    def routes(self) -> Routes:
        return {
            ("GET", "/v2/tags"): self.listing,
            ("POST", "/v2/tags"): self.create,
            ("GET", "/v2/tags/<tag>"): self.get,
            ("DELETE", "/v2/tags/<tag>"): self.delete,
            ("POST", "/v2/tags/<tag>/resources"): self.assign,
            ("DELETE", "/v2/tags/<tag>/resources"): self.unassign,
        }

    def ensure(self, wanted: Iterable[str]) -> list[str]:
        """Make the tags that are not there; their names as they are written. Refusal (422) if one is no name."""
        names = []
        for name in wanted:
            if not NAME.fullmatch(name):
                raise answers.invalid("Tag name must contain only letters, numbers, colons, dashes, and underscores")
            self.table.setdefault(name.lower(), {"name": name})
            names.append(self.table[name.lower()]["name"])
        return list(dict.fromkeys(names))

    def view(self, tag: Document, call: Call) -> Document:
        """A tag as the API shows it."""
        resources: Document = {"count": 0}
        for kind, table in TAGGED.items():
            tagged = [identity for identity, found in self.store.table(table).items() if tag["name"] in found["tags"]]
            resources[f"{kind}s"] = {"count": len(tagged)}
            if tagged:
                uri = f"{answers.base(call)}/v2/{kind}s/{tagged[-1]}"
                resources[f"{kind}s"]["last_tagged_uri"] = resources["last_tagged_uri"] = uri
                resources["count"] += len(tagged)
        for kind in ("images", "volume_snapshots", "databases"):
            resources[kind] = {"count": 0}
        return {"name": tag["name"], "resources": resources}

    def listing(self, call: Call) -> Answer:
        return answers.page(call, "tags", [self.view(tag, call) for tag in self.table.values()])

    def create(self, call: Call) -> Answer:
        name = answers.field(answers.content(call), "name", str, "")
        if not NAME.fullmatch(name):
            # This one endpoint has another form of error.
            reason = f'Error validating resource tag: "{name}" contains invalid characters'
            raise Refusal(Answer(400, {"error": reason, "messages": None, "root_causes": [reason]}))
        self.ensure([name])
        return Answer(201, {"tag": self.view(self.table[name.lower()], call)})

    def get(self, call: Call) -> Answer:
        return Answer(body={"tag": self.view(self._known(call), call)})

    def delete(self, call: Call) -> Answer:
        tag = self._known(call)
        for table in TAGGED.values():
            for found in self.store.table(table).values():
                found["tags"] = [name for name in found["tags"] if name != tag["name"]]
        del self.table[tag["name"].lower()]
        return Answer(204)

    def assign(self, call: Call) -> Answer:
        tag = self._known(call)
        for found in self._resources(call):
            found["tags"] = list(dict.fromkeys([*found["tags"], tag["name"]]))
        return Answer(204)

    def unassign(self, call: Call) -> Answer:
        tag = self._known(call)
        for found in self._resources(call):
            found["tags"] = [name for name in found["tags"] if name != tag["name"]]
        return Answer(204)

    def _resources(self, call: Call) -> list[Document]:
        found = []
        for asked in answers.field(answers.content(call), "resources", list, []):
            table = TAGGED.get(asked.get("resource_type"))
            if table is None:
                raise answers.invalid("resource_type is invalid")
            resource = self.store.table(table).get(str(asked.get("resource_id")))
            if resource is None:
                raise answers.not_found()
            found.append(resource)
        if not found:
            raise answers.invalid("resources can't be blank")
        return found

    def _known(self, call: Call) -> Document:
        tag = self.table.get(call.arguments["tag"].lower())
        if tag is None or tag["name"] != call.arguments["tag"]:
            raise answers.not_found()
        return tag
