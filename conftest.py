"""The documents' examples run in an empty folder of their own, with strict JAX like the tests."""

from __future__ import annotations

import pytest


@pytest.fixture(autouse=True)
def _documents_run_in_an_empty_folder(request, tmp_path, monkeypatch):
    if request.node.name.endswith(".md"):
        monkeypatch.chdir(tmp_path)
