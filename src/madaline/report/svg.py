"""Pictures as inline SVG: no library, no script, legible on light and dark pages."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

# A pair that stands out from white and from #1e1e1e alike and is told apart by the colour-blind.
TRAIN, VALIDATION = "#2f86d1", "#d4651a"
_WIDTH, _HEIGHT = 520, 200
_LEFT, _RIGHT, _TOP, _BOTTOM = 52, 96, 12, 34


def loss_curve(history: Mapping[str, ArrayLike]) -> str:
    """Training and validation loss by epoch; logarithmic where losses allow it.

    The best epoch is ringed; the validation line is dashed, so that colour is not all that tells
    the two apart.

    Args:
        history: ``loss`` or ``train_loss``, and ``validation_loss``, one value an epoch.

    >>> svg = loss_curve({"train_loss": [1.0, 0.5, 0.4], "validation_loss": [1.0, 0.6, 0.7]})
    >>> svg.startswith("<svg"), "best 0.6 at epoch 2" in svg
    (True, True)
    """
    train = _known(history.get("train_loss"), history.get("loss"))
    validation = _known(history.get("validation_loss"))
    curves = [curve for curve in (train, validation) if curve is not None]
    shown = np.concatenate([c[np.isfinite(c)] for c in curves]) if curves else np.zeros(0)
    if not len(shown):
        return ""
    logarithmic = bool(shown.min() > 0)
    n_epochs = max(len(curve) for curve in curves)
    scale = _Scale(shown, n_epochs, logarithmic)
    parts = [*_frame(scale, n_epochs)]
    if train is not None:
        parts.append(_line(scale, train, TRAIN, ""))
    if validation is not None:
        parts.append(_line(scale, validation, VALIDATION, "6 4"))
    parts += _names(scale, train, validation)
    judged, who = (validation, "validation") if validation is not None else (train, "training")
    caption = f"Loss by epoch over {n_epochs} epochs"
    if judged is not None and np.isfinite(judged).any():
        best = int(np.nanargmin(np.where(np.isfinite(judged), judged, np.inf)))
        colour = VALIDATION if validation is not None else TRAIN
        x, y = scale.place(best + 1, float(judged[best]))
        parts.append(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="5" fill="none" stroke="{colour}" '
                     'stroke-width="2"/>')  # fmt: skip
        caption += f"; {who} loss best {judged[best]:.4g} at epoch {best + 1}"
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}" '
        f'width="{_WIDTH}" height="{_HEIGHT}" role="img" aria-label="{caption}" '
        f'style="max-width:100%;height:auto" font-family="system-ui,sans-serif" font-size="11">'
        f"<title>{caption}</title>{''.join(parts)}</svg>"
    )


class _Scale:
    """Numbers to places."""

    def __init__(self, shown: NDArray[np.float64], n_epochs: int, logarithmic: bool) -> None:
        self.logarithmic, self._last = logarithmic, max(n_epochs, 2)
        low, high = self._bend(float(shown.min())), self._bend(float(shown.max()))
        margin = 0.05 * (high - low) or 0.5
        self._low, self._high = low - margin, high + margin

    def _bend(self, value: float) -> float:
        return float(np.log10(value)) if self.logarithmic else value

    def place(self, epoch: float, value: float) -> tuple[float, float]:
        """Where a value of an epoch stands."""
        across = (epoch - 1) / (self._last - 1)
        up = (self._bend(value) - self._low) / (self._high - self._low)
        return (
            _LEFT + across * (_WIDTH - _LEFT - _RIGHT),
            _HEIGHT - _BOTTOM - up * (_HEIGHT - _TOP - _BOTTOM),
        )

    def ticks(self) -> list[float]:
        """About four values to label."""
        steps = np.linspace(self._low, self._high, 5)[1:-1]
        return [float(f"{10**s if self.logarithmic else s:.2g}") for s in steps]


def _known(*curves: ArrayLike | None) -> NDArray[np.float64] | None:
    """The first curve that has a finite value."""
    for curve in curves:
        if curve is None:
            continue
        values = np.asarray(curve, np.float64).reshape(-1)
        if np.isfinite(values).any():
            return values
    return None


def _line(scale: _Scale, curve: NDArray[np.float64], colour: str, dash: str) -> str:
    places = [
        scale.place(epoch, float(value))
        for epoch, value in enumerate(curve, 1)
        if np.isfinite(value) and (value > 0 or not scale.logarithmic)
    ]
    # More points than pixels would only make the picture heavy.
    places = places[:: max(1, len(places) // 400)]
    points = " ".join(f"{x:.1f},{y:.1f}" for x, y in places)
    dashed = f' stroke-dasharray="{dash}"' if dash else ""
    return f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="2"{dashed}/>'


def _frame(scale: _Scale, n_epochs: int) -> Sequence[str]:
    bottom, right = _HEIGHT - _BOTTOM, _WIDTH - _RIGHT
    path = f"M{_LEFT} {_TOP}V{bottom}H{right}"
    parts = [f'<path d="{path}" fill="none" stroke="currentColor" opacity=".5"/>']
    for value in scale.ticks():
        _, y = scale.place(1, value)
        if _TOP <= y <= bottom:
            parts.append(_text(_LEFT - 6, y + 4, f"{value:.2g}", "end"))
    for epoch in sorted({1, max(1, n_epochs // 2), n_epochs}):
        x, _ = scale.place(epoch, scale.ticks()[0])
        parts.append(_text(x, bottom + 14, str(epoch), "middle"))
    parts.append(_text((_LEFT + right) / 2, _HEIGHT - 4, "epoch", "middle"))
    return parts


def _names(
    scale: _Scale, train: NDArray[np.float64] | None, validation: NDArray[np.float64] | None
) -> list[str]:
    """Each line's name at its end, moved apart where the ends are close."""
    ends: list[tuple[float, str, str]] = []
    for curve, name, colour in ((train, "training", TRAIN), (validation, "validation", VALIDATION)):
        if curve is not None:
            last = curve[np.isfinite(curve)][-1]
            ends.append((scale.place(1, float(last))[1], name, colour))
    if len(ends) == 2 and abs(ends[0][0] - ends[1][0]) < 14:
        upper, lower = sorted(ends)
        middle = (upper[0] + lower[0]) / 2
        ends = [(middle - 7, *upper[1:]), (middle + 7, *lower[1:])]
    x = _WIDTH - _RIGHT + 8
    return [_text(x, y + 4, name, "start", colour) for y, name, colour in ends]


def _text(x: float, y: float, text: str, anchor: str, colour: str = "currentColor") -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" fill="{colour}">{text}</text>'
