"""Events as Madaline 0.1.0 wrote them, told as they are told today."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import cast

from madaline.events.record import JSON

Told = tuple[str, dict[str, JSON]]


def modern(kind: str, fields: Mapping[str, JSON]) -> Iterator[Told]:
    """Kind and fields of today.

    What is now an alert was a note, a warning, or a notice inside the data event; a regression's
    classes were null.
    """
    match kind:
        case "note" | "warn":
            yield "alert", {"level": kind, "code": "", **fields}
        case "data":
            kept = {name: value for name, value in fields.items() if name != "notices"}
            yield "data", {**kept, "classes": kept.get("classes") or ()}
            for notice in cast("Sequence[Mapping[str, JSON]]", fields.get("notices") or ()):
                yield "alert", _alert(notice)
        case _:
            yield kind, dict(fields)


def _alert(notice: Mapping[str, JSON]) -> dict[str, JSON]:
    kept = {name: value for name, value in notice.items() if name != "fix"}
    return {"level": "note", **kept, "action": notice.get("fix", "")}
