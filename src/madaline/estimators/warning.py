"""Warnings that name the line of the person who called, however deep inside they arise."""

from __future__ import annotations

import inspect
import warnings

# Frames between the caller and the warning: our own, and scikit-learn's around `fit`.
_INSIDE = ("madaline.", "sklearn.callback.")


def warn(message: str, category: type[Warning] = UserWarning) -> None:
    """Warn of something, at the line that called Madaline."""
    level, frame = 1, inspect.currentframe()
    while frame is not None and frame.f_globals.get("__name__", "").startswith(_INSIDE):
        level, frame = level + 1, frame.f_back
    warnings.warn(message, category, stacklevel=level)
