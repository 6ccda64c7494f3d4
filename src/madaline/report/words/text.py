"""The words of a fit: an event of a run in, plain lines of at most 80 columns out.

Style, such as bold or colour, is the command line's business.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from math import isfinite

from madaline.errors import advice
from madaline.events.alert import Alert
from madaline.events.data import Data
from madaline.events.training import Ended, Epoch, Network
from madaline.events.verdict import Verdict
from madaline.report.words.layout import (
    LONGEST_LABEL,
    alike,
    bullet,
    count,
    duration,
    entry,
    shortened,
)
from madaline.report.words.options import as_options
from madaline.stats.digits import significant

TASKS = {
    "binary": "binary classification",
    "multiclass": "classification",
    "multilabel": "several labels a row",
    "regression": "regression",
}
LABELS = {"error": "Error", "warn": "Warning", "note": "Note"}
ENDINGS = {
    "done": "all {epochs}",
    "converged": "converged at epoch {epoch}",
    "evaluations": "reached the most evaluations of the loss at epoch {epoch}",
    "stopped_early": "stopped at epoch {epoch}, since the validation loss got no better",
    "time": "the time budget ended at epoch {epoch}",
    "stopped": "stopped on request at epoch {epoch}",
    "diverged": "broke down at epoch {epoch}",
    "interrupted": "interrupted at epoch {epoch}",
}
MOST_CLASSES = 12
MOST_MISSING = 8


def describe_data(data: Data) -> list[str]:
    r"""What was read, what is to be predicted, what is missing, how rows were split.

    >>> from madaline.events.data import ClassSeen, ColumnSeen, Split
    >>> age = ColumnSeen("age", "number", missing=1)
    >>> print("\n".join(describe_data(Data("pets.csv", 3, (age,), ("pet",), "binary",
    ...     "'pet' holds 2 different texts.", Split(3), (ClassSeen("cat", 3),)))))
    Data      pets.csv: 3 rows, 1 column (1 number) and the target
    Target    pet: cat 3
    Task      binary classification: 'pet' holds 2 different texts.
    Missing   age 1
    Split     3 training rows (shuffled, seed 0)
    """
    task = TASKS[data.task]
    if data.task == "multiclass":
        task = f"classification into {len(data.classes)} classes"
    lines = entry("Data", _columns(data)) + entry("Target", _target(data))
    lines += entry("Task", f"{task}: {data.why}" if data.why else task)
    return lines + _missing(data) + _split(data)


def describe_alert(alert: Alert) -> list[str]:
    r"""An alert in one paragraph.

    >>> print("\n".join(describe_alert(Alert("note", "constant", "Column 'a' holds one value only.",
    ...     action="It is left out."))))
    Note      Column 'a' holds one value only. It is left out.
    """
    return entry(LABELS[alert.level], f"{alert.text} {describe_action(alert)}".strip())


def alert_line(alert: Alert) -> str:
    """An alert beside the progress of a training: warnings are called so.

    >>> alert_line(Alert("warn", "not_written", "The disk is full."))
    'Warning: The disk is full.'
    """
    label = "" if alert.level == "note" else f"{LABELS[alert.level]}: "
    return f"{label}{alert.text} {describe_action(alert)}".strip()


def describe_network(network: Network) -> list[str]:
    r"""The network layer by layer, how it is trained, and where its loss begins.

    >>> from madaline.events.training import Embedding, Layer
    >>> print("\n".join(describe_network(Network(
    ...     (Layer("hidden 1", 3, 2, "relu", 8), Layer("output", 2, 1, "sigmoid", 3)),
    ...     (Embedding("town", 12, 2),), features=3, parameters=35, loss="binary_cross_entropy",
    ...     optimizer="adam", batch_size=32, epochs=9, learning_rate=0.01, initializer="data",
    ...     loss_at_start=0.7, loss_of_constant=0.6, fingerprint=""))))
    Network   3 features -> 2 relu -> 1 sigmoid
    Size      35 parameters · 1 embedded column
    Training  adam, learning rate 0.01, batches of 32, at most 9 epochs
    Loss      binary cross entropy, 0.7 at the start, 0.6 for the best constant
              guess
    """
    steps = [count(network.layers[0].fan_in, "feature")]
    steps += [f"{layer.fan_out} {layer.activation}" for layer in network.layers]
    size = [count(network.parameters, "parameter")]
    if network.embeddings:
        size.append(count(len(network.embeddings), "embedded column"))
    if network.members > 1:
        size.append(f"{count(network.members, 'network')} trained as one")
    return [
        *entry("Network", " -> ".join(steps)),
        *entry("Size", " · ".join(size)),
        *entry("Training", _training(network)),
        *entry("Loss", _first_loss(network)),
    ]


def describe_epoch(epoch: Epoch) -> str:
    """One line on how far training is.

    >>> describe_epoch(Epoch(40, 200, 7120, 2.14, 0.001, train=0.3121, validation=0.3452,
    ...     metric=None, best_epoch=33, best=0.339, left=6.0))
    'epoch  40  train 0.312  validation 0.345  best 0.339 at 33  2.1 s  ~6 s left'
    """
    parts = [f"epoch {epoch.epoch:>{len(str(epoch.epochs))}}"]
    parts += [f"train {_loss(epoch.train)}", f"validation {_loss(epoch.validation)}"]
    if isfinite(epoch.best):
        parts.append(f"best {_loss(epoch.best)} at {epoch.best_epoch}")
    parts.append(duration(epoch.seconds))
    if epoch.left is not None:
        parts.append(f"~{_roughly(epoch.left)} left")
    return "  ".join(parts)


def describe_verdict(verdict: Verdict) -> list[str]:
    r"""The verdict, its evidence, and what to do next, as options of the command line.

    >>> print("\n".join(describe_verdict(Verdict("overfit", "It knows its rows by heart.",
    ...     ("The gap is 0.3.",), "Raise dropout to 0.2.", {"dropout": 0.2}))))
    Verdict   overfit: it knows its rows by heart.
              - The gap is 0.3.
    Next      Raise dropout to 0.2. (--dropout 0.2)
    """
    text = f"{verdict.text[:1].lower()}{verdict.text[1:]}"
    lines = entry("Verdict", f"{verdict.code.replace('_', ' ')}: {text}")
    for sentence in verdict.evidence:
        lines += bullet(sentence)
    for sentence in verdict.remarks:
        lines += entry("Remark", sentence)
    return lines + entry("Next", describe_action(verdict))


def describe_action(told: Alert | Verdict) -> str:
    """What to do, and in brackets the options that do it."""
    return advice(told.action, told.settings, as_options)


def describe_end(end: Ended) -> list[str]:
    """Why training ended, how long it took and which weights are kept.

    >>> describe_end(Ended("done", epoch=20, best_epoch=18, seconds=3.21))
    ['Trained   3.2 s, all 20 epochs; the weights of epoch 18 are kept']
    """
    reason = ENDINGS[end.why].format(epochs=count(end.epoch, "epoch"), epoch=f"{end.epoch:,}")
    kept = describe_kept(end.best_epoch, end.best_epochs)
    return entry("Trained", f"{duration(end.seconds)}, {reason}; {kept}")


def describe_kept(best: int, own: Sequence[int] = ()) -> str:
    """Which weights a training keeps.

    Args:
        best: The epoch of the weights; of several members, the middle one.
        own: That of each member.

    >>> describe_kept(18), describe_kept(15, (18, 12))
    ('the weights of epoch 18 are kept', 'each network keeps its own best epoch, 12 to 18')
    """
    if own and min(own) < max(own):
        return f"each network keeps its own best epoch, {min(own):,} to {max(own):,}"
    if not best:
        return "no epoch was better than the best constant guess, which is kept"
    return f"the weights of epoch {best:,} are kept"


def _columns(data: Data) -> str:
    columns = [column for column in data.columns if column.name not in data.target]
    kinds = Counter(column.kind for column in columns)
    shown = ", ".join(count(n, kind) for kind, n in kinds.items())
    text = f"{data.source}: {count(data.rows, 'row')}, {count(len(columns), 'column')}"
    text += f" ({shown})" if shown else ""
    text += " and the target" if len(data.target) == 1 else f" and {len(data.target)} targets"
    for n, want in ((data.dropped_rows, "without a target"), (data.weightless_rows, "of weight 0")):
        text += f"; {count(n, 'row')} {want} left out" if n else ""
    return text


def _target(data: Data) -> str:
    names, classes, values = ", ".join(data.target), data.classes, data.values
    if classes:
        shown = [
            f"{shortened(seen.label, LONGEST_LABEL)} {count(seen.rows)}"
            for seen in classes[:MOST_CLASSES]
        ]
        more = f" and {len(classes) - MOST_CLASSES} more" if len(classes) > MOST_CLASSES else ""
        return f"{names}: {' · '.join(shown)}{more}"
    if values:
        numbers = (values.mean, values.std, values.min, values.max)
        mean, std, low, high = (significant(number, 4) for number in numbers)
        return f"{names}: {low} to {high}, mean {mean}, standard deviation {std}"
    return names


def _missing(data: Data) -> list[str]:
    found = sorted((c for c in data.columns if c.missing), key=lambda c: -c.missing)
    if not found:
        return []
    shown = [f"{shortened(c.name, LONGEST_LABEL)} {count(c.missing)}" for c in found[:MOST_MISSING]]
    more = f" and {len(found) - MOST_MISSING} more columns" if len(found) > MOST_MISSING else ""
    return entry("Missing", " · ".join(shown) + more)


def _split(data: Data) -> list[str]:
    names = {"train": "training", "validation": "validation", "test": "test"}
    parts = {name: getattr(data.split, name) for name in names}
    if data.held_in_turn:  # the validation rows of all networks are training rows of others
        del parts["validation"]
        others = f"{count(data.held_in_turn)} others"
        names["train"] = f"training, of which each network holds out {others}"
    shown = [f"{count(n)} {names[name]}" for name, n in parts.items() if n]
    return entry("Split", f"{' · '.join(shown)} rows ({data.split_how}, seed {data.seed})")


def _training(network: Network) -> str:
    rate, best = network.learning_rate, ""
    if isinstance(rate, tuple):  # one a member
        rates = f"learning rates {significant(min(rate))} to {significant(max(rate))}"
    else:
        rates = f"learning rate {significant(rate)}"
    if network.calibrated:
        best = ", the best by calibrated validation loss"
    return (
        f"{network.optimizer}, {rates}, batches of {network.batch_size:,}, "
        f"at most {count(network.epochs, 'epoch')}{best}"
    )


def _first_loss(network: Network) -> str:
    start, constant = significant(network.loss_at_start), significant(network.loss_of_constant)
    name = network.loss.replace("_", " ")
    return f"{name}, {start} at the start, {constant} for the best constant guess"


def _roughly(seconds: float) -> str:
    """An estimate needs no seconds beside its minutes."""
    if seconds < 60:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 3600 else duration(seconds)


def _loss(value: float | None) -> str:
    return alike([value])[0]
