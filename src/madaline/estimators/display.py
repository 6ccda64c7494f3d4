"""What a notebook shows of a fitted estimator: the verdict, and the loss curve as inline SVG."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape

import numpy as np
from numpy.typing import NDArray

from madaline.events.verdict import Verdict
from madaline.report.draw.svg import loss_curve

_BOX = (
    '<div style="margin:8px 0;padding:8px 12px;border:1px solid currentColor;border-radius:8px;'
    'max-width:560px;font:13px system-ui,sans-serif">{}</div>'
)


def fitted_html(estimator: object) -> str:
    """The verdict with its evidence and one next action, above the curves; empty before a fit."""
    parts: list[str] = []
    verdict: Verdict | None = getattr(estimator, "verdict_", None)
    if verdict is not None:
        evidence = "".join(f"<li>{escape(sentence)}</li>" for sentence in verdict.evidence)
        parts.append(
            f"<strong>{escape(verdict.code.replace('_', ' '))}</strong>: {escape(verdict.text)}"
            f'<ul style="margin:6px 0;padding-left:20px">{evidence}</ul>'
            f"<div>Next: {escape(verdict.action)}</div>"
        )
    history: Mapping[str, NDArray[np.floating]] = getattr(estimator, "history_", {})
    if history:
        whole = history["train_loss"]  # of epochs at their end, where these were measured
        train = whole if np.isfinite(whole).any() else history["loss"]
        parts.append(loss_curve(train, history["validation_loss"]))
    return _BOX.format("".join(parts)) if parts else ""
