"""Settings of /etc/login.defs, changed in place: the file is the distribution's, whose updates go on changing it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

PATH = Path("/etc/login.defs")


def read(text: str) -> dict[str, str]:
    """The settings that count; of several lines, programs take the last (login.defs(5), shadow's getdef.c)."""
    return dict(re.findall(r"(?m)^[ \t]*([A-Z][A-Z0-9_]*)[ \t]+(\S+)", text))


def edited(text: str, wanted: Mapping[str, str]) -> str:
    """The text with the wanted values: in their lines, else below the line that explains them, else at the end."""
    for name, value in wanted.items():
        line = f"{name}\t{value}"
        active = re.compile(rf"(?m)^[ \t]*{re.escape(name)}[ \t]+\S.*$")
        commented = re.compile(rf"(?m)^#[ \t]*{re.escape(name)}[ \t]+\S+[ \t]*$")
        if active.search(text):
            if read(text).get(name) != value:
                text = active.sub(lambda _, line=line: line, text)
        elif explained := list(commented.finditer(text)):
            end = explained[-1].end()
            text = f"{text[:end]}\n{line}{text[end:]}"
        else:
            text = f"{text.rstrip()}\n{line}\n" if text.strip() else f"{line}\n"
    return text
