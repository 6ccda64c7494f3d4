"""Settings as a person types them after a command."""

from __future__ import annotations

from collections.abc import Mapping
from shlex import quote
from typing import Any

from madaline.settings.values import value_text


def as_options(settings: Mapping[str, Any]) -> str:
    """Settings as options, to be copied into a shell.

    >>> as_options({"dropout": 0.2, "hidden": (64, 32), "drop": ("id", "last name")})
    "--dropout 0.2 --hidden 64,32 --drop 'id,last name'"
    """
    return " ".join(
        f"{option_name(name)} {quote(value_text(value))}" for name, value in settings.items()
    )


def option_name(name: str) -> str:
    """``batch_size`` as an option.

    >>> option_name("batch_size")
    '--batch-size'
    """
    return "--" + name.replace("_", "-")
