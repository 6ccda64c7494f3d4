"""The cache of compiled programs: what a kill has torn there is replaced, not complained of."""

from __future__ import annotations

import warnings

import pytest

from madaline.cache import healing

SAID = "Error {} persistent compilation cache entry for 'jit_run_chunk': EOFError: it ended"


def test_a_torn_entry_is_removed_and_nothing_is_said(tmp_path, recwarn):
    for name in ("jit_run_chunk-1-cache", "jit_run_chunk_two-1-cache", "other"):
        (tmp_path / name).write_bytes(b"torn")
    with healing(tmp_path):
        warnings.warn(SAID.format("reading"), UserWarning, stacklevel=1)
    assert {path.name for path in tmp_path.iterdir()} == {"jit_run_chunk_two-1-cache", "other"}
    assert not recwarn


def test_an_entry_that_cannot_be_written_is_no_matter(tmp_path, recwarn):
    (tmp_path / "jit_run_chunk-1-cache").write_bytes(b"whole")
    with healing(tmp_path):
        warnings.warn(SAID.format("writing"), UserWarning, stacklevel=1)
    assert len(list(tmp_path.iterdir())) == 1
    assert not recwarn


def test_other_warnings_are_as_before(tmp_path):
    with pytest.raises(UserWarning, match="something else"), healing(tmp_path):
        warnings.warn("something else", UserWarning, stacklevel=1)
