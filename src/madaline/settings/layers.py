"""Where each setting comes from: what is given, environment and files, in that order."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from madaline.errors import FileError, UsageError, nearest
from madaline.settings.table import ROWS, SETTING_NAMES, Settings
from madaline.settings.values import read_value

PREFIX = "MADALINE_"
SECTIONS = {
    "data": "Data",
    "model": "Model",
    "train": "Training",
    "regularise": "Regularisation",
    "run": "Run",
}
# ``target`` is no setting (scikit-learn passes it as y), but a file may name it.
KEYS = ("target", *SETTING_NAMES)
# Settings that may name a file; in a configuration file such a name is relative to that file.
FILES = ("validation", "test")


@dataclass(frozen=True, slots=True)
class Layer:
    """Values from one place, still as written.

    Attributes:
        origin: The place in words, such as ``option`` or ``madaline.toml``.
        values: Raw values by key.
        folder: Where relative file names start; None is the current folder.
    """

    origin: str
    values: Mapping[str, Any]
    folder: Path | None = None


@dataclass(frozen=True, slots=True)
class Choices:
    """What a person chose for a run, and where.

    Attributes:
        settings: All settings; what nobody chose has its default.
        target: Names of the target columns; empty if nobody named one.
        origins: For every setting and ``target``: where its value comes from.
    """

    settings: Settings
    target: tuple[str, ...]
    origins: dict[str, str]


def choose(layers: Iterable[Layer]) -> Choices:
    """Take each value from the first layer that has it.

    Raises:
        UsageError: A key is unknown, or a value is wrong; the message names the place.

    >>> file = Layer("file", {"epochs": 9, "seed": 1})
    >>> choices = choose([Layer("option", {"epochs": "5"}), file])
    >>> choices.settings.epochs, choices.settings.seed, choices.origins["seed"]
    (5, 1, 'file')
    """
    chosen: dict[str, Any] = {}
    origins: dict[str, str] = {}
    for layer in layers:
        for key, raw in layer.values.items():
            # Read even what is overruled: a mistake in a file is told now, not on a later day.
            value = _read(key, raw, layer)
            if key not in chosen:
                chosen[key] = value
                origins[key] = layer.origin
    target = chosen.pop("target", ())
    for name in SETTING_NAMES:
        unset = "default" if getattr(Settings, name) is not None else "preset"
        origins.setdefault(name, unset)
    return Choices(Settings(**chosen), target, origins)


def read_layers(
    given: Iterable[Layer],
    environment: Mapping[str, str],
    config: str | None,
    folder: Path,
) -> list[Layer]:
    """All places where a setting can be, the strongest first.

    Args:
        given: What a person gives with the command itself.
        environment: The process's environment; ``MADALINE_EPOCHS`` and so on.
        config: A file of settings that a person names.
        folder: Where ``madaline.toml`` and ``pyproject.toml`` are looked for.
    """
    layers = [*given]
    layers += [
        Layer(f"environment variable {name}", {name.removeprefix(PREFIX).lower(): text})
        for name, text in environment.items()
        if name.startswith(PREFIX)
    ]
    if config is not None:
        layers.append(read_config(Path(config)))
    if (folder / "madaline.toml").is_file():
        layers.append(read_config(folder / "madaline.toml"))
    if (folder / "pyproject.toml").is_file():
        layers.append(read_project(folder / "pyproject.toml"))
    return layers


def read_config(path: Path) -> Layer:
    """A TOML file of settings, in sections (``[train]``) or with flat keys.

    Raises:
        FileError: It cannot be read.
        UsageError: It is no TOML, or a key is unknown or in the wrong section.
    """
    return Layer(
        path.name if path.parent == Path() else str(path),
        flatten(_load(path), str(path)),
        path.parent,
    )


def read_project(path: Path) -> Layer:
    """The part ``[tool.madaline]`` of a project's pyproject.toml; empty if it has none."""
    tools = _load(path).get("tool", {})
    part = cast("dict[str, Any]", tools).get("madaline", {}) if isinstance(tools, dict) else {}
    where = f"[tool.madaline] of {path.name}"
    return Layer(where, flatten(part, where), path.parent)


def flatten(content: Any, where: str) -> dict[str, Any]:
    """Sections and flat keys as one dictionary by setting.

    >>> flatten({"seed": 1, "train": {"epochs": 5, "batch-size": "full"}}, "madaline.toml")
    {'seed': 1, 'epochs': 5, 'batch_size': 'full'}
    """
    if not isinstance(content, dict):
        raise UsageError(f"{where} holds {content!r}.", "It must hold keys such as epochs = 50.")
    values: dict[str, Any] = {}
    for key, value in cast("dict[str, Any]", content).items():
        if isinstance(value, dict):
            pairs = _section(key, cast("dict[str, Any]", value), where)
        else:
            pairs = {_known(key, where): value}
        for name, item in pairs.items():
            if name in values:
                raise UsageError(f"{where} sets {name} twice.", "Keep one of the two lines.")
            values[name] = item
    return values


def _section(section: str, values: dict[str, Any], where: str) -> dict[str, Any]:
    if section not in SECTIONS:
        raise UsageError(
            f"{where} has a section [{section}] that is not known.", nearest(section, SECTIONS)
        )
    pairs = {_known(key, where, f" in [{section}]"): value for key, value in values.items()}
    for name in pairs:
        group = ROWS[name].group if name in ROWS else "Data"
        if group != SECTIONS[section]:
            right = next(part for part, title in SECTIONS.items() if title == group)
            raise UsageError(f"{where} has {name!r} in [{section}].", f"It belongs in [{right}].")
    return pairs


def _known(key: str, where: str, section: str = "") -> str:
    name = key.replace("-", "_")
    if name not in KEYS:
        raise UsageError(
            f"{where} has a key {key!r}{section} that is not known.", nearest(name, KEYS)
        )
    return name


def _read(key: str, raw: Any, layer: Layer) -> Any:
    """The value, checked on its own so that the message can say where it was written."""
    place = "" if layer.origin == "option" else f"{layer.origin}: "
    try:
        if key == "target":
            return _read_target(raw)
        if key not in KEYS:
            raise UsageError(f"There is no setting {key!r}.", nearest(key, KEYS))
        value = read_value(key, raw)
        Settings(**{key: value})
    except UsageError as error:
        raise UsageError(f"{place}{error.what}", error.fix, settings=error.settings) from None
    if key in FILES and isinstance(value, str) and layer.folder is not None:
        return str(layer.folder / value)
    return value


def _read_target(raw: Any) -> tuple[str, ...]:
    """Names as they are: a column's name may hold a comma, so a text is one name."""
    names = cast("Sequence[Any]", raw) if isinstance(raw, list | tuple) else [raw]
    if not names or not all(isinstance(name, str) and name for name in names):
        raise UsageError(
            f"target = {raw!r} cannot be read.", "It must be a column's name or a list of them."
        )
    return tuple(cast("Sequence[str]", names))


def _load(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
        raise FileError(
            f"{path} cannot be read: {reason}.", "Give the path of a TOML file."
        ) from None
    except tomllib.TOMLDecodeError as error:
        raise UsageError(f"{path} is not valid TOML: {error}.", "Mend that line.") from None
