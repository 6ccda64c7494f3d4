"""Small products on one thread: BLAS threads meet once a product, which costs more than it saves.

How many threads BLAS uses is a number of the whole process. Whoever enters first sets it to one and
whoever leaves last sets it back, so fits and predictions in several threads do not disturb it.
"""

from __future__ import annotations

from collections.abc import Generator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from functools import cache
from threading import Lock

from threadpoolctl import ThreadpoolController

# Multiplications of a product up to which one thread is as fast (measured on two cores), and up to
# which OpenBLAS takes one by itself: to say so would cost a prediction of one row a tenth.
_SMALL, _TINY = 1 << 24, 1 << 18

_lock = Lock()
_inside: list[AbstractContextManager[object]] = []


def threads_for(multiplications: int) -> AbstractContextManager[None]:
    """One thread while products as small as this are made; larger ones take all there are.

    >>> with threads_for(300 * 64 * 64):
    ...     pass
    """
    return _one_thread() if _TINY < multiplications <= _SMALL else nullcontext()


@contextmanager
def _one_thread() -> Generator[None]:
    with _lock:
        limit = nullcontext() if _inside else _controller().limit(limits=1, user_api="blas")
        _inside.append(limit)
        limit.__enter__()
    try:
        yield
    finally:
        with _lock:
            # The first one's limit holds until the last one leaves.
            last = _inside.pop() if len(_inside) > 1 else _inside.pop(0)
            last.__exit__(None, None, None)


@cache
def _controller() -> ThreadpoolController:
    return ThreadpoolController()
