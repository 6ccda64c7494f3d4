from __future__ import annotations

import numpy as np
import pytest

from madaline.data.columns.frames import as_table
from madaline.data.dataset import Dataset
from madaline.data.samples import load_sample
from madaline.data.split import split_rows
from madaline.errors import DivergedError, MadalineError, UsageError
from madaline.events.training import Ended
from madaline.pipeline.run import run
from madaline.settings.table import ACTIVATIONS, OPTIMIZERS, SCHEDULES, Settings

pytestmark = pytest.mark.usefixtures("quick_compilation")

N = 300


RNG = np.random.default_rng(0)
X = RNG.normal(size=(N, 3))
LINEAR = X @ [1.0, 2.0, -1.0] + 0.3 * RNG.normal(size=N)
COUNTS = RNG.poisson(np.exp(0.5 * X[:, 0] + 1)).astype(float)


def a_table(y=LINEAR, x=X, **more):
    return as_table({"a": x[:, 0], "b": x[:, 1], "c": x[:, 2], "y": y, **more})


def quick(**chosen):
    """Few shapes, few compilations."""
    return Settings(
        **{"preset": "classic", "hidden": (8,), "epochs": 5, "batch_size": "full", **chosen}
    )


def trained(table=None, target=("y",), *, watch=None, weight=None, class_weight=None, **chosen):
    table = a_table() if table is None else table
    data = Dataset(table, target, weight=weight, class_weight=class_weight)
    return run(data, quick(**chosen), watch=watch)


def weights_of(done):
    return {name: value.tobytes() for name, value in done.predictor.weights.items()}


class Seen:
    """Remembers the events; stops after ``stop`` chunks."""

    def __init__(self, stop=None, wish=True):
        self.events, self.left, self.wish = [], stop, wish

    def event(self, event):
        self.events.append(event)

    def progress(self, progress):
        self.left = None if self.left is None else self.left - 1
        return self.wish if self.left == 0 else None

    def __getitem__(self, kind):
        return next(event for event in self.events if event.kind == kind)

    @property
    def kinds(self):
        return [event.kind for event in self.events]


TARGETS = {
    "squared": LINEAR,
    "absolute": LINEAR,
    "huber": LINEAR,
    "quantile": LINEAR,
    "poisson": COUNTS,
    "binary_cross_entropy": np.where(LINEAR > 1, "yes", "no"),
    "cross_entropy": np.array(["x", "y", "z"])[np.digitize(LINEAR, [-1, 2])],
}


@pytest.mark.parametrize("loss", TARGETS)
def test_the_first_loss_is_the_best_constants(loss):
    seen = Seen()
    trained(
        a_table(TARGETS[loss]),
        watch=seen,
        loss=loss,
        epochs=1,
        quantile=0.8 if loss == "quantile" else 0.5,
    )
    network = seen["network"]
    assert network.loss == loss
    assert network.loss_at_start == pytest.approx(network.loss_of_constant, rel=0.02)


def test_the_first_loss_of_labels_is_the_best_constants():
    seen = Seen()
    table = as_table({"a": X[:, 0], "p": X[:, 1] > 0.5, "q": X[:, 2] > -1})
    done = run(
        Dataset(table, ("p", "q")),
        quick(epochs=60, optimizer="adam", learning_rate=0.03),
        watch=seen,
    )
    network = seen["network"]
    assert network.loss_at_start == pytest.approx(network.loss_of_constant, rel=0.02)
    assert done.predictor.predict(table).shape == (N, 2)
    assert set(np.unique(done.predictor.predict(table))) <= {0, 1}
    assert done.summary.scores["test"]


def test_events_come_in_their_order_and_every_epoch_is_told_once():
    seen = Seen()
    done = trained(watch=seen, epochs=40)
    epochs = [event.epoch for event in seen.events if event.kind == "epoch"]
    assert epochs == list(range(1, 41))
    rest = [kind for kind in seen.kinds if kind != "epoch"]
    assert rest == ["data", "network", "scores", "verdict", "end"]
    told = done.summary
    assert seen["end"] == Ended("done", 40, told.best_epoch, told.seconds, told.best_epochs)


def test_the_best_epochs_told_on_the_way_are_those_that_are_kept():
    seen = Seen()
    trained(watch=seen, members=3, epochs=60, patience=1000, learning_rate=0.03)
    last = [event for event in seen.events if event.kind == "epoch"][-1]
    end = seen["end"]
    assert len(set(end.best_epochs)) > 1
    assert end.best_epoch == last.best_epoch == np.median(end.best_epochs)


def test_one_seed_one_result_watched_or_not():
    first, again = trained(), trained(watch=Seen())
    assert weights_of(first) == weights_of(again)
    assert weights_of(first) != weights_of(trained(seed=1))


def test_feature_values_of_test_rows_change_nothing_but_their_scores():
    tenths = np.searchsorted(np.quantile(LINEAR, np.linspace(0.1, 0.9, 9)), LINEAR)
    split = split_rows(N, validation=0.1, test=0.15, seed=0, classes=tenths)
    moved = X.copy()
    moved[split.test] = 1e3 * moved[split.test] + 7
    groups = np.where(X[:, 0] > 0, "up", "down")
    other = groups.copy()
    other[split.test] = "sideways"
    first = trained(a_table(g=groups), weight=np.ones(N))
    second = trained(a_table(x=moved, g=other), weight=np.ones(N))
    assert weights_of(first) == weights_of(second)
    assert repr(first.predictor.encoder.state()) == repr(second.predictor.encoder.state())
    assert first.summary.scores["test"] != second.summary.scores["test"]
    assert first.summary.scores["validation"] == second.summary.scores["validation"]


def test_a_copy_of_the_target_is_told_before_training():
    seen = Seen(stop=1)
    trained(a_table(copy=3 * LINEAR), watch=seen)
    assert seen.kinds[:3] == ["data", "alert", "network"]
    assert (seen["alert"].level, seen["alert"].code) == ("error", "repeats_target")


@pytest.mark.parametrize("kind", ["regression", "poisson", "binary", "multilabel"])
def test_many_members_hold_out_rows_in_turn_and_a_linear_model_answers_for_each(kind):
    y = {"regression": LINEAR, "poisson": COUNTS}.get(kind, (LINEAR > 0).astype(int))
    labels = {"z": (X[:, 0] > 0).astype(int)} if kind == "multilabel" else {}
    loss = kind if kind == "poisson" else "auto"
    done = trained(
        a_table(y, **labels), ("y", *labels), members=16, folds=True, test=0.0, epochs=2, loss=loss
    )
    linear = done.summary.baselines.linear
    assert len(done.history.loss[0]) == 16
    assert all(np.isfinite(score.value) for score in linear.scores)


def test_moving_and_stretching_the_target_leaves_r2_where_it_was():
    sample = load_sample("diabetes")
    (target,) = (c for c in sample.table if c.name == sample.target)
    found = []
    for values in (target.values, target.values + 1000, target.values * 1e5):
        table = as_table({c.name: c.values for c in sample.table} | {target.name: values})
        done = run(Dataset(table, (target.name,)), quick(hidden=(64,), epochs=60, batch_size=32))
        found.append(done.scores["test"].score("r2").value)
    assert np.ptp(found) < 1e-3
    assert found[0] > done.summary.baselines.linear.value("r2") - 0.02


# -- weights


def test_whole_weights_are_repeated_rows():
    signs = as_table({"a": X[:, 0] > 0, "b": X[:, 1] > 0, "y": LINEAR > 0})  # nothing to scale
    times = np.arange(N) % 3 + 1
    plain = {"preset": "plain", "epochs": 30, "validation": 0.0, "test": 0.0}
    weighted = trained(signs, weight=times * 1.0, **plain)
    repeated = trained(signs.take(np.repeat(np.arange(N), times)), **plain)
    unweighted = trained(signs, **plain)
    one, other, third = (d.predictor.predict_proba(signs) for d in (weighted, repeated, unweighted))
    assert np.abs(one - other).max() < 1e-5
    assert np.abs(one - third).max() > 1e-3


@pytest.mark.parametrize(
    "batch_size",
    [
        1,
        16,
        "full",
    ],
)
def test_heavy_rows_pull_the_answer_whatever_the_batch(batch_size):
    y = np.where(np.arange(N) % 2, "yes", "no")
    weight = np.where(np.arange(N) % 2, 9.0, 1.0)
    done = trained(
        a_table(y), weight=weight, batch_size=batch_size, epochs=20, patience=0, hidden=(),
        optimizer="sgd", learning_rate=0.01 if batch_size == 1 else 0.1,
    )  # fmt: skip
    assert done.predictor.predict_proba(a_table())[:, 1].mean() == pytest.approx(0.9, abs=0.04)


def test_balanced_classes_raise_the_recall_of_a_rare_class():
    rare = X[:, 0] + 0.8 * RNG.normal(size=N) > 1.6
    table = a_table(np.where(rare, "rare", "common"))
    chosen = {"hidden": (8,), "epochs": 60, "batch_size": 32, "learning_rate": 0.01}
    recall = []
    for way in (None, "balanced"):
        done = run(Dataset(table, ("y",)), quick(class_weight=way, **chosen))
        found = done.predictor.predict(table) == "rare"
        recall.append(found[rare].mean())
    assert recall[1] > recall[0] + 0.2


def test_balanced_classes_are_judged_as_they_were_weighed():
    rng = np.random.default_rng(1)
    x = rng.normal(size=(2000, 3))
    rare = rng.random(2000) < 1 / (1 + np.exp(3.2 - 1.2 * x[:, 0]))
    table = a_table(np.where(rare, "a rare one", "common"), x=x)
    chosen = {"hidden": (16,), "epochs": 60, "learning_rate": 0.01, "class_weight": "balanced"}
    done = run(Dataset(table, ("y",)), quick(**chosen))
    assert done.verdict.code in ("fine", "still_improving")
    beside = done.summary.baselines
    assert beside.constant.value("accuracy") == pytest.approx(1 - rare.mean(), abs=0.01)
    assert beside.linear.value("balanced_accuracy") > 0.6


def test_class_weights_by_label_equal_balanced_ones():
    y = np.where(X[:, 0] > 1, "rare", "common")
    balanced = run(Dataset(a_table(y), ("y",)), quick(class_weight="balanced"))
    train = split_rows(
        N, validation=0.1, test=0.15, seed=0, classes=(y == "rare").astype(int)
    ).train
    counts = {label: int((y[train] == label).sum()) for label in ("common", "rare")}
    by_label = {label: len(train) / (2 * n) for label, n in counts.items()}
    assert weights_of(balanced) == weights_of(trained(a_table(y), class_weight=by_label))


@pytest.mark.parametrize("label", [True, np.True_, "true"])
def test_a_class_is_found_by_its_value_or_its_name(label):
    table = a_table(X[:, 0] > 0)
    assert weights_of(trained(table, class_weight={label: 3.0})) != weights_of(trained(table))


def test_class_weights_that_make_no_sense_are_refused():
    table = a_table(X[:, 0] > 0)
    with pytest.raises(UsageError, match="no class"):
        trained(table, class_weight={"maybe": 1.0})
    with pytest.raises(UsageError, match="at least 0"):
        trained(table, class_weight={True: -1.0})
    with pytest.raises(UsageError, match="task is regression"):
        trained(class_weight={})


# -- tasks


def test_several_numbers_are_predicted_at_once_in_their_units():
    table = as_table({"a": X[:, 0], "b": X[:, 1], "p": 1000 + X[:, 0], "q": 0.01 * X[:, 1]})
    done = run(Dataset(table, ("p", "q")), quick(epochs=150, learning_rate=0.03))
    found = done.predictor.predict(table)
    assert np.abs(found[:, 0] - 1000 - X[:, 0]).mean() < 0.2
    assert np.abs(found[:, 1] - 0.01 * X[:, 1]).mean() < 0.002


def test_a_high_quantile_lies_above_the_median():
    chosen = {"loss": "quantile", "epochs": 100, "learning_rate": 0.01, "validation": 0.15}
    high, median = (trained(quantile=q, **chosen).predictor.predict(a_table()) for q in (0.9, 0.5))
    assert (high > median).mean() > 0.95
    assert np.mean(high >= LINEAR) == pytest.approx(0.9, abs=0.07)


def test_poisson_rates_are_positive_and_right_on_average():
    done = trained(a_table(COUNTS), loss="poisson", epochs=60, learning_rate=0.01)
    rates = done.predictor.predict(a_table())
    assert (rates > 0).all()
    assert rates.mean() == pytest.approx(COUNTS.mean(), rel=0.1)


def test_negative_counts_are_refused():
    with pytest.raises(MadalineError, match="needs counts"):
        trained(loss="poisson")


def test_no_hidden_layer_is_a_linear_model():
    done = trained(hidden=(), epochs=200, learning_rate=0.05, patience=0)
    assert done.summary.parameters == 4
    far = a_table(x=np.array([[0.0, 0, 0], [0.2, 0, 0], [0.4, 0, 0]]), y=np.zeros(3))
    y0, y1, y2 = done.predictor.predict(far)
    assert y2 - y1 == pytest.approx(y1 - y0, rel=0.05)  # up to the smooth clipping of features


def test_each_layer_takes_an_activation_of_its_own():
    seen = Seen()
    trained(hidden=(8, 4), activation=("relu", "tanh"), watch=seen, epochs=1)
    assert [layer.activation for layer in seen["network"].layers] == ["relu", "tanh", "linear"]
    with pytest.raises(UsageError, match="2 activations for 3"):
        trained(hidden=(8, 4, 2), activation=("relu", "tanh"))


def test_embedded_columns_are_learned_and_their_network_is_told():
    many = [f"level {i}" for i in RNG.integers(0, 12, N)]
    more = [f"place {i}" for i in RNG.integers(0, 30, N)]
    seen = Seen()
    done = trained(a_table(m=many, n=more), watch=seen)
    assert [embedding.column for embedding in seen["network"].embeddings] == ["m", "n"]
    assert done.summary.parameters == sum(v.size for v in done.predictor.weights.values())


# -- settings


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_every_optimizer_lowers_the_loss(optimizer):
    rate = {"sgd": 0.1, "momentum": 0.02, "nesterov": 0.02}.get(optimizer, 0.01)
    rate = {} if optimizer == "lbfgs" else {"learning_rate": rate}
    done = trained(optimizer=optimizer, epochs=30, **rate)
    assert done.history.train_loss[-1, 0] < 0.6


@pytest.mark.parametrize("schedule", SCHEDULES)
def test_every_schedule_moves_the_rate_its_own_way(schedule):
    done = trained(schedule=schedule, epochs=20, patience=0)
    rates = done.history.learning_rate[:, 0]
    assert rates.max() <= 1e-3 * (1 + 1e-6)
    if schedule in ("constant", "adaptive"):  # adaptive needs patience to run out
        assert np.ptp(rates) == 0
    elif schedule != "warmup":
        assert rates[-1] < 0.1 * rates.max()


@pytest.mark.parametrize("activation", ["sigmoid", "softplus", "mish"])
def test_other_activations_train(activation):
    assert activation in ACTIVATIONS
    assert trained(activation=(activation,), learning_rate=0.01, epochs=20).history.loss[-1] < 1


EFFECTS = {
    "hidden": ((4,), {}),
    "activation": (("tanh",), {}),
    "initializer": ("orthogonal", {}),
    "loss": ("huber", {}),
    "quantile": (0.7, {"loss": "quantile"}),
    "huber_delta": (0.1, {"loss": "huber"}),
    "batch_size": (32, {}),
    "optimizer": ("sgd", {}),
    "learning_rate": (0.01, {}),
    "momentum": (0.5, {"optimizer": "momentum"}),
    "beta_1": (0.5, {}),
    "beta_2": (0.9, {}),
    "epsilon": (0.1, {}),
    "schedule": ("cosine", {}),
    "warmup": (0.5, {"schedule": "one_cycle"}),
    "scale_from_batch": (32, {}),
    "weight_decay": (1.0, {}),
    "l1": (0.1, {}),
    "l2": (0.1, {}),
    "lp": (0.1, {}),
    "lp_order": (3.0, {"lp": 0.1}),
    "dropout": (0.5, {}),
    "input_noise": (0.5, {}),
    "members": (2, {}),
    "seed": (3, {}),
    "precision": ("float32", {}),
    "decay_power": (0.25, {"schedule": "inverse_scaling"}),
    "shuffle": (False, {"batch_size": 32}),
    "max_evaluations": (2, {"optimizer": "lbfgs"}),
    "gradient_tolerance": (1.0, {"optimizer": "lbfgs"}),
    "validation": (0.3, {}),
    "test": (0.3, {}),
    "epochs": (2, {}),
    "drop": (("a",), {}),
    "preset": ("plain", {}),
    "patience": (1, {"learning_rate": 0.3, "epochs": 25}),
    "tolerance": (10.0, {"patience": 2, "epochs": 9}),
}


@pytest.mark.parametrize("name", EFFECTS)
def test_every_setting_has_an_effect(name):
    value, context = EFFECTS[name]
    assert weights_of(trained(**context)) != weights_of(trained(**{**context, name: value}))


def test_label_smoothing_has_an_effect():
    table = a_table(X[:, 0] > 0)
    assert weights_of(trained(table)) != weights_of(trained(table, label_smoothing=0.2))


REFUSED = [
    {"optimizer": "lbfgs", "batch_size": 32},
    {"optimizer": "lbfgs", "dropout": 0.2},
    {"optimizer": "lbfgs", "weight_decay": 0.1},
    {"loss": "cross_entropy"},
    {"momentum": 0.5},
    {"optimizer": "sgd", "beta_1": 0.5},
    {"optimizer": "lbfgs", "learning_rate": 0.1},
    {"quantile": 0.9},
    {"huber_delta": 2.0},
    {"warmup": 0.2},
    {"lp_order": 2.0},
    {"label_smoothing": 0.1},
    {"hidden": (), "dropout": 0.1},
    {"class_weight": "balanced"},
    {"validation": 0.6, "test": 0.6},
]


@pytest.mark.parametrize("chosen", REFUSED, ids=str)
def test_settings_that_do_not_go_together_are_refused(chosen):
    with pytest.raises(MadalineError) as caught:
        run(Dataset(a_table(), ("y",)), quick(**chosen))
    assert "\n" not in str(caught.value)


# -- how training ends


def test_without_validation_rows_all_epochs_are_trained_and_the_last_weights_kept():
    noise = a_table(RNG.normal(size=N))
    done = trained(noise, validation=0.0, epochs=80, learning_rate=0.05)
    assert (done.why, len(done.history), done.summary.best_epoch) == ("done", 80, 80)
    assert np.isnan(done.history.validation_loss).all()


def test_without_test_rows_the_validation_rows_are_judged():
    seen = Seen()
    done = trained(test=0.0, watch=seen)
    assert seen["scores"].part == "validation"
    assert "test" not in done.scores
    assert done.summary.baselines.part == "validation"


def test_with_training_rows_alone_a_verdict_is_given():
    done = trained(test=0.0, validation=0.0)
    assert set(done.scores) == {"train"}
    assert done.verdict.hard_to_tell


def test_patience_stops_early_with_the_best_weights():
    noise = a_table(np.random.default_rng(1).normal(size=N))
    done = trained(noise, hidden=(64,), epochs=400, patience=10, learning_rate=0.01)
    assert done.why == "stopped_early"
    assert len(done.history) == done.summary.best_epoch + 10
    losses = done.history.validation_loss[:, 0]
    assert losses.argmin() + 1 == done.summary.best_epoch


def test_a_time_budget_stops_with_its_reason():
    done = trained(epochs=1_000_000, patience=0, time_budget=0.5)
    assert done.why == "time"
    assert 0 < len(done.history) < 1_000_000
    assert done.summary.seconds < 30


def test_an_onlooker_may_stop_and_say_why():
    assert trained(epochs=100, watch=Seen(stop=2)).why == "stopped"
    assert trained(epochs=100, watch=Seen(stop=2, wish="interrupted")).why == "interrupted"
    assert trained(epochs=100, watch=Seen(stop=2, wish="bored")).why == "stopped"


def test_a_stop_after_the_last_epoch_is_no_stop():
    done = trained(epochs=1, watch=Seen(stop=1, wish="interrupted"))
    assert done.why == "done"


def test_numbers_that_break_at_once_are_an_error_that_names_the_rate():
    with pytest.raises(DivergedError, match="smaller learning rate than 1e\\+30"):
        trained(optimizer="sgd", learning_rate=1e30, activation=("identity",), epochs=50)


@pytest.mark.parametrize("rate", [30.0, 100.0, 1e6])
def test_a_training_that_breaks_before_it_learned_is_an_error(rate):
    with pytest.raises(DivergedError, match="better than a constant guess"):
        trained(
            preset="plain", activation=("relu",), hidden=(8, 8), learning_rate=rate, epochs=30,
            precision="float32",
        )  # fmt: skip


@pytest.mark.parametrize("patience", [0, 40])
def test_a_training_that_breaks_later_keeps_its_best_weights(patience):
    done = trained(  # the rate rises until it breaks
        preset="plain", activation=("relu",), hidden=(8, 8), schedule="warmup", warmup=1.0,
        learning_rate=20.0, epochs=60, patience=patience, precision="float32",
    )  # fmt: skip
    assert (done.why, done.verdict.code) == ("diverged", "diverged")
    assert 0 < done.summary.best_epoch < len(done.history) < 60
    assert done.scores["validation"].value("r2") > 0


# -- verdicts as a person would give them


def test_no_signal_is_not_learning():
    done = trained(a_table(np.random.default_rng(3).normal(size=N)), epochs=60)
    assert done.verdict.code == "not_learning"


def test_a_large_network_on_few_noisy_rows_overfits():
    rng = np.random.default_rng(4)
    x = rng.normal(size=(N, 40))
    y = x[:, 0] + 0.5 * rng.normal(size=N)
    table = as_table({f"x{i}": x[:, i] for i in range(40)} | {"y": y})
    done = run(
        Dataset(table, ("y",)), quick(hidden=(128,), epochs=200, patience=0, learning_rate=0.01)
    )
    assert done.verdict.code == "overfit"


def test_a_network_that_cannot_bend_or_barely_moved_is_not_called_fine():
    """A plane cannot tell a saddle, and no better plane exists; ten small steps are too few."""
    saddle = np.where(X[:, 0] * X[:, 1] > 0, "same", "other")
    assert trained(a_table(saddle), hidden=(), epochs=100).verdict.code == "not_learning"
    slow = trained(epochs=10, optimizer="sgd", learning_rate=0.003)
    assert slow.verdict.code in ("underfit", "still_improving")


def test_a_good_fit_is_fine():
    curved = np.sin(2 * X[:, 0]) + X[:, 1] + 0.1 * RNG.normal(size=N)
    done = trained(a_table(curved), hidden=(64,), epochs=300, learning_rate=0.01, batch_size=32)
    assert done.verdict.code in ("fine", "still_improving")
    assert done.scores["test"].score("r2").value > 0.9
