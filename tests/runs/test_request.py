"""``run.json``: a request comes back, or is refused in one line."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

import pytest

from madaline.errors import FileError
from madaline.runs.request import read_request
from madaline.settings.table import Settings
from madaline.store.plain import plain

ABOUT = {"data": "rows.csv", "target": ["y"], "settings": {}, "environment": {}}


def read(**changes):
    return read_request(Path("run"), {**ABOUT, **changes})


@pytest.mark.parametrize(
    "settings",
    [
        Settings(),
        Settings(hidden=(), activation=("relu", "tanh"), batch_size="full", drop=("a", "b")),
        Settings(validation="own.csv", test=0.5, batch_size=8, learning_rate=1, time_budget=3),
    ],
)
def test_settings_come_back_through_json(settings):
    found = json.loads(json.dumps(plain(asdict(settings))))
    assert read(settings=found).settings == settings


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"data": 5}, "data is not the name of a file"),
        ({"settings": {"optimizer": "x" * 10**6}}, "optimizer = 'x{39}"),
        ({"settings": {"x" * 10**6: 1}}, "There is no setting 'x{59}"),
        ({"target": "y"}, "target is not a list"),
        ({"target": []}, "target is not a list"),
        ({"target": [5]}, "target is not a list"),
        ({"settings": []}, "not a dictionary"),
        ({"environment": None}, "not a dictionary"),
        ({"settings": {"epochs": "many"}}, "epochs = 'many' cannot be read"),
        ({"settings": {"epochs": True}}, "epochs = True cannot be read"),
        ({"settings": {"epochs": 1.5}}, "epochs = 1.5 cannot be read"),
        ({"settings": {"epochs": -1}}, "epochs = -1 is out of range"),
        ({"settings": {"hidden": [8, "x"]}}, "hidden = .* cannot be read"),
        ({"settings": {"hidden": 8}}, "hidden = .* cannot be read"),
        ({"settings": {"optimizer": {"class": "os.system"}}}, "optimizer = .* cannot be read"),
        ({"settings": {"optimizer": "os.system"}}, "'os.system' is not known"),
        ({"settings": {"batch_size": "huge"}}, "batch_size = 'huge' cannot be read"),
        ({"settings": {"loader": "os.system"}}, "There is no setting 'loader'"),
        ({"settings": {"seed": 10**4000}}, "out of range"),
    ],
)
def test_what_no_run_has_written_is_refused_in_one_line(changes, reason):
    with pytest.raises(FileError, match=reason) as caught:
        read(**changes)
    assert "\n" not in str(caught.value)
    assert len(caught.value.what) < 5000
    assert str(caught.value).startswith("The run.json of run is damaged: ")
