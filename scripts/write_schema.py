"""Write the JSON Schema of the events, from which other programs make their types.

python scripts/write_schema.py
"""

from __future__ import annotations

import json
from pathlib import Path

import madaline.events
from madaline.events.schema import schema

PATH = Path(madaline.events.__file__).with_name("events.schema.json")


def text() -> str:
    return json.dumps(schema(), indent=1) + "\n"


if __name__ == "__main__":
    PATH.write_text(text())
    print(PATH)
