"""Compiled programs are kept between processes, so that only the first fit ever waits for them."""

from __future__ import annotations

import os
from typing import Any

import jax

from madaline.cache import private_cache_folder


def use_compile_cache() -> None:
    """Switch JAX's persistent cache on, unless the person has chosen one or none.

    Never called by an import: only by a fit.
    """
    config: Any = jax.config
    if config.jax_compilation_cache_dir is not None or not config.jax_enable_compilation_cache:
        return
    folder = private_cache_folder(os.environ)
    if folder is None:
        return
    jax.config.update("jax_compilation_cache_dir", str(folder))
    # By default only programs that took a second to compile are kept; ours are many and small.
    jax.config.update("jax_persistent_cache_min_compile_time_secs", 0.0)
    jax.config.update("jax_persistent_cache_min_entry_size_bytes", -1)
