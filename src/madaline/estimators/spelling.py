"""Settings in an estimator's words: what mends an error is a parameter that a person can give."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from functools import partial, wraps
from typing import Any, Concatenate, ParamSpec, TypeVar

from sklearn.base import BaseEstimator

from madaline.errors import MadalineError
from madaline.estimators.parameters import RENAMED, WORDS

S = TypeVar("S", bound=BaseEstimator)
P = ParamSpec("P")
R = TypeVar("R")

# scikit-learn's tol is both tolerances, and its learning_rate is the schedule.
_PARAMETER_OF = {setting: name for name, setting in RENAMED.items()} | {
    "gradient_tolerance": "tol",
    "schedule": "learning_rate",
}
_WORD_OF = {ours: theirs for theirs, ours in WORDS.items()}


def as_parameters(settings: Mapping[str, Any], known: Collection[str]) -> str:
    """Settings as parameters of an estimator; those that it does not have are left out.

    Args:
        settings: Values by the setting's name.
        known: The estimator's parameters.

    >>> as_parameters({"optimizer": "adam", "task": "binary"}, ("solver", "alpha"))
    "solver='adam'"
    """
    named = {_PARAMETER_OF.get(name, name): _value(name, value) for name, value in settings.items()}
    return ", ".join(f"{name}={value!r}" for name, value in named.items() if name in known)


def told_as_parameters(method: Callable[Concatenate[S, P], R]) -> Callable[Concatenate[S, P], R]:
    """Errors that leave the method name the estimator's parameters instead of settings."""

    @wraps(method)
    def told(self: S, *args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return method(self, *args, **kwargs)
        except MadalineError as error:
            error.spell = partial(as_parameters, known=tuple(self.get_params(deep=False)))
            raise

    return told


def _value(name: str, value: Any) -> Any:
    if isinstance(value, tuple):
        return tuple(_value(name, item) for item in value)
    if name == "patience":  # they count the epochs that are borne, we the one that is too many
        return max(1, value - 1)
    return _WORD_OF.get(value, value) if isinstance(value, str) else value
