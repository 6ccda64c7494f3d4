"""Numbers as a person reads them."""

from __future__ import annotations

from math import floor, isinf, isnan, log10


def significant(value: float | None, digits: int = 3) -> str:
    """A number with this many significant digits, thousands separated.

    >>> [significant(v) for v in (0.34567, 1234.5, -20.0, 1.2e-7, 0.0, None, float("inf"))]
    ['0.346', '1,230', '-20', '1.2e-07', '0', '-', 'infinity']
    """
    if value is None or isnan(value):
        return "-"
    if isinf(value):
        return "infinity" if value > 0 else "-infinity"
    if value == 0:
        return "0"
    if not 1e-4 <= abs(value) < 1e9:
        return f"{value:.{digits}g}"
    places = digits - 1 - floor(log10(abs(value)))
    if places <= 0:
        return f"{round(value, places):,.0f}"
    text = f"{value:,.{places}f}"
    return text.rstrip("0").rstrip(".")
