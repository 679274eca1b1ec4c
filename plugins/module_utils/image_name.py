"""Image names as Docker reads them (github.com/distribution/reference): registry, path, tag."""

from __future__ import annotations

from urllib.parse import urlsplit

DOCKER_HUB = "docker.io"


def split_registry(name: str) -> tuple[str, str]:
    """(registry, path) of a name without tag; one without a registry is Docker Hub's, a single word its `library/`."""
    first, _, rest = name.partition("/")
    if rest and ("." in first or ":" in first or first == "localhost"):
        return first, rest
    return DOCKER_HUB, name if "/" in name else f"library/{name}"


def split_tag(image: str) -> tuple[str, str]:
    """(name, tag) of an image; the tag is '' when there is none. A registry's port is no tag."""
    name, colon, tag = image.rpartition(":")
    return (name, tag) if colon and "/" not in tag else (image, "")


def image_with_tag(image: str, tag: str) -> str:
    """The image with a tag: the given one, else its own, else `latest`."""
    name, own = split_tag(image)
    return f"{name}:{tag or own or 'latest'}"


def where_to_ask(image: str, mirrors: list[str]) -> str:
    """The image under the name at which the engine asks for it: Docker Hub's at the first registry mirror."""
    name, tag = split_tag(image)
    registry, path = split_registry(name)
    if registry != DOCKER_HUB or not mirrors:
        return image
    return f"{urlsplit(mirrors[0]).netloc or mirrors[0]}/{path}:{tag}"
