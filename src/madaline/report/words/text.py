"""The words of a fit: an event of a run in, plain lines of at most 80 columns out.

Fields that are missing or null are left out; no event makes these functions raise. Style, such as
bold or colour, is the command line's business.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

from madaline.errors import advice
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
from madaline.report.words.score_tables import describe_scores
from madaline.stats.digits import significant

__all__ = [
    "describe_data",
    "describe_end",
    "describe_epoch",
    "describe_kept",
    "describe_network",
    "describe_scores",
    "describe_verdict",
]

Event = Mapping[str, Any]

TASKS = {
    "binary": "binary classification",
    "multiclass": "classification",
    "multilabel": "several labels a row",
    "regression": "regression",
}
KINDS = {"number": "number", "boolean": "boolean", "category": "category", "date": "date"}
MOST_CLASSES = 12
MOST_MISSING = 8


def describe_data(event: Event) -> list[str]:
    r"""What was read, what is to be predicted, what is missing, how rows were split.

    >>> print("\n".join(describe_data({"source": "pets.csv", "rows": 3, "target": ["pet"],
    ...     "columns": [{"name": "age", "kind": "number", "missing": 1}], "task": "binary",
    ...     "why": "'pet' holds 2 different texts."})))
    Data      pets.csv: 3 rows, 1 column (1 number) and the target
    Target    pet
    Task      binary classification: 'pet' holds 2 different texts.
    Missing   age 1
    """
    lines = entry("Data", _columns(event)) + entry("Target", _target(event))
    task = event.get("task")
    if task:
        name = TASKS.get(task, str(task))
        if task == "multiclass" and event.get("classes"):
            name = f"classification into {len(event['classes'])} classes"
        why = event.get("why") or ""
        lines += entry("Task", f"{name}: {why}" if why else name)
    lines += _missing(event) + _split(event)
    for notice in event.get("notices") or ():
        action = advice(notice.get("fix") or "", notice.get("settings") or {}, as_options)
        lines += entry("Note", f"{notice.get('text') or ''} {action}".strip())
    return lines


def describe_network(event: Event) -> list[str]:
    r"""The network layer by layer, how it is trained, and where its loss begins.

    >>> print("\n".join(describe_network({"parameters": 9, "layers": [
    ...     {"name": "layers.0", "fan_in": 2, "fan_out": 2, "activation": "relu"},
    ...     {"name": "layers.1", "fan_in": 2, "fan_out": 1, "activation": "sigmoid"}]})))
    Network   2 features -> 2 relu -> 1 sigmoid
    Size      9 parameters
    """
    layers = event.get("layers") or ()
    embeddings = [layer for layer in layers if str(layer.get("name")).startswith("embedding")]
    dense = [layer for layer in layers if layer not in embeddings]
    lines: list[str] = []
    if dense:
        steps = [count(dense[0].get("fan_in"), "feature")]
        steps += [f"{layer.get('fan_out')} {layer.get('activation') or ''}" for layer in dense]
        lines += entry("Network", " -> ".join(step.strip() for step in steps))
    size = [count(event["parameters"], "parameter")] if event.get("parameters") else []
    size += [count(len(embeddings), "embedded column")] if embeddings else []
    if (event.get("members") or 1) > 1:
        size.append(f"{count(event['members'], 'network')} trained as one")
    lines += entry("Size", " · ".join(size)) if size else []
    return lines + _training(event) + _first_loss(event)


def describe_epoch(event: Event) -> str:
    """One line on how far training is.

    >>> describe_epoch({"epoch": 40, "epochs": 200, "train": 0.3121, "validation": 0.3452,
    ...     "best": 0.339, "best_epoch": 33, "seconds": 2.14, "left": 6.0})
    'epoch  40  train 0.312  validation 0.345  best 0.339 at 33  2.1 s  ~6 s left'
    """
    epoch, epochs = event.get("epoch") or 0, event.get("epochs") or 0
    parts = [f"epoch {epoch:>{len(str(epochs))}}"]
    parts += [f"{name} {_loss(event.get(name))}" for name in ("train", "validation")]
    if event.get("best") is not None:
        parts.append(f"best {_loss(event['best'])} at {event.get('best_epoch') or 0}")
    if event.get("seconds") is not None:
        parts.append(duration(event["seconds"]))
    if event.get("left") is not None:
        parts.append(f"~{_roughly(event['left'])} left")
    return "  ".join(parts)


def describe_verdict(event: Event) -> list[str]:
    r"""The verdict, its evidence, and what to do next, as options of the command line.

    >>> print("\n".join(describe_verdict({"code": "overfit", "text": "It knows its rows by heart.",
    ...     "evidence": ["The gap is 0.3."], "action": "Raise dropout to 0.2.",
    ...     "settings": {"dropout": 0.2}})))
    Verdict   overfit: it knows its rows by heart.
              - The gap is 0.3.
    Next      Raise dropout to 0.2. (--dropout 0.2)
    """
    code = str(event.get("code") or "none").replace("_", " ")
    text = str(event.get("text") or "")
    lines = entry("Verdict", f"{code}: {text[:1].lower()}{text[1:]}" if text else code)
    for sentence in event.get("evidence") or ():
        lines += bullet(sentence)
    for sentence in event.get("remarks") or ():
        lines += entry("Remark", sentence)
    action = advice(event.get("action") or "", event.get("settings") or {}, as_options)
    return lines + (entry("Next", action) if action else [])


def describe_end(event: Event) -> list[str]:
    """Why training ended, how long it took and which weights are kept.

    >>> describe_end({"why": "done", "epoch": 20, "best_epoch": 18, "seconds": 3.21})
    ['Trained   3.2 s, all 20 epochs; the weights of epoch 18 are kept']
    """
    epoch = event.get("epoch") or 0
    reason = {
        "done": f"all {count(epoch, 'epoch')}",
        "converged": f"converged at epoch {epoch:,}",
        "evaluations": f"reached the most evaluations of the loss at epoch {epoch:,}",
        "stopped_early": f"stopped at epoch {epoch:,}, since the validation loss got no better",
        "time": f"the time budget ended at epoch {epoch:,}",
        "stopped": f"stopped on request at epoch {epoch:,}",
        "diverged": f"broke down at epoch {epoch:,}",
        "interrupted": f"interrupted at epoch {epoch:,}",
    }.get(str(event.get("why")), f"ended at epoch {epoch:,}")
    seconds = f"{duration(event['seconds'])}, " if event.get("seconds") is not None else ""
    return entry("Trained", f"{seconds}{reason}; {describe_kept(event)}")


def describe_kept(event: Event) -> str:
    """Which weights a training keeps.

    >>> describe_kept({"best_epoch": 18})
    'the weights of epoch 18 are kept'
    >>> describe_kept({"best_epoch": 15, "best_epochs": [18, 12]})
    'each network keeps its own best epoch, 12 to 18'
    """
    best, own = event.get("best_epoch") or 0, event.get("best_epochs") or (0,)
    if min(own) < max(own):
        return f"each network keeps its own best epoch, {min(own):,} to {max(own):,}"
    if not best:
        return "no epoch was better than the best constant guess, which is kept"
    return f"the weights of epoch {best:,} are kept"


def _columns(event: Event) -> str:
    targets = event.get("target") or []
    columns = [c for c in event.get("columns") or () if c.get("name") not in targets]
    kinds = Counter(KINDS.get(str(c.get("kind")), "other column") for c in columns)
    shown = ", ".join(count(n, kind) for kind, n in kinds.items())
    text = f"{event.get('source') or 'the table'}: {count(event.get('rows'), 'row')}"
    text += f", {count(len(columns), 'column')}" + (f" ({shown})" if shown else "")
    if targets:
        text += " and the target" if len(targets) == 1 else f" and {len(targets)} targets"
    weightless = event.get("weightless_rows")
    dropped = event.get("dropped_rows")
    text += f"; {count(dropped, 'row')} without a target left out" if dropped else ""
    return text + (f"; {count(weightless, 'row')} of weight 0 left out" if weightless else "")


def _target(event: Event) -> str:
    names = ", ".join(event.get("target") or ()) or "-"
    classes, values = event.get("classes"), event.get("values")
    if classes:
        shown = [
            f"{shortened(str(c.get('label')), LONGEST_LABEL)} {count(c.get('rows'))}"
            for c in classes[:MOST_CLASSES]
        ]
        more = f" and {len(classes) - MOST_CLASSES} more" if len(classes) > MOST_CLASSES else ""
        return f"{names}: {' · '.join(shown)}{more}"
    if values:
        known = [significant(values.get(k), 4) for k in ("mean", "std", "min", "max")]
        mean, std, low, high = known
        return f"{names}: {low} to {high}, mean {mean}, standard deviation {std}"
    return names


def _missing(event: Event) -> list[str]:
    found = [(c.get("missing") or 0, str(c.get("name"))) for c in event.get("columns") or ()]
    found = sorted((pair for pair in found if pair[0]), key=lambda pair: -pair[0])
    if not found:
        return []
    shown = [f"{shortened(name, LONGEST_LABEL)} {count(n)}" for n, name in found[:MOST_MISSING]]
    more = f" and {len(found) - MOST_MISSING} more columns" if len(found) > MOST_MISSING else ""
    return entry("Missing", " · ".join(shown) + more)


def _split(event: Event) -> list[str]:
    names = {"train": "training", "validation": "validation", "test": "test"}
    parts = event.get("split") or {}
    held = event.get("held_in_turn")
    if held:  # the validation rows of all networks together are training rows of others
        parts = {name: n for name, n in parts.items() if name != "validation"}
        names["train"] = f"training, of which each network holds out {count(held)} others"
    shown = [f"{count(n)} {names.get(name, name)}" for name, n in parts.items() if n]
    if not shown:
        return []
    how = [str(event["split_how"])] if event.get("split_how") else []
    how += [f"seed {event['seed']}"] if event.get("seed") is not None else []
    return entry("Split", f"{' · '.join(shown)} rows" + (f" ({', '.join(how)})" if how else ""))


def _training(event: Event) -> list[str]:
    parts: list[str] = [str(event["optimizer"])] if event.get("optimizer") else []
    rate = event.get("learning_rate")
    if isinstance(rate, list):  # one a member
        parts.append(f"learning rates {significant(min(rate))} to {significant(max(rate))}")
    elif isinstance(rate, int | float):
        parts.append(f"learning rate {significant(rate)}")
    batch = event.get("batch_size")
    if batch is not None:
        parts.append(f"batches of {batch:,}" if isinstance(batch, int) else f"batch {batch}")
    if event.get("epochs"):
        best = ", the best by calibrated validation loss" if event.get("calibrated") else ""
        parts.append(f"at most {count(event['epochs'], 'epoch')}{best}")
    return entry("Training", ", ".join(parts)) if parts else []


def _first_loss(event: Event) -> list[str]:
    text = str(event.get("loss") or "").replace("_", " ")
    start, constant = event.get("loss_at_start"), event.get("loss_of_constant")
    if start is not None:
        text += f"{', ' if text else ''}{significant(start)} at the start"
    if constant is not None:
        text += f"{', ' if text else ''}{significant(constant)} for the best constant guess"
    return entry("Loss", text) if text else []


def _roughly(seconds: float) -> str:
    """An estimate needs no seconds beside its minutes."""
    if seconds < 60:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 3600 else duration(seconds)


def _loss(value: float | None) -> str:
    return alike([value])[0]
