"""What can be asked of a Linode: power, resize, backups."""

from __future__ import annotations

from sandbox.cloud.linode import answers, catalogue
from sandbox.cloud.linode.instances import Instances
from sandbox.cloud.router import Routes
from sandbox.cloud.store import Document
from sandbox.cloud.web import Answer, Call, Handler


class InstanceActions:
    """Actions on Linodes. Each answers at once; the Linode's status and the events tell how far it is."""

    def __init__(self, instances: Instances) -> None:
        self.instances, self.fleet, self.events = instances, instances.fleet, instances.events

    def routes(self) -> Routes:
        one = "/v4/linode/instances/<linode>"
        return {
            ("POST", f"{one}/boot"): self._power("on"),
            ("POST", f"{one}/shutdown"): self._power("off"),
            ("POST", f"{one}/reboot"): self._power("reboot"),
            ("POST", f"{one}/resize"): self.resize,
            ("POST", f"{one}/backups/enable"): lambda call: self._backups(call, True),
            ("POST", f"{one}/backups/cancel"): lambda call: self._backups(call, False),
        }

    def _power(self, kind: str) -> Handler:
        def handler(call: Call) -> Answer:
            instance = self._idle(call)
            number, running = instance["machine"], self.instances.status(instance) == "running"
            if kind == "on":
                if running:
                    raise answers.invalid("Linode is already booted.")
                work, action = self.fleet.power_on(number), "linode_boot"
            elif kind == "off":
                if not running:
                    raise answers.invalid("Linode is not running.")
                work, action = self.fleet.power_off(number, at_once=False), "linode_shutdown"
            else:
                work, action = self.fleet.reboot(number), "linode_reboot"
            self._note(instance, kind, work, action)
            return Answer(body={})

        return handler

    def resize(self, call: Call) -> Answer:
        instance, asked = self._idle(call), answers.content(call)
        wanted = answers.field(asked, "type", str, "")
        try:
            kind = catalogue.kind(wanted)
        except KeyError:
            raise answers.invalid("A valid plan type by that ID was not found", "type") from None
        if wanted == instance["type"]:
            raise answers.invalid("Linode is already running this service plan.", "type")
        if kind["disk"] < catalogue.kind(instance["type"])["disk"]:
            raise answers.invalid("Linode has allocated more disk than the new service plan allows.", "type")
        move = answers.field(asked, "migration_type", str, "cold")
        if move not in ("cold", "warm"):
            raise answers.invalid("migration_type must be cold or warm", "migration_type")
        answers.field(asked, "allow_auto_disk_resize", bool, True)

        def resized() -> None:
            instance.update(type=wanted, updated=answers.moment())

        # A running Linode is shut down, moved, and started again.
        number, running = instance["machine"], self.instances.status(instance) == "running"
        work = self.fleet.reboot(number, between=resized) if running else self.fleet.pause(number, then=resized)
        self._note(instance, "resize", work, "linode_resize")
        return Answer(body={})

    def _backups(self, call: Call, enabled: bool) -> Answer:
        self.instances.known(call)["backups"] = enabled
        return Answer(body={})

    def _idle(self, call: Call) -> Document:
        instance = self.instances.known(call)
        if self.instances.status(instance) not in ("running", "offline"):
            raise answers.invalid("Linode busy.")
        return instance

    def _note(self, instance: Document, kind: str, work: str, action: str) -> None:
        instance["busy"] = {"kind": kind, "work": work}
        self.events.note(action, "linode", instance["id"], instance["label"], "linode/instances", work)
