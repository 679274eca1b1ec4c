"""Lets the tests import the collection by its full name from the plain checkout, as Ansible does."""

from __future__ import annotations

from pathlib import Path

import ansible_collections

COLLECTIONS = Path(__file__).parents[2] / "collections/ansible_collections"

if str(COLLECTIONS) not in ansible_collections.__path__:
    ansible_collections.__path__.append(str(COLLECTIONS))
