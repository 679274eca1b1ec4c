"""What DigitalOcean sells: regions, sizes with their prices in US dollars, and the images that can be made here."""

from __future__ import annotations

from typing import Any

# The older regions lack what newer ones have.
FEATURES = ("backups", "ipv6", "metadata", "install_agent", "storage", "image_transfer")
REGIONS = {
    "nyc1": "New York 1",
    "nyc2": "New York 2",
    "nyc3": "New York 3",
    "sfo2": "San Francisco 2",
    "sfo3": "San Francisco 3",
    "ams3": "Amsterdam 3",
    "sgp1": "Singapore 1",
    "lon1": "London 1",
    "fra1": "Frankfurt 1",
    "tor1": "Toronto 1",
    "blr1": "Bangalore 1",
    "syd1": "Sydney 1",
}
# Regions in which nothing new is sold.
CLOSED = ("nyc2", "sfo2")

# slug: memory (MB), CPUs, disk (GB), transfer (TB), price a month, class
_SIZES = {
    "s-1vcpu-512mb-10gb": (512, 1, 10, 0.5, 4, "Basic"),
    "s-1vcpu-1gb": (1024, 1, 25, 1, 6, "Basic"),
    "s-1vcpu-1gb-amd": (1024, 1, 25, 1, 7, "Basic AMD"),
    "s-1vcpu-1gb-intel": (1024, 1, 25, 1, 7, "Basic Intel"),
    "s-1vcpu-2gb": (2048, 1, 50, 2, 12, "Basic"),
    "s-1vcpu-2gb-amd": (2048, 1, 50, 2, 14, "Basic AMD"),
    "s-1vcpu-2gb-intel": (2048, 1, 50, 2, 14, "Basic Intel"),
    "s-2vcpu-2gb": (2048, 2, 60, 3, 18, "Basic"),
    "s-2vcpu-2gb-amd": (2048, 2, 60, 3, 21, "Basic AMD"),
    "s-2vcpu-2gb-intel": (2048, 2, 60, 3, 21, "Basic Intel"),
    "s-2vcpu-4gb": (4096, 2, 80, 4, 24, "Basic"),
    "s-2vcpu-4gb-amd": (4096, 2, 80, 4, 28, "Basic AMD"),
    "s-2vcpu-4gb-intel": (4096, 2, 80, 4, 28, "Basic Intel"),
    "c-2": (4096, 2, 25, 4, 42, "CPU-Optimized"),
    "s-4vcpu-8gb": (8192, 4, 160, 5, 48, "Basic"),
    "s-4vcpu-8gb-amd": (8192, 4, 160, 5, 56, "Basic AMD"),
    "s-4vcpu-8gb-intel": (8192, 4, 160, 5, 56, "Basic Intel"),
    "g-2vcpu-8gb": (8192, 2, 25, 4, 63, "General Purpose"),
    "c-4": (8192, 4, 50, 5, 84, "CPU-Optimized"),
    "m-2vcpu-16gb": (16384, 2, 50, 4, 84, "Memory-Optimized"),
    "s-8vcpu-16gb": (16384, 8, 320, 6, 96, "Basic"),
    "s-8vcpu-16gb-amd": (16384, 8, 320, 6, 112, "Basic AMD"),
    "s-8vcpu-16gb-intel": (16384, 8, 320, 6, 112, "Basic Intel"),
    "g-4vcpu-16gb": (16384, 4, 50, 5, 126, "General Purpose"),
    "c-8": (16384, 8, 100, 6, 168, "CPU-Optimized"),
    "m-4vcpu-32gb": (32768, 4, 100, 6, 168, "Memory-Optimized"),
    "g-8vcpu-32gb": (32768, 8, 100, 6, 252, "General Purpose"),
}
# The largest classes are not sold everywhere.
_EVERYWHERE = ("Basic", "CPU-Optimized")
_LARGE_REGIONS = ("nyc1", "nyc3", "sfo3", "ams3", "fra1")
# A month is billed as 28 days at most.
BILLED_HOURS = 672
# Debian releases by the slug of their image.
DEBIAN = {"debian-12-x64": "12", "debian-13-x64": "13"}
_IMAGES = {"debian-12-x64": (129210926, "12 x64"), "debian-13-x64": (195932981, "13 x64")}


def open_regions() -> list[str]:
    """Regions that sell new servers."""
    return [slug for slug in REGIONS if slug not in CLOSED]


def sizes() -> list[dict[str, Any]]:
    """All sizes, the cheapest first."""
    return [
        {
            "slug": slug,
            "memory": memory,
            "vcpus": cpus,
            "disk": disk,
            "transfer": float(transfer),
            "price_monthly": float(price),
            "price_hourly": round(price / BILLED_HOURS, 5),
            "regions": open_regions() if kind.split()[0] in _EVERYWHERE else list(_LARGE_REGIONS),
            "available": True,
            "description": kind,
            "disk_info": [{"type": "local", "size": {"amount": disk, "unit": "gib"}}],
        }
        for slug, (memory, cpus, disk, transfer, price, kind) in _SIZES.items()
    ]


def size(slug: str) -> dict[str, Any]:
    """A size by its slug. KeyError if there is none."""
    return next(size for size in sizes() if size["slug"] == slug) if slug in _SIZES else _missing(slug)


def region(slug: str) -> dict[str, Any]:
    """A region by its slug. KeyError if there is none."""
    is_open = slug not in CLOSED
    return {
        "name": REGIONS[slug],
        "slug": slug,
        "features": list(FEATURES),
        "available": is_open,
        "sizes": [size["slug"] for size in sizes() if slug in size["regions"]] if is_open else [],
    }


def image(slug: str) -> dict[str, Any]:
    """A public image by its slug. KeyError if there is none."""
    number, name = _IMAGES[slug]
    return {
        "id": number,
        "name": name,
        "distribution": "Debian",
        "slug": slug,
        "public": True,
        "regions": list(REGIONS),
        "created_at": "2025-09-16T00:00:00Z",
        "min_disk_size": 7,
        "type": "base",
        "size_gigabytes": 0.6,
        "description": f"Debian {name}",
        "tags": [],
        "status": "available",
        "error_message": "",
    }


def image_slug(wanted: Any) -> str | None:
    """The slug of an image named by slug or number; None if there is none."""
    return next((slug for slug in _IMAGES if wanted in (slug, image(slug)["id"], str(image(slug)["id"]))), None)


def _missing(slug: str) -> dict[str, Any]:
    raise KeyError(slug)
