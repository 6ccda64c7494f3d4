"""Plan and Hyper: what is refused, and which extras are compiled in."""

from __future__ import annotations

import numpy as np
import pytest

from madaline.errors import UsageError
from madaline.settings import table as settings
from madaline.train.plan import EXTRAS, Plan, make_hyper, rate_factor, with_extras


@pytest.mark.parametrize(
    ("arguments", "what", "mended"),
    [
        ({"batch_size": 32}, "batches of 32 rows", {"batch_size": "full"}),
        ({"batch_size": 0, "extras": ("dropout",)}, "dropout", {"optimizer": "adam"}),
        ({"batch_size": 0, "extras": ("input_noise",)}, "input_noise", {"optimizer": "adam"}),
        ({"batch_size": 0, "extras": ("weight_decay",)}, "weight decay", {"weight_decay": 0.0}),
    ],
)
def test_lbfgs_refuses_what_its_line_search_cannot_have(arguments, what, mended):
    with pytest.raises(UsageError) as caught:
        Plan("lbfgs", **arguments)
    assert what in caught.value.what
    assert caught.value.settings == mended


def test_lbfgs_takes_all_rows_and_smooth_penalties():
    assert Plan("lbfgs", batch_size=0, extras=("l2", "label_smoothing")).optimizer == "lbfgs"


@pytest.mark.parametrize("optimizer", settings.OPTIMIZERS)
@pytest.mark.parametrize("schedule", settings.SCHEDULES)
def test_every_name_of_the_settings_is_a_plan(optimizer, schedule):
    assert Plan(optimizer, schedule, batch_size=0)


def test_hyper_has_one_number_a_member_and_refuses_unknown_names():
    hyper = make_hyper(3, learning_rate=[1, 2, 3], patience=4, dtype=np.float64)
    assert hyper.learning_rate.tolist() == [1, 2, 3]
    assert hyper.member.tolist() == [0, 1, 2]
    assert hyper.patience.tolist() == [4, 4, 4]
    assert hyper.l2.dtype == np.float64
    assert make_hyper(1, member=[5]).member.tolist() == [5]
    with pytest.raises(UsageError, match="rate"):
        make_hyper(rate=1)


@pytest.mark.parametrize("name", EXTRAS)
def test_an_extra_is_compiled_in_only_where_some_member_has_it(name):
    assert with_extras(Plan(), make_hyper(2)) == Plan()
    assert with_extras(Plan(), make_hyper(2, **{name: [0.0, 0.1]})).extras == (name,)
    assert with_extras(Plan(extras=(name,)), make_hyper(2)) == Plan()


@pytest.mark.parametrize("optimizer", settings.OPTIMIZERS)
def test_rate_scales_by_k_for_sgd_and_by_its_root_for_adam(optimizer):
    root = optimizer in ("adam", "adamw")
    assert rate_factor(optimizer, 512, 32) == pytest.approx(4 if root else 16)
    assert rate_factor(optimizer, 8, 32) == pytest.approx(0.5 if root else 0.25)
    assert rate_factor(optimizer, 32, 32) == 1
