from __future__ import annotations

import io
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from madaline.cli import progress
from madaline.cli.output import Output
from madaline.cli.progress import LiveLine, PlainLines, Silent, progress_line, spark_line
from madaline.events.training import Epoch


def an_epoch(epoch: int, epochs: int, **others: Any) -> Epoch:
    known = Epoch(
        epoch=epoch, epochs=epochs, step=epoch, seconds=1.0, learning_rate=0.1, train=1 / epoch,
        validation=2 / epoch, metric=None, best_epoch=epoch, best=2 / epoch, left=10.0,
    )  # fmt: skip
    return replace(known, **others)


@pytest.fixture
def plain(monkeypatch: pytest.MonkeyPatch) -> PlainLines:
    """Plain lines with a clock that stands still; each line is told by its epoch alone."""
    import madaline.report

    text = type("text", (), {"describe_epoch": staticmethod(lambda e: f"epoch {e.epoch}")})
    monkeypatch.setitem(__import__("sys").modules, "madaline.report.words.text", text)
    monkeypatch.setattr(madaline.report, "text", text, raising=False)
    return PlainLines(clock=lambda: 0.0)


def test_without_a_terminal_a_line_comes_every_tenth_of_the_epochs(
    plain: PlainLines, capsys: pytest.CaptureFixture[str]
) -> None:
    for epoch in range(1, 101):
        plain.epoch(an_epoch(epoch, 100))
    shown = capsys.readouterr()
    assert shown.out == ""
    assert shown.err.split("\n")[:3] == ["epoch 1", "epoch 11", "epoch 21"]
    assert len(shown.err.splitlines()) == 11


def test_a_line_comes_at_least_every_30_seconds(
    plain: PlainLines, capsys: pytest.CaptureFixture[str]
) -> None:
    for epoch in range(1, 5):
        plain.clock = lambda epoch=epoch: epoch * 20.0
        plain.epoch(an_epoch(epoch, 1000))
    assert capsys.readouterr().err.splitlines() == ["epoch 1", "epoch 3"]


@pytest.mark.parametrize("mode", ["json", "quiet", "events"])
def test_only_text_mode_shows_progress(mode: Any) -> None:
    assert isinstance(progress.make_display(Output(mode)), Silent)


def test_a_pipe_gets_plain_lines() -> None:
    assert isinstance(progress.make_display(Output()), PlainLines)


@given(
    st.integers(1, 1000),
    st.integers(1, 200),
    st.none() | st.floats(allow_nan=True),
    st.none() | st.floats(0, 1e6),
)
def test_the_live_line_always_fits(
    epoch: int, width: int, loss: float | None, left: float | None
) -> None:
    line = progress_line(
        an_epoch(epoch, 1000, train=1.0 if loss is None else loss, validation=loss, left=left),
        [1.0, 2.0],
        width,
    )
    assert len(line) < max(width, 10)
    assert "\n" not in line


def test_the_live_line_shows_all_there_is_on_a_wide_terminal() -> None:
    line = progress_line(an_epoch(50, 200, left=3675.0), [3.0, 2.0, 1.0], 120)
    for part in ("50/200", "train 0.0200", "validation 0.0400", "█▅▁", "@ 50", "1:01:15 left"):
        assert part in line


def test_the_live_line_is_drawn_at_most_ten_times_a_second(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stderr", io.StringIO())
    live = LiveLine()
    drawn: list[Any] = []
    monkeypatch.setattr(live.live, "update", lambda line, refresh: drawn.append(line))
    clock = iter(0.01 * i for i in range(100, 200))
    monkeypatch.setattr(progress.time, "monotonic", lambda: next(clock))
    for epoch in range(1, 101):
        live.epoch(an_epoch(epoch, 100))
    assert 9 <= len(drawn) <= 11
    live.close()
    live.close()


def test_a_spark_line_survives_losses_that_are_not_finite() -> None:
    assert spark_line([float("inf"), 2.0, float("nan"), 1.0], 16) == "█▁"
    assert spark_line([1.0], 16) == ""
    assert spark_line([5.0] * 3, 16) == "▁▁▁"
    assert len(spark_line([float(i) for i in range(1000)], 16)) == 16
