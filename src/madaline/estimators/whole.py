"""A fit happens wholly or not at all."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Concatenate, ParamSpec, TypeVar

S = TypeVar("S")
P = ParamSpec("P")
R = TypeVar("R")


def wholly(method: Callable[Concatenate[S, P], R]) -> Callable[Concatenate[S, P], R]:
    """Where the method fails, the estimator is as it was before.

    Otherwise labels of a fit that failed would name the answers of the network before it.

    >>> class Counter:
    ...     n = 0
    ...     @wholly
    ...     def add(self, more):
    ...         self.n += 1
    ...         self.n += more
    >>> counter = Counter()
    >>> counter.add("two")
    Traceback (most recent call last):
    ...
    TypeError: unsupported operand type(s) for +=: 'int' and 'str'
    >>> counter.n
    0
    """

    @functools.wraps(method)
    def whole(self: S, *args: P.args, **kwargs: P.kwargs) -> R:
        before = dict(vars(self))
        try:
            return method(self, *args, **kwargs)
        except BaseException:
            vars(self).clear()
            vars(self).update(before)
            raise

    return whole
