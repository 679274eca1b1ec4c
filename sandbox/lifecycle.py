"""The sandbox as a whole: up, down, reset."""

from __future__ import annotations

import contextlib
import fcntl
import functools
from collections.abc import Iterator, Sequence

import docker

from sandbox import (
    acme,
    authority,
    catalogue,
    containers,
    inventory,
    keys,
    names,
    network,
    paths,
    registry,
    servers,
    services,
    tasks,
    world,
)
from sandbox.cloud import service
from sandbox.errors import SandboxError
from sandbox.images import RECIPE, ImageStore
from sandbox.names import Server
from sandbox.progress import Report
from sandbox.tasks import Task


@contextlib.contextmanager
def locked(report: Report, shared: bool = False) -> Iterator[None]:
    """Hold the checkout's lock, so that two commands do not change the sandbox at once; waits for it.

    `shared` is for what changes one server alone: many of those may run side by side.
    """
    kind = fcntl.LOCK_SH if shared else fcntl.LOCK_EX
    paths.STATE.mkdir(exist_ok=True)
    with paths.LOCK.open("w") as lock:
        try:
            fcntl.flock(lock, kind | fcntl.LOCK_NB)
        except OSError:
            report.say("another `python -m sandbox` command is at work in this checkout: waiting for it")
            fcntl.flock(lock, kind)
        yield


def up(
    client: docker.DockerClient,
    report: Report,
    wanted: Sequence[Server],
    replace: bool,
    stand_ins: bool,
    cloud: bool = False,
) -> None:
    """Bring up images, network, services and the servers `wanted`. SandboxError says what stopped it.

    `cloud`: cloud.sandbox as well; once it is there, it is brought up with the rest.
    """
    gone = world.take_over(client, replace)
    if gone:
        report.say(f"removed {gone} containers that another sandbox left behind")
    authority.ensure()
    keys.ensure()
    servers.resolv_conf()
    password = inventory.ensure_secrets()
    network.ensure(client)
    containers.ensure_volume(client, registry.HUB_VOLUME, "store")
    registry.remove_stale_writers(client)
    store = ImageStore(client, report, stand_ins)
    cloud = cloud or containers.inspect(client, names.container_name("cloud")) is not None
    with registry.opened(client) as hub, report.live():
        tasks.run(plan(client, report, store, hub, password, wanted, cloud))
    engine = client.info()
    old = [server.name for server in wanted if servers.outdated(client, server, engine)]
    if old:
        report.say(f"made by an older version of the sandbox; renew with `python -m sandbox reset {' '.join(old)}`")


def plan(
    client: docker.DockerClient,
    report: Report,
    store: ImageStore,
    hub: registry.Hub,
    password: str,
    wanted: Sequence[Server],
    cloud: bool = False,
) -> list[Task]:
    """The tasks of `up` and their order."""
    engine = client.info()
    plan_: list[Task] = []

    def add(name: str, work, *after: str, heavy=lambda: False) -> None:
        plan_.append(Task(name, work, frozenset(after), heavy))

    systems = {server.system for server in wanted}
    distributions = {system.partition("-")[0] for system in systems}
    images = catalogue.needed({*systems, *distributions, *(["cloud"] if cloud else [])})
    for image in images:
        add(
            image.reference,
            functools.partial(store.ensure, image),
            *image.bases,
            heavy=lambda image=image: not store.is_current(image),
        )
    add("dns", lambda: _service(client, report, services.dns()), catalogue.DNS)
    add("registry", lambda: _registry(client, report, password), catalogue.REGISTRY)
    add("hub", lambda: _hub(client, report, hub), catalogue.REGISTRY)
    add("packages", lambda: _packages(client, report), catalogue.PACKAGES)
    add("acme", lambda: _acme(client, report), catalogue.ACME)
    if cloud:
        servers_images = (catalogue.CLOUD_SERVER_12, catalogue.CLOUD_SERVER_13)
        add("cloud", lambda: _cloud(client, report), catalogue.CLOUD, *servers_images)
    for image in images:
        if image.on_hub:
            add(
                f"hub {image.reference}",
                functools.partial(_fill, client, report, hub, image),
                image.reference,
                "hub",
                heavy=lambda image=image: not hub.holds_image(image.reference),
            )
    for server in wanted:
        specification = servers.specification(server, engine)
        add(server.name, functools.partial(_server, client, report, server, engine), specification.image)
    return plan_


def _service(client: docker.DockerClient, report: Report, wanted: containers.Specification) -> None:
    with report.step(wanted.name):
        containers.ensure(client, wanted)


def _registry(client: docker.DockerClient, report: Report, password: str) -> None:
    with report.step(names.REGISTRY):
        containers.ensure(client, registry.registry(password))
        registry.wait_ready(names.REGISTRY_PORT, "registry")


def _hub(client: docker.DockerClient, report: Report, hub: registry.Hub) -> None:
    with report.step(names.HUB):
        containers.ensure(client, registry.hub())
        hub.wait()


def _cloud(client: docker.DockerClient, report: Report) -> None:
    with report.step(names.CLOUD):
        containers.ensure(client, service.specification())
        service.wait_ready()


def _fill(client: docker.DockerClient, report: Report, hub: registry.Hub, image: catalogue.Image) -> None:
    reference = f"library/{image.reference}"
    with report.step(f"{names.HUB} serves {image.reference}"):
        hub.push(image.reference, reference)


def _packages(client: docker.DockerClient, report: Report) -> None:
    with report.step(names.PACKAGES):
        containers.ensure(client, services.packages())
        inventory.write_generated(services.packages_fingerprint(client))


def _acme(client: docker.DockerClient, report: Report) -> None:
    with report.step(names.ACME):
        containers.ensure(client, acme.STANDARD.specification())
        acme.STANDARD.remember_root()


def _server(client: docker.DockerClient, report: Report, server: Server, engine: dict) -> None:
    with report.step(server.name):
        servers.ensure(client, server, engine)


def reset(client: docker.DockerClient, report: Report, server: Server) -> None:
    """Make one server bare again."""
    # Another checkout's server has the same name: nobody but that checkout resets it.
    dns = containers.inspect(client, services.dns().container)
    if dns is None or not dns["State"]["Running"] or not world.is_ours(dns["Config"]["Labels"]):
        raise SandboxError("the sandbox of this checkout is not up: `python -m sandbox up` first")
    servers.resolv_conf()
    with report.live(), report.step(f"{server.name}: bare again"):
        servers.reset(client, server, client.info())


def down(client: docker.DockerClient, report: Report, images: bool) -> None:
    """Remove this checkout's containers, volumes and network; `images`: what was built and the hub's store too."""
    ours = [summary for summary in world.summaries(client) if world.is_ours(summary["Labels"])]
    with report.live(), report.step("down"):
        # First what makes servers, then they themselves.
        for summary in ours:
            if world.summary_name(summary) == names.container_name("cloud"):
                world.remove_container(client, summary["Id"])
        tasks.run(
            Task(summary["Id"], functools.partial(world.remove_container, client, summary["Id"])) for summary in ours
        )
        volumes = [
            volume.name
            for volume in client.volumes.list(filters={"label": world.KIND})
            if world.is_ours(volume.attrs.get("Labels"))
            and (images or (volume.attrs.get("Labels") or {}).get(world.KIND) != "store")
        ]
        for volume in volumes:
            world.remove_volume(client, volume)
        if not any(not world.is_ours(summary["Labels"]) for summary in world.summaries(client)):
            network.remove(client)
    if images:
        _remove_images(client)
    report.say(
        f"removed {len(ours)} containers and {len(volumes)} volumes{' and the images built here' if images else ''}"
    )


def _remove_images(client: docker.DockerClient) -> None:
    # Those that others are built from come last.
    for image in reversed(catalogue.IMAGES):
        with contextlib.suppress(docker.errors.ImageNotFound):
            found = client.api.inspect_image(image.reference)
            if RECIPE in (found["Config"].get("Labels") or {}):
                client.api.remove_image(image.reference, force=True)
    client.api.prune_images(filters={"label": [RECIPE], "dangling": True})
