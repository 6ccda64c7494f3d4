"""Small products on one thread: BLAS threads meet once a product, which costs more than it saves.

How many threads BLAS uses is a number of the whole process, so one at a time changes it. Whoever
comes meanwhile goes on with what there is and never waits: a prediction must not stand in line, and
a forked process must not wait for a lock that nobody there holds.
"""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from functools import cache
from threading import Lock

from threadpoolctl import ThreadpoolController

# Multiplications of a product up to which one thread is as fast (measured on two cores), and up to
# which OpenBLAS takes one by itself: to say so would cost a prediction of one row a tenth.
_SMALL, _TINY = 1 << 24, 1 << 18

_lock = Lock()


@contextmanager
def threads_for(multiplications: int) -> Generator[None]:
    """One thread while products as small as this are made; larger ones take all there are.

    >>> with threads_for(300 * 64 * 64):
    ...     pass
    """
    if not _TINY < multiplications <= _SMALL or not _lock.acquire(blocking=False):
        yield
        return
    try:
        with _controller().limit(limits=1, user_api="blas"):
            yield
    finally:
        _lock.release()


@cache
def _controller() -> ThreadpoolController:
    return ThreadpoolController()
