"""The type of arrays, and `@pytree`: frozen records that pass through ``jit``, ``grad``, ``vmap``.

``jax.tree_util.register_dataclass`` rebuilds records through ``__init__`` and so breaks records
that validate or hold tracers; this one fills the fields directly.
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from typing import Any, TypeAlias, TypeVar, dataclass_transform

import jax
import numpy as np

# What the engine computes with: NumPy's arrays go in as they are, JAX's come out.
Array: TypeAlias = jax.Array | np.ndarray

T = TypeVar("T")


def static(**options: Any) -> Any:
    """A field that is part of the program, not of the data: hashable, never traced."""
    return field(metadata={"static": True}, **options)


@dataclass_transform(frozen_default=True, kw_only_default=False, field_specifiers=(static, field))
def pytree(cls: type[T]) -> type[T]:
    """Make a frozen dataclass whose fields are the children of a JAX pytree.

    >>> import jax
    >>> @pytree
    ... class Point:
    ...     x: float
    ...     y: float
    >>> jax.tree.map(lambda value: 2 * value, Point(1.0, 2.0))
    Point(x=2.0, y=4.0)
    """
    record = dataclass(frozen=True)(cls)
    parts = fields(record)  # type: ignore[arg-type]
    traced = [part.name for part in parts if not part.metadata.get("static")]
    fixed = [part.name for part in parts if part.metadata.get("static")]

    def flatten(value: T) -> tuple[list[tuple[Any, Any]], tuple[Any, ...]]:
        children = [(jax.tree_util.GetAttrKey(name), getattr(value, name)) for name in traced]
        return children, tuple(getattr(value, name) for name in fixed)

    def flatten_fast(value: T) -> tuple[list[Any], tuple[Any, ...]]:
        return [getattr(value, name) for name in traced], tuple(
            getattr(value, name) for name in fixed
        )

    def unflatten(aux: tuple[Any, ...], children: Any) -> T:
        value = object.__new__(record)
        for name, child in zip(traced, children, strict=True):
            object.__setattr__(value, name, child)
        for name, item in zip(fixed, aux, strict=True):
            object.__setattr__(value, name, item)
        return value

    jax.tree_util.register_pytree_with_keys(record, flatten, unflatten, flatten_fast)
    return record
