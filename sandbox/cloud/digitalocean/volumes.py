"""Block storage: volumes that the API attaches and detaches, and that a server really has."""

from __future__ import annotations

import re

from sandbox.cloud.digitalocean import answers, catalogue
from sandbox.cloud.digitalocean.actions import Actions
from sandbox.cloud.router import Routes
from sandbox.cloud.seed import Disk
from sandbox.cloud.store import Document, Store, identity, timestamp
from sandbox.cloud.web import Answer, Call

NAME = re.compile(r"[a-z][a-z0-9-]{0,63}")
LARGEST = 16384


class Volumes:
    """The account's volumes."""

    def __init__(self, store: Store, actions: Actions) -> None:
        self.store, self.actions = store, actions

    @property
    def table(self) -> dict[str, Document]:
        return self.store.table("digitalocean.volumes")

    def routes(self) -> Routes:
        return {
            ("GET", "/v2/volumes"): self.listing,
            ("POST", "/v2/volumes"): self.create,
            ("DELETE", "/v2/volumes"): self.delete_by_name,
            ("POST", "/v2/volumes/actions"): self.act_by_name,
            ("GET", "/v2/volumes/<volume>"): self.get,
            ("DELETE", "/v2/volumes/<volume>"): self.delete,
            ("GET", "/v2/volumes/<volume>/actions"): self.list_actions,
            ("POST", "/v2/volumes/<volume>/actions"): self.act,
            ("GET", "/v2/volumes/<volume>/actions/<action>"): self.get_action,
        }

    def attached_to(self, droplet: int) -> list[str]:
        """The volumes of a droplet."""
        return [identity for identity, volume in self.table.items() if droplet in volume["droplet_ids"]]

    def check_free(self, wanted: list[str], region: str) -> None:
        """Refusal unless all these volumes can be attached to a new droplet of a region."""
        for name in wanted:
            volume = self.table.get(name)
            if volume is None or volume["region"] != region:
                raise answers.invalid("You specified an invalid volume for Droplet creation.")
            if volume["droplet_ids"]:
                raise answers.invalid(f"volume {name} is already attached to a droplet")

    def attach(self, wanted: list[str], droplet: int) -> None:
        """Attach volumes to a droplet."""
        for name in wanted:
            self.table[name]["droplet_ids"] = [droplet]
        if wanted:
            self._disks(droplet)

    def detach_all(self, droplet: int) -> None:
        """Detach a droplet's volumes, as it is destroyed."""
        for name in self.attached_to(droplet):
            self.table[name]["droplet_ids"] = []

    def _disks(self, droplet: int) -> str:
        """Begin to give a droplet the volumes that are attached to it; the work."""
        named = [(identity, self.table[identity]) for identity in self.attached_to(droplet)]
        disks = [
            Disk(identity, volume["size_gigabytes"], f"/dev/disk/by-id/scsi-0DO_Volume_{volume['name']}")
            for identity, volume in named
        ]
        machine = self.store.table("digitalocean.droplets")[str(droplet)]["machine"]
        return self.actions.fleet.set_disks(machine, disks)

    def view(self, volume: Document) -> Document:
        """A volume as the API shows it."""
        return {**volume, "region": catalogue.region(volume["region"])}

    def listing(self, call: Call) -> Answer:
        name, region = call.query.get("name"), call.query.get("region")
        found = [
            self.view(volume)
            for volume in self.table.values()
            if name in (None, volume["name"]) and region in (None, volume["region"])
        ]
        return answers.page(call, "volumes", found)

    def create(self, call: Call) -> Answer:
        asked = answers.content(call)
        name, region = answers.field(asked, "name", str, ""), answers.field(asked, "region", str, "")
        size = answers.field(asked, "size_gigabytes", int, 0)
        if not NAME.fullmatch(name):
            raise answers.invalid("name must be lowercase letters, numbers and dashes, and begin with a letter")
        if region not in catalogue.open_regions():
            raise answers.invalid("region is invalid")
        if not 1 <= size <= LARGEST:
            raise answers.invalid(f"size_gigabytes must be between 1 and {LARGEST}")
        file_system = answers.field(asked, "filesystem_type", str, "")
        if file_system not in ("", "ext4", "xfs"):
            raise answers.invalid("filesystem_type must be ext4 or xfs")
        if any((volume["name"], volume["region"]) == (name, region) for volume in self.table.values()):
            raise answers.conflict(f"a volume named {name} already exists in {region}")
        volume = {
            "id": identity(),
            "name": name,
            "description": answers.field(asked, "description", str, ""),
            "size_gigabytes": size,
            "droplet_ids": [],
            "region": region,
            "tags": answers.texts(asked, "tags"),
            "filesystem_type": file_system,
            "filesystem_label": answers.field(asked, "filesystem_label", str, ""),
            "created_at": timestamp(),
        }
        self.table[str(volume["id"])] = volume
        return Answer(201, {"volume": self.view(volume)})

    def get(self, call: Call) -> Answer:
        return Answer(body={"volume": self.view(self._known(call))})

    def delete(self, call: Call) -> Answer:
        return self._delete(self._known(call))

    def delete_by_name(self, call: Call) -> Answer:
        return self._delete(self._named(call.query.get("name"), call.query.get("region")))

    def act(self, call: Call) -> Answer:
        return self._act(self._known(call), answers.content(call))

    def act_by_name(self, call: Call) -> Answer:
        asked = answers.content(call)
        return self._act(self._named(asked.get("volume_name"), asked.get("region")), asked)

    def list_actions(self, call: Call) -> Answer:
        return self.actions.page(call, self._actions(self._known(call)))

    def get_action(self, call: Call) -> Answer:
        return self.actions.one(call, self._actions(self._known(call)))

    def _actions(self, volume: Document) -> list[Document]:
        # A volume has no number, by which actions are found.
        return [action for action in self.actions.of("volume", None) if action.get("volume") == volume["id"]]

    def _act(self, volume: Document, asked: Document) -> Answer:
        kind, work = asked.get("type"), None
        if kind == "resize":
            size = answers.field(asked, "size_gigabytes", int, 0)
            if not volume["size_gigabytes"] <= size <= LARGEST:
                raise answers.invalid("a volume can only become larger")
            volume["size_gigabytes"] = size
        elif kind in ("attach", "detach"):
            droplet = answers.field(asked, "droplet_id", int)
            found = self.store.table("digitalocean.droplets").get(str(droplet))
            if found is None or found["region"] != volume["region"]:
                raise answers.invalid("droplet_id is invalid")
            if kind == "attach" and volume["droplet_ids"]:
                raise answers.invalid("volume is already attached to a droplet")
            if kind == "detach" and volume["droplet_ids"] != [droplet]:
                raise answers.invalid("attachment not found")
            volume["droplet_ids"] = [droplet] if kind == "attach" else []
            work = self._disks(droplet)
        else:
            raise answers.invalid("type is invalid")
        action = self.actions.begin(f"{kind}_volume", work, None, "volume", volume["region"])
        action["volume"] = volume["id"]
        return Answer(202, {"action": self.actions.view(action)})

    def _delete(self, volume: Document) -> Answer:
        if volume["droplet_ids"]:
            raise answers.conflict("failed to delete volume, it is attached to a droplet")
        del self.table[volume["id"]]
        return Answer(204)

    def _named(self, name: object, region: object) -> Document:
        for volume in self.table.values():
            if (volume["name"], volume["region"]) == (name, region):
                return volume
        raise answers.not_found()

    def _known(self, call: Call) -> Document:
        volume = self.table.get(call.arguments["volume"])
        if volume is None:
            raise answers.not_found()
        return volume
