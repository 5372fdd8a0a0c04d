"""Months that are over, from files by day to one file each."""

from __future__ import annotations

from pathlib import Path

from rencheng.adapters.history.manifest import read_manifest, write_manifest
from rencheng.adapters.history.parts import Part, Parts


def compacted(folder: Path, parts: Parts, group: list[Part]) -> Parts:
    """Write the files of a month to one and say so in the manifest, in one step.

    A crash leaves either the old files or the new one in force. The log is not touched.
    """
    body = read_manifest(folder)
    if body is None:
        return parts
    # The month's own files are all in the group, so that no name in force is used again.
    made = parts.merge(group, 1 + max(int(part.file.split("-")[1]) for part in group))
    kept = [*(part for part in parts.parts if part not in group), made]
    state = {key: body[key] for key in body.keys() - {"schema", "log", "parts"}}
    write_manifest(folder, kept, body["log"], state)
    return parts.of(kept)
