"""A file as the parameters of a link, so that a page that is loaded again shows the same source; never a secret."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from automic_core.errors import ConfigError
from automic_core.workbench.browsing import connector_of
from automic_core.workbench.sources import source_form
from automic_core.workbench.uploads import FOLDER

UPLOAD, SOURCE, KIND, OPTIONS = "upload", "source", "kind", "options"
NAMES = (UPLOAD, SOURCE, KIND, OPTIONS)
_LONGEST = 1_500


def source_link(
    lake: str | Path, place: str, kind: str = "", options: Mapping[str, Any] | None = None
) -> dict[str, str]:
    """The parameters that name a file.

    Addresses have none, for they may hold a password or a token; nor has a kind of source that knows secrets.

    Args:
        lake: Folder of the lake; its uploads are named by the name they are stored under.
        place: Path or pattern.
        kind: Empty = by the suffix.
        options: How it is read.
    """
    if not place or "://" in place or "::" in place or not _harmless(kind or connector_of(place)):
        return {}
    uploads = Path(lake).absolute() / FOLDER
    stored = Path(place).is_relative_to(uploads)
    found = {UPLOAD: Path(place).relative_to(uploads).as_posix()} if stored else {SOURCE: place}
    found |= {KIND: kind} if kind else {}
    found |= {OPTIONS: json.dumps(options, separators=(",", ":"), default=str)} if options else {}
    return found if sum(map(len, found.values())) <= _LONGEST else {}


def linked_source(lake: str | Path, link: Mapping[str, str]) -> tuple[str, str, dict[str, Any]] | None:
    """Place, kind and options that such parameters name; None if they name no file. Whether it may be read is for the
    reader to say.
    """
    place = link.get(SOURCE, "")
    if UPLOAD in link:
        place = str(Path(lake).absolute() / FOLDER / link[UPLOAD])
    kind = link.get(KIND, "")
    if not place.strip() or "\0" in place or "://" in place or "::" in place or not _harmless(kind):
        return None
    return place, kind, _options(link.get(OPTIONS, ""))


def _options(text: str) -> dict[str, Any]:
    try:
        found = json.loads(text or "{}")
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _harmless(kind: str) -> bool:
    """Whether sources of this kind are files and know no secrets; one whose kind nobody knows yet is a file."""
    if not kind:
        return True
    try:
        form = source_form(kind)
    except ConfigError:
        return False
    return form.where == ("path",) and not any(_secret(each) for each in form.schema.get("properties", {}).values())


def _secret(spec: Mapping[str, Any]) -> bool:
    return any(each.get("format") == "secret" for each in (spec, *spec.get("anyOf", ())))
