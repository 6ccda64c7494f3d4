"""Planted faults: each is told with its columns and rows, and a clean table is left in peace."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from madaline.checkup.checkup import check_up
from madaline.data.columns.frames import as_table
from madaline.data.table import Column, Table, category
from madaline.errors import DataError
from madaline.events.alert import LEVELS
from madaline.settings.table import Settings

N = 600


def a_table(n: int = N, seed: int = 0, **columns) -> Table:
    """Two classes, three quarters apart: learnable, and not by one column alone."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(n, 3))
    label = x[:, 0] + x[:, 1] > 0
    features = {f"x{i}": x[:, i] for i in range(3)}
    return as_table(features | columns | {"y": np.where(label, "yes", "no")})


def found(table: Table, target="y", settings: Settings | None = None, **own):
    return {f.code: f for f in check_up(table, target, settings, **own).findings}


def values_table(seed: int = 0, **columns) -> Table:
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(N, 2))
    y = 3 * x[:, 0] + 2 * x[:, 1] + 0.5 * rng.normal(size=N)
    return as_table({"a": x[:, 0], "b": x[:, 1], "y": y} | columns)


@pytest.mark.parametrize("seed", range(3))
def test_a_clean_table_has_nothing_grave(seed):
    for table in (a_table(seed=seed), values_table(seed)):
        result = check_up(table, "y")
        assert not [f for f in result.findings if f.level != "note"]


def test_a_leak_is_an_error_and_a_noisy_one_a_warning():
    rng = np.random.default_rng(1)
    code = (a_table()["y"].values == 0).astype(float)
    exact = found(a_table(leak=code))
    assert exact["repeats_target"].level == "error"
    y = values_table()["y"].values
    noisy = found(values_table(leak=y + 0.15 * y.std() * rng.normal(size=N)))["predicts_target"]
    assert (noisy.level, noisy.columns) == ("warn", ("leak",))
    assert 0.95 <= noisy.numbers["skill"] < 1


def test_the_rows_of_copies_are_told_as_a_person_counts_them():
    table = a_table()
    copied = table.take(np.append(np.arange(N), [7, 7, 99, 300]))
    finding = found(copied)["duplicates"]
    assert finding.rows == (601, 602, 603, 604)
    assert "row 601 does row 8" in finding.text
    assert finding.level == "warn"


def test_copies_are_found_though_each_has_an_id_of_its_own():
    rows = np.append(np.arange(N), np.arange(20))
    table = a_table().take(rows)
    number = Column("id", "number", np.arange(1.0, len(rows) + 1))
    finding = found(replace(table, columns=(number, *table.columns)))["duplicates"]
    assert finding.rows == tuple(range(601, 621))


def test_test_rows_that_training_has_seen_are_an_error():
    own = a_table(100, seed=5)
    mixed = Table(
        tuple(
            category(c.name, [*c.texts(), *a_table()[c.name].texts()[:50]])
            if c.kind == "category"
            else Column(c.name, c.kind, np.append(c.values, a_table()[c.name].values[:50]))
            for c in own
        ),
        "new.csv",
    )
    finding = found(a_table(), settings=Settings(validation=0), test=mixed)[
        "duplicates_across_split"
    ]
    assert finding.level == "error"
    assert finding.rows == tuple(range(101, 151))
    assert finding.source == "new.csv"
    assert "row 101 does row 1" in finding.text


def test_contradictions_bound_what_a_model_can_reach():
    table = a_table(200)
    rows = np.append(np.arange(200), np.arange(20))
    twice = table.take(rows)
    labels = twice["y"].values.copy()
    labels[200:] = 1 - labels[200:]
    twice = replace(twice, columns=(*twice.columns[:-1], replace(twice["y"], values=labels)))
    finding = found(twice)["contradictions"]
    assert finding.rows == (*range(1, 21), *range(201, 221))
    assert finding.numbers["limit"] == pytest.approx(200 / 220)


def test_natural_repeats_of_coarse_columns_are_only_noted():
    rng = np.random.default_rng(0)
    columns = {f"x{i}": rng.integers(0, 3, N).astype(str) for i in range(4)}
    table = as_table(columns | {"y": rng.integers(0, 2, N).astype(str)})
    assert {f.level for f in check_up(table, "y").findings} == {"note"}


def test_flipped_labels_are_named_surest_first():
    table = a_table(2000)
    x, labels = table["x0"].values + table["x1"].values, table["y"].values.copy()
    clear = np.flatnonzero(np.abs(x) > 1)
    wrong = np.sort(np.random.default_rng(2).permutation(clear)[:60])
    labels[wrong] = 1 - labels[wrong]
    table = replace(table, columns=(*table.columns[:-1], replace(table["y"], values=labels)))
    finding = found(table)["suspect_labels"]
    hits = set((wrong + 1).tolist()) & set(finding.rows)
    assert len(hits) > 0.6 * len(wrong)
    assert len(hits) > 0.7 * len(finding.rows)
    assert finding.numbers["doubt"] == sorted(finding.numbers["doubt"], reverse=True)
    given = dict(zip(finding.rows, finding.numbers["given"], strict=True))
    row = next(iter(hits))
    assert given[row] == table["y"].texts()[row - 1]


def test_wrong_values_are_named_with_likelier_ones():
    table = values_table()
    y = table["y"].values.copy()
    wrong = np.array([10, 20, 30, 40, 50])
    y[wrong] += 40
    table = replace(table, columns=(*table.columns[:-1], Column("y", "number", y)))
    finding = found(table)["suspect_values"]
    assert set(finding.rows[:5]) == {11, 21, 31, 41, 51}
    assert abs(finding.numbers["likely"][0] - (finding.numbers["given"][0] - 40)) < 5


def test_labels_no_one_can_check_are_said_to_be_so():
    rng = np.random.default_rng(0)
    table = a_table(y2=rng.integers(0, 2, N).astype(str))
    result = check_up(table, "y2")
    assert "suspect_labels" not in {f.code for f in result.findings}
    assert any("could not be checked" in remark for remark in result.remarks)


def test_a_shifted_test_file_drifts_in_the_shifted_column():
    test = a_table(300, seed=9)
    clean = check_up(a_table(), "y", test=test)
    assert "drift" not in {f.code for f in clean.findings}
    assert any("No drift" in remark for remark in clean.remarks)
    moved = replace(test["x2"], values=test["x2"].values + 0.7)
    shifted = replace(test, columns=tuple(moved if c.name == "x2" else c for c in test))
    finding = found(a_table(), test=shifted)["drift"]
    assert finding.columns == ("x2",)
    assert finding.level == "warn"
    assert finding.numbers["p_value"] < 0.01


def test_time_that_moves_the_data_is_drift_and_a_shuffled_split_is_not_tested():
    day = np.arange(N, dtype=float)
    rng = np.random.default_rng(0)
    table = a_table(day=day, warm=day / 200 + rng.normal(size=N))
    assert found(table, settings=Settings(time="day"))["drift"].columns[0] == "warm"
    shuffled = check_up(table, "y", Settings(drop=("day",)))
    assert "drift" not in {f.code for f in shuffled.findings}
    assert any("split at random" in remark for remark in shuffled.remarks)


def test_groups_that_differ_by_chance_are_no_drift():
    group = np.arange(N) // 10
    offset = np.random.default_rng(1).normal(size=N)[group]
    table = a_table(level=offset, who=group.astype(float))
    result = check_up(table, "y", Settings(group="who"))
    assert "drift" not in {f.code for f in result.findings}
    assert any("No drift" in remark for remark in result.remarks)


def test_categories_that_only_the_test_file_has_are_told_with_their_rows():
    train = a_table(city=np.where(np.arange(N) % 2, "Bonn", "Ulm"))
    test = a_table(100, seed=3, city=np.where(np.arange(100) < 5, "Jena", "Ulm"))
    finding = found(train, test=test)["unseen_category"]
    assert finding.rows == (1, 2, 3, 4, 5)
    assert "'Jena'" in finding.text


def test_numbers_with_a_few_words_are_mixed():
    age = [str(20 + i % 50) for i in range(N)]
    age[4], age[77] = "old", "n.k."
    finding = found(a_table(age=age))["mixed"]
    assert finding.rows == (5, 78)
    assert "'old'" in finding.text


def test_mixed_dates_are_told_and_plain_categories_are_not():
    days = [f"2024-01-{1 + i % 28:02d}" for i in range(N)]
    days[3] = "soon"
    assert found(a_table(day=days))["mixed"].rows == (4,)
    sizes = [f"{i % 20} cm" for i in range(N)]
    assert "mixed" not in found(a_table(size=sizes))


def test_gaps_that_speak_of_the_target_are_told():
    table = a_table()
    wrong = table["y"].values == 1
    chance = np.random.default_rng(0).random(N)
    gaps = np.where(wrong & (chance < 0.7), np.nan, 1.0 + chance)
    blind = np.where(chance < 0.3, np.nan, np.roll(chance, 3))
    result = found(a_table(late=gaps, blind=blind))
    assert result["telling_gaps"].columns == ("late",)
    assert result["telling_gaps"].level == "warn"
    assert set(result["missing"].columns) == {"late", "blind"}
    assert result["missing"].numbers["missing"]["late"] == int(np.isnan(gaps).sum())


def test_a_column_of_hardly_any_values_is_nearly_empty():
    few = np.full(N, np.nan)
    few[:5] = [1, 2, 3, 4, 5]
    assert found(a_table(few=few))["nearly_empty"].columns == ("few",)


def test_infinite_cells_are_told_with_their_rows():
    values = np.random.default_rng(0).normal(size=N)
    values[[2, 3, 4, 5]] = np.inf
    assert found(a_table(odd=values))["infinite"].rows == (3, 4, 5, 6)


def test_rows_without_a_target_and_later_row_numbers_are_those_of_the_file():
    labels = a_table()["y"].texts()
    labels[0], labels[5] = None, None
    table = a_table()
    table = replace(table, columns=(*table.columns[:-1], category("y", labels)))
    table = table.take(np.append(np.arange(N), 7))
    result = found(table)
    assert result["no_target"].rows == (1, 6)
    assert result["duplicates"].rows == (601,)


def test_classes_of_few_rows_are_told():
    labels = a_table()["y"].texts()
    labels[:4] = ["odd"] * 4
    table = a_table()
    table = replace(table, columns=(*table.columns[:-1], category("y", labels)))
    finding = found(table)["rare_class"]
    assert "'odd'" in finding.text
    assert set(finding.rows) <= {1, 2, 3, 4}


def test_a_class_that_fills_the_table_is_told():
    labels = ["no"] * N
    labels[:30] = ["yes"] * 30
    table = replace(a_table(), columns=(*a_table().columns[:-1], category("y", labels)))
    assert found(table)["one_sided"].numbers["share"] == pytest.approx(0.95, abs=0.003)


def test_a_few_values_that_rule_the_loss_are_told():
    y = values_table()["y"].values.copy()
    y[17] = 1e6
    table = replace(
        values_table(), columns=(*values_table().columns[:-1], Column("y", "number", y))
    )
    assert found(table)["target_outliers"].rows == (18,)


def test_findings_come_gravest_first_and_as_plain_values():
    code = (a_table()["y"].values == 0).astype(float)
    result = check_up(a_table(leak=code, same=np.ones(N)), "y")
    order = [LEVELS.index(f.level) for f in result.findings]
    assert order == sorted(order)
    document = json.loads(json.dumps(result.as_dict()))
    assert document["counts"]["error"] == 1
    assert document["findings"][0]["columns"] == ["leak"]


def test_one_seed_gives_one_result():
    table = a_table()
    test = a_table(100, seed=4)
    first, second = (check_up(table, "y", Settings(seed=3), test=test) for _ in range(2))
    assert first.as_dict() == second.as_dict()


def test_every_task_can_be_checked():
    rng = np.random.default_rng(0)
    x = rng.normal(size=(N, 3))
    labels = as_table({"a": x[:, 0], "b": x[:, 1], "u": x[:, 0] > 0, "v": x[:, 1] > 0})
    assert check_up(labels, ("u", "v")).data.task == "multilabel"
    values = as_table({"a": x[:, 0], "b": x[:, 1], "u": x[:, 0] + x[:, 2], "v": x[:, 1] * 2})
    result = check_up(values, ("u", "v"))
    assert {f.columns for f in result.findings if f.code == "repeats_target"} == {("b",)}


@pytest.mark.parametrize("n", [6, 25])
def test_small_tables_are_checked_as_far_as_they_go(n):
    result = check_up(a_table(n), "y")
    assert any("too few" in remark for remark in result.remarks)


def test_a_table_that_cannot_be_used_is_refused_as_by_a_fit():
    with pytest.raises(DataError, match="no column left"):
        check_up(as_table({"same": np.ones(N), "y": np.arange(N) % 2}), "y")
