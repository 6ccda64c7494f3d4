from __future__ import annotations

from pathlib import Path

import pytest

from madaline.errors import FileError, UsageError
from madaline.settings.layers import Layer, choose, flatten, read_config, read_layers


def test_every_place_overrules_the_places_below_it(tmp_path: Path) -> None:
    (tmp_path / "given.toml").write_text("epochs = 4\nseed = 4\nmembers = 4\npatience = 4")
    (tmp_path / "madaline.toml").write_text(
        "epochs = 5\nseed = 5\nmembers = 5\npatience = 5\n[train]\nmomentum = 0.55"
    )
    (tmp_path / "pyproject.toml").write_text(
        "[tool.madaline]\nepochs = 6\nmomentum = 0.66\n[tool.madaline.train]\nbeta-1 = 0.6"
    )
    layers = read_layers(
        [Layer("option", {"epochs": "1"}), Layer("--set", {"epochs": "2", "seed": "2"})],
        {"MADALINE_EPOCHS": "3", "MADALINE_SEED": "3", "MADALINE_MEMBERS": "3", "HOME": "/"},
        str(tmp_path / "given.toml"),
        tmp_path,
    )
    choices = choose(layers)
    settings, origins = choices.settings, choices.origins
    assert (settings.epochs, origins["epochs"]) == (1, "option")
    assert (settings.seed, origins["seed"]) == (2, "--set")
    assert (settings.members, origins["members"]) == (3, "environment variable MADALINE_MEMBERS")
    assert (settings.patience, origins["patience"]) == (4, str(tmp_path / "given.toml"))
    assert (settings.momentum, origins["momentum"]) == (0.55, str(tmp_path / "madaline.toml"))
    assert (settings.beta_1, origins["beta_1"]) == (0.6, "[tool.madaline] of pyproject.toml")
    assert (settings.epsilon, origins["epsilon"]) == (1e-8, "default")
    assert (settings.hidden, origins["hidden"]) == (None, "preset")


def test_the_target_may_stand_in_a_file() -> None:
    assert choose([Layer("file", {"target": "price"})]).target == ("price",)
    assert choose([Layer("file", {"target": ["a", "b, c"]})]).target == ("a", "b, c")
    with pytest.raises(UsageError, match="target"):
        choose([Layer("file", {"target": 5})])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("epoch = 5", "'epoch'.*Did you mean 'epochs'"),
        ("[train]\nepoch = 5", r"in \[train\].*Did you mean 'epochs'"),
        ("[model]\nepochs = 5", r"'epochs' in \[model\].*belongs in \[train\]"),
        ("[training]\nepochs = 5", r"\[training\].*Did you mean 'train'"),
        ("epochs = 5\n[train]\nepochs = 6", "sets epochs twice"),
        ("learning-rate = 1\nlearning_rate = 1", "sets learning_rate twice"),
        ("seed = 1\nepochs: 5", "not valid TOML.*line 2"),
        ("epochs = 'ten'", "a whole number"),
        ("epochs = 0", "at least 1"),
        ("optimizer = 'adamm'", "Did you mean 'adam"),
    ],
)
def test_a_mistake_in_a_file_names_the_file_and_the_way_out(
    tmp_path: Path, text: str, message: str
) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(text)
    with pytest.raises(UsageError, match=message) as caught:
        choose([read_config(path)])
    assert "mine.toml" in str(caught.value)


def test_a_mistake_is_told_even_where_a_stronger_place_overrules_it() -> None:
    with pytest.raises(UsageError, match="file: epochs"):
        choose([Layer("option", {"epochs": "5"}), Layer("file", {"epochs": "ten"})])


def test_an_unknown_environment_variable_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"MADALINE_EPOCH: .*Did you mean 'epochs'"):
        choose(read_layers([], {"MADALINE_EPOCH": "5"}, None, tmp_path))


def test_a_file_named_in_a_configuration_lies_beside_it(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text("validation = 'held-out.csv'\ntest = 0.2")
    choices = choose([read_config(path)])
    assert choices.settings.validation == str(tmp_path / "held-out.csv")
    assert choices.settings.test == 0.2
    assert choose([Layer("option", {"test": "t.csv"})]).settings.test == "t.csv"


def test_a_missing_configuration_file_is_a_file_error(tmp_path: Path) -> None:
    with pytest.raises(FileError, match=r"no\.toml"):
        read_config(tmp_path / "no.toml")


def test_a_project_without_a_madaline_part_sets_nothing(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text("[project]\nname = 'x'\n[tool.ruff]\nline-length = 1")
    assert set(choose(read_layers([], {}, None, tmp_path)).origins.values()) <= {
        "default",
        "preset",
    }


def test_a_file_of_another_shape_is_refused() -> None:
    with pytest.raises(UsageError, match="must hold keys"):
        flatten([1], "mine.toml")
