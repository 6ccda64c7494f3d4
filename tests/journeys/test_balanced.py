"""The preset `balanced` from a table to answers: folds, pieces, calibration, exports, resume."""

from __future__ import annotations

import numpy as np
import pytest

from madaline import MLPClassifier, MLPRegressor
from madaline.data.columns.frames import as_table
from madaline.data.dataset import Dataset
from madaline.pipeline.run import run
from madaline.runs.resume import resume_run
from madaline.runs.start import start_run
from madaline.settings.table import Settings
from madaline.store.bundle import load_model, save_model
from tools import interrupter

N = 330
RNG = np.random.default_rng(0)
AGE, TOWN = RNG.lognormal(3, 1, N), RNG.integers(0, 12, N)
SUM = np.log(AGE) + 0.3 * (TOWN % 4) + 0.4 * RNG.normal(size=N)
HIGH = np.median(SUM) < SUM


def a_table(task):
    target = {"numbers": SUM, "classes": np.where(HIGH, "yes", "no")}[task]
    age = np.where(np.arange(N) % 9 == 4, np.nan, AGE)
    return as_table({"age": age, "town": [f"town {t}" for t in TOWN], "y": target})


def chosen(**more):
    return Settings(preset="balanced", hidden=(16, 16), epochs=16, batch_size=64, **more)


@pytest.fixture(scope="module", params=["numbers", "classes"])
def done(request):
    return request.param, run(Dataset(a_table(request.param), ("y",)), chosen())


def test_it_learns(done):
    task, found = done
    name = "r2" if task == "numbers" else "accuracy"
    assert found.scores["test"].score(name).value > 0.6


def test_validation_scores_are_those_of_rows_that_members_held_out(done):
    _, found = done
    rows = found.summary.rows
    assert found.history.validation_loss.shape[1] == 4
    # Four members hold out other rows, which are rows of the training part too.
    assert rows.validation > 3 * 0.1 * N
    assert rows.train + rows.test == N


def test_every_second_member_sees_pieces(done):
    _, found = done
    first = found.predictor.weights["layers.0.weight"]
    pieces = first[:, :, found.predictor.architecture.inputs.n_features :][:, :, :16]
    assert [bool(np.any(member)) for member in pieces] == [False, True, False, True]


def test_a_saved_model_answers_alike(done, tmp_path):
    task, found = done
    save_model(tmp_path / "a.madaline", found.predictor)
    again = load_model(tmp_path / "a.madaline")
    table = a_table(task)
    np.testing.assert_array_equal(again.predict(table), found.predictor.predict(table))


def test_onnx_and_the_numpy_folder_answer_alike(done, tmp_path):
    onnxruntime = pytest.importorskip("onnxruntime")
    from madaline.export import standalone
    from madaline.export.numpy_folder import export_numpy
    from madaline.export.onnx_file import make_onnx

    task, found = done
    table = a_table(task).without("y")
    expected = found.predictor.predict(table)
    feed = {
        "age": table["age"].values.reshape(-1, 1),
        "town": np.array([*table["town"].texts()], object).reshape(-1, 1),
    }
    session = onnxruntime.InferenceSession(make_onnx(found.predictor).SerializeToString())
    answer = session.run(None, feed)[0].reshape(-1)
    export_numpy(found.predictor, tmp_path / "folder")
    plain = standalone.load(tmp_path / "folder").predict(
        {"age": table["age"].values, "town": [*table["town"].texts()]}
    )
    if task == "numbers":
        np.testing.assert_allclose(answer, expected, rtol=1e-4, atol=1e-5)
        np.testing.assert_allclose(plain, expected, rtol=1e-6)
    else:
        assert answer.tolist() == expected.tolist() == plain.tolist()


def test_a_run_that_was_interrupted_ends_with_the_same_bits(tmp_path):
    table = a_table("classes")
    whole = start_run(table, "y", chosen(), output=tmp_path / "whole")
    start_run(table, "y", chosen(), output=tmp_path / "part", watch=interrupter())
    again = resume_run(tmp_path / "part", table)
    for name, value in whole.predictor.weights.items():
        np.testing.assert_array_equal(again.predictor.weights[name], value)


def test_one_seed_gives_one_result():
    first, second = (run(Dataset(a_table("classes"), ("y",)), chosen(seed=3)) for _ in range(2))
    for name, value in first.predictor.weights.items():
        np.testing.assert_array_equal(second.predictor.weights[name], value)


@pytest.mark.parametrize(
    "more", [{"group": "town"}, {"members": 1}, {"folds": False}, {"validation": 0.0}], ids=str
)
def test_it_trains_where_members_cannot_hold_out_different_rows(more):
    found = run(Dataset(a_table("classes"), ("y",)), chosen(**more))
    rows = found.summary.rows
    assert rows.train + rows.validation + rows.test == N


@pytest.mark.parametrize("kind", [MLPClassifier, MLPRegressor])
def test_the_estimators_take_the_preset_and_go_on_from_it(kind):
    X = np.stack([np.log(AGE), TOWN], axis=1)
    y = SUM if kind is MLPRegressor else HIGH
    model = kind(16, preset="balanced", max_iter=16, random_state=0, warm_start=True).fit(X, y)
    first = model.score(X, y)
    assert first > 0.6
    assert model.fit(X, y).score(X, y) > 0.6
    assert model.partial_fit(X, y).score(X, y) > 0.6
