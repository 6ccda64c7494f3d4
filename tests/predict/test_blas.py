"""One BLAS thread around small products, and as many as before after them."""

from threading import Thread

import pytest
from threadpoolctl import ThreadpoolController

from madaline.predict.blas import threads_for

SMALL, LARGE = 1000, 1 << 40


def n_threads():
    return {found["num_threads"] for found in ThreadpoolController().select(user_api="blas").info()}


BEFORE = n_threads()


def test_small_products_have_one_thread_and_large_ones_all():
    with threads_for(SMALL):
        assert n_threads() == {1}
    with threads_for(LARGE):
        assert n_threads() == BEFORE
    assert n_threads() == BEFORE


def test_an_error_inside_sets_the_threads_back():
    with pytest.raises(ZeroDivisionError), threads_for(SMALL):
        _ = 1 / 0
    assert n_threads() == BEFORE


def test_fits_in_several_threads_leave_the_threads_as_they_were():
    def work():
        for _ in range(20):
            with threads_for(SMALL):
                pass

    workers = [Thread(target=work) for _ in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert n_threads() == BEFORE
