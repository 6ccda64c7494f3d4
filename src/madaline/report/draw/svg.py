"""Pictures as inline SVG: no library, no script, legible on light and dark pages."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import ArrayLike, NDArray

# A pair that stands out from white and from #1e1e1e alike and is told apart by the colour-blind.
TRAIN, VALIDATION = "#2f86d1", "#d4651a"
_STYLES = {"training": (TRAIN, ""), "validation": (VALIDATION, "6 4")}
_WIDTH, _HEIGHT = 520, 200
_LEFT, _RIGHT, _TOP, _BOTTOM = 52, 80, 26, 34
_MOST_TICKS = 5


def loss_curve(train: ArrayLike, validation: ArrayLike | None = None) -> str:
    """Training and validation loss by epoch; logarithmic where losses allow it.

    The best epoch is ringed; the validation line is dashed, so that colour is not all that tells
    the two apart.

    Args:
        train: ``(e,)`` training losses, one an epoch.
        validation: ``(e,)`` validation losses.

    Returns:
        The picture; empty if no loss is finite.

    >>> svg = loss_curve([1.0, 0.5, 0.4], [1.0, 0.6, 0.7])
    >>> svg.startswith("<svg"), "best 0.6 at epoch 2" in svg
    (True, True)
    """
    curves = {"training": _known(train), "validation": _known(validation)}
    known = {name: curve for name, curve in curves.items() if curve is not None}
    if not known:
        return ""
    finite = np.concatenate([curve[np.isfinite(curve)] for curve in known.values()])
    scale = _Scale(finite, max(len(curve) for curve in known.values()))
    name, judged = [*known.items()][-1]
    best = int(np.argmin(np.where(np.isfinite(judged), judged, np.inf)))
    parts = _frame(scale)
    parts += [_line(scale, curve, *_STYLES[name]) for name, curve in known.items()]
    parts += _names(scale, known)
    parts += _ring(scale, best + 1, float(judged[best]), _STYLES[name][0])
    caption = f"Loss by epoch over {scale.n_epochs} epochs; {name} loss best {judged[best]:.4g} at "
    caption += f"epoch {best + 1}"
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}" '
        f'width="{_WIDTH}" height="{_HEIGHT}" role="img" aria-label="{caption}" '
        f'style="max-width:100%;height:auto" font-family="system-ui,sans-serif" font-size="11">'
        f"<title>{caption}</title>{''.join(parts)}</svg>"
    )


class _Scale:
    """Numbers to places."""

    def __init__(self, shown: NDArray[np.float64], n_epochs: int) -> None:
        self.logarithmic, self.n_epochs = bool(shown.min() > 0), n_epochs
        low, high = self._bend(float(shown.min())), self._bend(float(shown.max()))
        margin = 0.05 * (high - low) or (0.1 if self.logarithmic else 0.1 * abs(low) or 1.0)
        self._low, self._high = low - margin, high + margin

    def _bend(self, value: float) -> float:
        return float(np.log10(value)) if self.logarithmic else value

    def place(self, epoch: float, value: float) -> tuple[float, float]:
        """Where a value of an epoch stands; a single epoch stands in the middle."""
        across = (epoch - 1) / (self.n_epochs - 1) if self.n_epochs > 1 else 0.5
        up = (self._bend(value) - self._low) / (self._high - self._low)
        return (
            _LEFT + across * (_WIDTH - _LEFT - _RIGHT),
            _HEIGHT - _BOTTOM - up * (_HEIGHT - _TOP - _BOTTOM),
        )

    def ticks(self) -> list[float]:
        """Round values to label: powers of ten, or 1-2-5 where these are few, or even steps."""
        if not self.logarithmic:
            return _even_steps(self._low, self._high)
        powers = range(int(np.floor(self._low)), int(np.ceil(self._high)) + 1)
        for digits in ((1,), (1, 3), (1, 2, 5)):
            round_values = [digit * 10.0**power for power in powers for digit in digits]
            inside = [v for v in round_values if self._low <= np.log10(v) <= self._high]
            if len(inside) >= 3:
                return inside[:: -(-len(inside) // _MOST_TICKS)]
        return _even_steps(10**self._low, 10**self._high)


def _even_steps(low: float, high: float) -> list[float]:
    """Multiples of 1, 2 or 5 times a power of ten, at most five of them."""
    power = 10.0 ** np.floor(np.log10((high - low) / _MOST_TICKS))
    step = next(d * power for d in (1, 2, 5, 10, 20) if (high - low) / (d * power) <= _MOST_TICKS)
    return [float(k * step) for k in range(int(np.ceil(low / step)), int(high // step) + 1)]


def _known(curve: ArrayLike | None) -> NDArray[np.float64] | None:
    """The curve, if it has a finite value."""
    values = np.asarray([] if curve is None else curve, np.float64).reshape(-1)
    return values if np.isfinite(values).any() else None


def _line(scale: _Scale, curve: NDArray[np.float64], colour: str, dash: str) -> str:
    places = [
        scale.place(epoch, float(value))
        for epoch, value in enumerate(curve, 1)
        if np.isfinite(value) and (value > 0 or not scale.logarithmic)
    ]
    # More points than pixels would only make the picture heavy.
    places = [*places[: -1 : max(1, len(places) // 400)], places[-1]]
    points = " ".join(f"{x:.1f},{y:.1f}" for x, y in places)
    dashed = f' stroke-dasharray="{dash}"' if dash else ""
    return f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="2"{dashed}/>'


def _frame(scale: _Scale) -> list[str]:
    """Axes with round values, a faint line at each."""
    bottom, right = _HEIGHT - _BOTTOM, _WIDTH - _RIGHT
    parts = [_path(f"M{_LEFT} {_TOP}V{bottom}H{right}", 0.5)]
    ticks = scale.ticks()
    for value in ticks:
        _, y = scale.place(1, value)
        parts += [_path(f"M{_LEFT} {y:.1f}H{right}", 0.15)]
        parts += [_text(_LEFT - 6, y + 4, f"{value:.6g}", "end")]
    for epoch in sorted({1, max(1, scale.n_epochs // 2), scale.n_epochs}):
        x, _ = scale.place(epoch, ticks[0])
        parts.append(_text(x, bottom + 14, str(epoch), "middle"))
    kind = "loss (logarithmic)" if scale.logarithmic else "loss"
    parts.append(_text(_LEFT - 6, _TOP - 12, kind, "start"))
    parts.append(_text((_LEFT + right) / 2, _HEIGHT - 4, "epoch", "middle"))
    return parts


def _ring(scale: _Scale, epoch: int, value: float, colour: str) -> list[str]:
    """The best epoch, and in words at the top right what it is."""
    x, y = scale.place(epoch, value)
    ring = (
        f'<circle cx="{x:.1f}" cy="{y:.1f}" r="5" fill="none" stroke="{colour}" stroke-width="2"/>'
    )
    words = f"best {value:.4g} at epoch {epoch}"
    return [ring, _text(_WIDTH - _RIGHT, _TOP - 12, words, "end", colour)]


def _names(scale: _Scale, curves: Mapping[str, NDArray[np.float64]]) -> list[str]:
    """Each line's name at its end, moved apart where the ends are close."""
    ends: list[tuple[float, str, str]] = []
    for name, curve in curves.items():
        last = curve[np.isfinite(curve)][-1]
        ends.append((scale.place(1, float(last))[1], name, _STYLES[name][0]))
    if len(ends) == 2 and abs(ends[0][0] - ends[1][0]) < 14:
        upper, lower = sorted(ends)
        middle = (upper[0] + lower[0]) / 2
        ends = [(middle - 7, *upper[1:]), (middle + 7, *lower[1:])]
    x = _WIDTH - _RIGHT + 8
    return [_text(x, y + 4, name, "start", colour) for y, name, colour in ends]


def _path(path: str, opacity: float) -> str:
    return f'<path d="{path}" fill="none" stroke="currentColor" opacity="{opacity}"/>'


def _text(x: float, y: float, text: str, anchor: str, colour: str = "currentColor") -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" fill="{colour}">{text}</text>'
