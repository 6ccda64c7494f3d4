"""Small products on one thread: threads meet once a product, which costs more than they save."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from functools import cache
from threading import Lock

from threadpoolctl import ThreadpoolController

# Multiplications of a product up to which one thread is as fast (measured on two cores).
_SMALL = 1 << 24

# How many threads BLAS uses is a number of the whole process: whoever changes it is alone until it
# is set back.
_lock = Lock()


@contextmanager
def threads_for(multiplications: int) -> Generator[None]:
    """One thread while products as small as this are made; larger ones take all there are.

    >>> with threads_for(30 * 64 * 64):
    ...     pass
    """
    if multiplications > _SMALL:
        yield
        return
    with _lock, _controller().limit(limits=1, user_api="blas"):
        yield


@cache
def _controller() -> ThreadpoolController:
    return ThreadpoolController()
