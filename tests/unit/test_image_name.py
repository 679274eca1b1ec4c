"""Image names as Docker reads them."""

from __future__ import annotations

import pytest
from ansible_collections.slipway.vps.plugins.module_utils.image_name import (
    image_with_tag,
    split_registry,
    split_tag,
    where_to_ask,
)


@pytest.mark.parametrize(
    ("name", "registry", "path"),
    [
        ("redis", "docker.io", "library/redis"),
        ("acme/microblog", "docker.io", "acme/microblog"),
        ("ghcr.io/acme/microblog", "ghcr.io", "acme/microblog"),
        ("localhost/shop", "localhost", "shop"),
        ("registry:5000/shop", "registry:5000", "shop"),
    ],
)
def test_registry(name: str, registry: str, path: str) -> None:
    assert split_registry(name) == (registry, path)


@pytest.mark.parametrize(
    ("image", "name", "tag"),
    [
        ("redis", "redis", ""),
        ("redis:8", "redis", "8"),
        ("registry:5000/shop", "registry:5000/shop", ""),
        ("registry:5000/shop:1.0", "registry:5000/shop", "1.0"),
    ],
)
def test_tag(image: str, name: str, tag: str) -> None:
    assert split_tag(image) == (name, tag)


def test_the_tag_that_counts() -> None:
    assert image_with_tag("shop", "") == "shop:latest"
    assert image_with_tag("shop:1.0", "") == "shop:1.0"
    assert image_with_tag("shop:1.0", "abc") == "shop:abc"
    assert image_with_tag("registry:5000/shop", "abc") == "registry:5000/shop:abc"


def test_docker_hub_is_asked_at_its_mirror() -> None:
    mirrors = ["https://hub.example.com:5443", "https://second.example.com"]
    assert where_to_ask("redis:8", mirrors) == "hub.example.com:5443/library/redis:8"
    assert where_to_ask("acme/shop:1", ["hub.example.com"]) == "hub.example.com/acme/shop:1"
    assert where_to_ask("ghcr.io/acme/shop:1", mirrors) == "ghcr.io/acme/shop:1"
    assert where_to_ask("acme/shop:1", []) == "acme/shop:1"
