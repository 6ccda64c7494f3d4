"""What a notebook shows of a fitted estimator: the verdict, and the loss curve as inline SVG."""

from __future__ import annotations

from html import escape
from typing import Any

from madaline.report.draw.svg import loss_curve

_BOX = (
    '<div style="margin:8px 0;padding:8px 12px;border:1px solid currentColor;border-radius:8px;'
    'max-width:560px;font:13px system-ui,sans-serif">{}</div>'
)


def fitted_html(estimator: Any) -> str:
    """The verdict with its evidence and one next action, above the curves; empty before a fit."""
    parts: list[str] = []
    verdict = getattr(estimator, "verdict_", None)
    if verdict is not None:
        evidence = "".join(f"<li>{escape(sentence)}</li>" for sentence in verdict.evidence)
        parts.append(
            f"<strong>{escape(verdict.code.replace('_', ' '))}</strong>: {escape(verdict.text)}"
            f'<ul style="margin:6px 0;padding-left:20px">{evidence}</ul>'
            f"<div>Next: {escape(verdict.action)}</div>"
        )
    history = getattr(estimator, "history_", None)
    if history:
        parts.append(loss_curve(history))
    return _BOX.format("".join(parts)) if parts else ""
