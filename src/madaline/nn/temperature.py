"""How far a temperature may lie from 1 before it takes evidence. No JAX."""

from __future__ import annotations

# Few rows say little, and where a network gets all of them right every higher sureness would be
# better still: the logarithm of the temperature is taken for a normal number of this width.
_WIDTH = 0.5


def temperature_prior(log_factor: float) -> float:
    """What the total loss must fall by before a temperature with this logarithm is believed.

    >>> temperature_prior(0.0), temperature_prior(0.5)
    (0.0, 0.5)
    """
    return 0.5 * (log_factor / _WIDTH) ** 2
