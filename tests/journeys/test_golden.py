"""Files that earlier versions wrote are still read, and give the answers that those gave.

``scripts/write_golden.py`` writes the files of a new format version, into a new folder.
"""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from madaline.cli.main import madaline
from madaline.data.files.read import read_table
from madaline.errors import UsageError
from madaline.runs.request import read_request
from madaline.runs.resume import resume_run
from madaline.store.archive import VERSION
from madaline.store.bundle import load_model, save_model
from madaline.store.folder import RunFolder

GOLDEN = Path(__file__).parents[1] / "golden"
VERSIONS = sorted(path for path in GOLDEN.iterdir() if path.is_dir())
MODELS = sorted(GOLDEN.glob("*/*.madaline"))


def names(paths):
    return [f"{path.parent.name}-{path.stem}" for path in paths]


def is_close(found, expected):
    found, expected = np.asarray(found), np.asarray(expected)
    if found.dtype.kind != "f":
        return found.shape == expected.shape and bool((found == expected).all())
    return found.shape == expected.shape and np.allclose(found, expected, rtol=1e-6, atol=1e-6)


def test_there_are_golden_files_of_every_task_and_they_are_small():
    assert VERSIONS
    for version in VERSIONS:
        tasks = {load_model(path).target.task for path in MODELS if path.parent == version}
        assert tasks == {"binary", "multiclass", "multilabel", "regression"}
        assert sum(p.stat().st_size for p in version.rglob("*") if p.is_file()) < 300_000


@pytest.mark.parametrize("path", MODELS, ids=names(MODELS))
def test_a_golden_model_gives_the_answers_it_gave(path):
    model, new = load_model(path), read_table(path.with_name("new.csv"))
    expected = json.loads(path.with_suffix(".json").read_text())
    for method, values in expected.items():
        assert is_close(getattr(model, method)(new), values)
    assert ("predict_proba" in expected) == (model.target.task != "regression")


@pytest.mark.parametrize("path", MODELS, ids=names(MODELS))
def test_a_golden_model_is_shown_and_saved_again_unchanged(path, tmp_path):
    shown = CliRunner().invoke(madaline, ["info", str(path)])
    assert shown.exit_code == 0, shown.output
    assert "Verdict" in shown.stdout
    save_model(tmp_path / "again.madaline", load_model(path))
    if path.parent.name == f"v{VERSION}":  # the version that is written today
        assert (tmp_path / "again.madaline").read_bytes() == path.read_bytes()


@pytest.mark.parametrize("version", VERSIONS, ids=lambda path: path.name)
def test_a_golden_run_is_read_and_goes_on_or_says_why_not(version, tmp_path):
    shutil.copytree(version / "run", tmp_path / "run")
    with RunFolder.open(tmp_path / "run", lock=True) as folder:
        request = read_request(folder.path, folder.about)
        assert request.target == ("height",)
        assert [event.kind for event in folder.read_events()][:3] == ["start", "data", "network"]
        saved = folder.load_checkpoint()
        assert saved.cursor["epoch"] == 1
        assert saved.arrays["history:loss"].shape == (1, 2)
    rows = read_table(version / "rows.csv").select(("age", "job", "town", "member", "height"))
    expected = json.loads((version / "unbroken.json").read_text())["predict"]
    try:
        model = resume_run(tmp_path / "run", rows).predictor
    except UsageError as error:
        # A later version may prepare rows otherwise; then it says so and leaves the run alone.
        if not re.search(r"not what the run began with|does not fit", str(error)):
            raise
        model, expected = load_model(tmp_path / "run"), None
    found = model.predict(read_table(version / "new.csv"))
    assert expected is None or np.allclose(found, expected, rtol=1e-4)
