"""Block storage: volumes that the API attaches and detaches, and that a server really has."""

from __future__ import annotations

import re

from sandbox.cloud.linode import answers, catalogue
from sandbox.cloud.linode.events import Events
from sandbox.cloud.linode.profile import Profile
from sandbox.cloud.router import Routes
from sandbox.cloud.seed import Disk
from sandbox.cloud.store import Document, Store
from sandbox.cloud.web import Answer, Call

LABEL = re.compile(r"[a-zA-Z0-9](?:(?!--|__)[a-zA-Z0-9_-]){0,31}")
SMALLEST, LARGEST, USUAL = 10, 16384, 20


class Volumes:
    """The account's volumes."""

    def __init__(self, store: Store, profile: Profile, events: Events) -> None:
        self.store, self.profile, self.events = store, profile, events
        self.fleet = events.fleet
        profile.views["volume"] = self.view

    @property
    def table(self) -> dict[str, Document]:
        return self.store.table("linode.volumes")

    def routes(self) -> Routes:
        one = "/v4/volumes/<volume>"
        return {
            ("GET", "/v4/volumes"): lambda call: answers.page(call, map(self.view, self.table.values())),
            ("POST", "/v4/volumes"): self.create,
            ("GET", "/v4/volumes/types"): self.types,
            ("GET", one): lambda call: Answer(body=self.view(self._known(call))),
            ("PUT", one): self.update,
            ("DELETE", one): self.delete,
            ("POST", f"{one}/attach"): self.attach,
            ("POST", f"{one}/detach"): self.detach,
            ("POST", f"{one}/resize"): self.resize,
        }

    def of(self, instance: int) -> list[Document]:
        """The volumes of a Linode."""
        return [self.view(volume) for volume in self.table.values() if volume["linode_id"] == instance]

    def detach_all(self, instance: int) -> None:
        """Detach a Linode's volumes, as it is deleted."""
        for volume in self.table.values():
            if volume["linode_id"] == instance:
                volume["linode_id"] = None

    def _disks(self, linode: int) -> None:
        """Begin to give a Linode the volumes that are attached to it."""
        disks = [
            Disk(str(volume["id"]), volume["size"], volume["filesystem_path"])
            for volume in self.table.values()
            if volume["linode_id"] == linode
        ]
        work = self.fleet.set_disks(self.store.table("linode.instances")[str(linode)]["machine"], disks)
        for volume in self.table.values():
            if volume["linode_id"] == linode:
                volume["work"] = work

    def view(self, volume: Document) -> Document:
        """A volume as the API shows it."""
        instance = self.store.table("linode.instances").get(str(volume["linode_id"]))
        label = instance["label"] if instance else None
        ready = bool(instance) and self.fleet.work(volume["work"])["state"] == "done"
        shown = {name: value for name, value in volume.items() if name != "work"}
        return {**shown, "linode_label": label, "io_ready": ready, "locks": []}

    def types(self, call: Call) -> Answer:
        price = {"hourly": 0.00015, "monthly": 0.1}
        kind = {"id": "volume", "label": "Storage Volume", "price": price, "region_prices": [], "transfer": 0}
        return answers.page(call, [kind])

    def create(self, call: Call) -> Answer:
        asked = answers.content(call)
        label, size = answers.field(asked, "label", str, ""), answers.field(asked, "size", int, USUAL)
        if not LABEL.fullmatch(label):
            raise answers.invalid("Length must be 1-32 characters: letters, numbers, and single - _", "label")
        if any(volume["label"] == label for volume in self.table.values()):
            raise answers.invalid("Label must be unique among your Volumes", "label")
        if not SMALLEST <= size <= LARGEST:
            raise answers.invalid(f"Must be {SMALLEST}-{LARGEST}", "size")
        number = answers.field(asked, "linode_id", int)
        instance = self._instance(number) if number is not None else None
        region = instance["region"] if instance else answers.field(asked, "region", str, "")
        if region not in catalogue.REGIONS:
            raise answers.invalid("region is not valid", "region")
        identity, now = self.store.number("linode.volumes", 701), answers.moment()
        volume = {
            "id": identity,
            "label": label,
            "status": "active",
            "size": size,
            "region": region,
            "linode_id": number,
            "filesystem_path": f"/dev/disk/by-id/scsi-0Linode_Volume_{label}",
            "hardware_type": "nvme",
            "encryption": answers.field(asked, "encryption", str, "disabled"),
            "tags": self.profile.checked_tags(answers.texts(asked, "tags")),
            "created": now,
            "updated": now,
        }
        self.table[str(identity)] = volume
        if number is not None:
            self._disks(number)
        self.events.note("volume_create", "volume", identity, label, "volumes")
        return Answer(body=self.view(volume))

    def update(self, call: Call) -> Answer:
        volume, asked = self._known(call), answers.content(call)
        if "tags" in asked:
            volume["tags"] = self.profile.checked_tags(answers.texts(asked, "tags"))
        volume |= {"label": answers.field(asked, "label", str, volume["label"]), "updated": answers.moment()}
        return Answer(body=self.view(volume))

    def delete(self, call: Call) -> Answer:
        volume = self._known(call)
        if volume["linode_id"] is not None:
            raise answers.invalid("Volume must be detached before it can be deleted.")
        del self.table[str(volume["id"])]
        return Answer(body={})

    def attach(self, call: Call) -> Answer:
        volume = self._known(call)
        instance = self._instance(answers.field(answers.content(call), "linode_id", int))
        if volume["linode_id"] is not None:
            raise answers.invalid("Volume is already attached to a Linode.")
        if instance["region"] != volume["region"]:
            raise answers.invalid("Volume and Linode must be in the same region.", "linode_id")
        volume["linode_id"] = instance["id"]
        self._disks(instance["id"])
        return Answer(body=self.view(volume))

    def detach(self, call: Call) -> Answer:
        volume = self._known(call)
        before, volume["linode_id"] = volume["linode_id"], None
        if before is not None:
            self._disks(before)
        return Answer(body={})

    def resize(self, call: Call) -> Answer:
        volume = self._known(call)
        size = answers.field(answers.content(call), "size", int, 0)
        if not volume["size"] <= size <= LARGEST:
            raise answers.invalid("A Volume can only become larger", "size")
        volume["size"] = size
        return Answer(body=self.view(volume))

    def _instance(self, number: int | None) -> Document:
        instance = self.store.table("linode.instances").get(str(number))
        if instance is None:
            raise answers.invalid(f"Linode {number} does not exist", "linode_id")
        return instance

    def _known(self, call: Call) -> Document:
        volume = self.table.get(call.arguments["volume"])
        if volume is None:
            raise answers.not_found()
        return volume
