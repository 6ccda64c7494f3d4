"""What a model file may hold beside what predicting needs."""

from __future__ import annotations

import pytest

from madaline.data.dataset import Dataset
from madaline.data.samples import load_sample
from madaline.errors import FileError
from madaline.nn.head import Head
from madaline.pipeline.run import run
from madaline.predict.parts import Parts
from madaline.settings.table import Settings
from madaline.store.bundle import load_model, load_state, save_model, save_state

HUBER = {"loss": "huber", "level": 0.5, "delta": 0.25}


def test_parts_come_back():
    parts = Parts(Head("quantile", level=0.9))
    assert Parts.from_state(parts.state(), "linear") == parts
    assert Parts.from_state({}, "softmax") == Parts()


@pytest.mark.parametrize(
    ("document", "reason"),
    [
        ([], "not a dictionary"),
        ({"loader": "os.system"}, "'loader' that this Madaline does not know"),
        ({"head": {"loss": "huber"}}, "other keys"),
        ({"head": {**HUBER, "loss": "auto"}}, "names no loss"),
        ({"head": {**HUBER, "loss": ["huber"]}}, "names no loss"),
        ({"head": {**HUBER, "delta": -1.0}}, "a level or a delta"),
        ({"head": {**HUBER, "delta": True}}, "a level or a delta"),
        ({"head": {**HUBER, "level": float("nan")}}, "a level or a delta"),
        ({"head": {**HUBER, "level": 1.0}}, "a level or a delta"),
        ({"head": {**HUBER, "loss": "poisson"}}, "does not fit its output"),
    ],
)
def test_a_part_that_none_has_written_is_refused(document, reason):
    with pytest.raises(FileError, match=reason):
        Parts.from_state(document, "linear")


def test_a_model_file_knows_the_loss_of_its_network(tmp_path):
    sample = load_sample("diabetes")
    chosen = Settings(preset="classic", hidden=(4,), epochs=1, loss="huber", huber_delta=0.25)
    done = run(Dataset(sample.table, (sample.target,)), chosen)
    save_model(tmp_path / "a.madaline", done.predictor)
    assert load_model(tmp_path / "a.madaline").parts == Parts(Head("huber", delta=0.25))
    document, arrays = load_state(tmp_path / "a.madaline")
    assert document["parts"] == {"head": HUBER}
    document["parts"]["loader"] = "os.system"
    save_state(tmp_path / "a.madaline", document, arrays)
    with pytest.raises(FileError, match="'loader'"):
        load_model(tmp_path / "a.madaline")
