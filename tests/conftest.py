"""Strict JAX for every test: ranks must be spelled out, and dtypes must not slip to float64."""

from __future__ import annotations

import os

# Two devices on one machine, and a thread count that results do not depend on; before JAX starts.
os.environ.setdefault("NPROC", "2")
os.environ.setdefault("JAX_PLATFORMS", "cpu")
os.environ.setdefault("XLA_FLAGS", "--xla_force_host_platform_device_count=2")

import jax
import pytest
from hypothesis import settings

jax.config.update("jax_numpy_rank_promotion", "raise")
settings.register_profile("madaline", deadline=None, derandomize=True, print_blob=True)
settings.load_profile("madaline")


@pytest.fixture(autouse=True)
def _an_empty_folder(tmp_path, monkeypatch):
    """Commands under test write ``runs/`` below the folder they are called in."""
    monkeypatch.chdir(tmp_path)


@pytest.fixture(scope="module")
def quick_compilation():
    """For tests of which most of the time is XLA's, and which do not depend on its passes."""
    before = jax.config.values["jax_disable_most_optimizations"]
    jax.config.update("jax_disable_most_optimizations", True)
    yield
    jax.config.update("jax_disable_most_optimizations", before)
