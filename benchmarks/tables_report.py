"""The report of `tables.py`: records of fits become Markdown on standard output.

Splits are compared on which every shown peer has a record. The seeds of a table are averaged first,
then tables are compared, each with the same weight. A fit that crashed or ran out of time is given
the worst error of the other peers on that split, and its peer is ranked last on that table.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

import numpy as np

from peers import PEERS

Record = dict[str, Any]

BOOTSTRAPS = 10_000
COST_UNIT = "realmlp"  # the peer whose fit seconds are one

# -- What is compared ------------------------------------------------------------------------------


class Group(NamedTuple):
    """Tables on which all peers have a record: table -> its splits, each peer -> record."""

    peers: list[str]
    tables: dict[str, list[dict[str, Record]]]

    def of_task(self, is_regression: bool) -> Group:
        """Its regressions alone, or the others."""
        first = self.peers[0]
        kept = {
            table: splits
            for table, splits in self.tables.items()
            if (splits[0][first]["task"] == "regression") == is_regression
        }
        return self._replace(tables=kept)

    def splits(self) -> list[dict[str, Record]]:
        """Of all tables."""
        return [split for splits in self.tables.values() for split in splits]

    def failed(self) -> np.ndarray:
        """Splits that each peer did not finish, (tables, peers)."""
        return np.array(
            [
                [sum(split[peer]["status"] != "ok" for split in splits) for peer in self.peers]
                for splits in self.tables.values()
            ]
        )

    def means(self, value_of: Callable[[Record], float], worst: Any = np.nanmax) -> np.ndarray:
        """A value of each table and peer, the mean of its splits, (tables, peers).

        `worst` picks what a fit that failed is given from the values of the others.
        """
        rows = []
        for splits in self.tables.values():
            values = np.array([[value_of(split[peer]) for peer in self.peers] for split in splits])
            values = np.where(np.isnan(values), worst(values, axis=1, keepdims=True), values)
            # Rounded, so that as many mistakes in another order of seeds are a tie.
            rows.append(values.mean(axis=0).round(12))
        return np.array(rows)


def group_of(records: Iterable[Record], peers: list[str], tables: Iterable[str]) -> Group:
    """The splits of the tables on which all peers have a record and at least one has finished."""
    found: dict[str, dict[int, dict[str, Record]]] = {table: {} for table in tables}
    for record in records:
        if record["table"] in found:
            found[record["table"]].setdefault(record["seed"], {})[record["peer"]] = record
    shared = {
        table: [
            split
            for _, split in sorted(splits.items())
            if set(peers) <= split.keys() and any(r["status"] == "ok" for r in split.values())
        ]
        for table, splits in found.items()
    }
    return Group(peers, {table: splits for table, splits in shared.items() if splits})


def value(name: str) -> Callable[[Record], float]:
    """Reads a score; NaN where the fit failed or has none."""
    return lambda record: np.nan if record.get(name) is None else record[name]


def main_error(record: Record) -> float:
    """The error rate (at least half a test row, so that it has a logarithm) or the RMSE."""
    if record["status"] != "ok":
        return np.nan
    if record["task"] == "regression":
        return record["rmse"]
    return max(record["error"], 0.5 / record["n_test"])


# -- Statistics ------------------------------------------------------------------------------------


def ranks(errors: np.ndarray) -> np.ndarray:
    """Rank of each, 1 is best, equal ones share their mean rank.

    >>> ranks(np.array([0.3, 0.1, 0.3])).tolist()
    [2.5, 1.0, 2.5]
    """
    below = (errors[:, None] > errors).sum(axis=1)
    equal = (errors[:, None] == errors).sum(axis=1)
    return below + (equal + 1) / 2


def geometric_mean(ratios: np.ndarray) -> str:
    """Of one ratio a table, with the 95 % interval of a bootstrap over the tables."""
    logs = np.log(ratios)
    draws = np.random.default_rng(0).integers(0, len(logs), (BOOTSTRAPS, len(logs)))
    low, high = np.exp(np.quantile(logs[draws].mean(axis=1), [0.025, 0.975]))
    return f"{np.exp(logs.mean()):.3f} ({low:.3f} to {high:.3f})"


# -- Markdown --------------------------------------------------------------------------------------


def print_table(header: list[str], rows: Iterable[list[str]]) -> None:
    for row in [header, ["---"] * len(header), *rows]:
        print(f"| {' | '.join(row)} |")


def print_report(records: list[Record], peers: list[str], halves: dict[str, list[str]]) -> None:
    """What was measured how, then for each part of the tables a summary and every score."""
    if not records:
        print("Nothing was measured with these settings.")
        return
    print_settings(records, [peer for peer in peers if any(r["peer"] == peer for r in records)])
    print(
        f"\nThe seeds of a table are averaged, then tables count alike. Intervals: {BOOTSTRAPS:,} "
        "bootstraps over the tables. An error rate counts as at least half a test row where it is "
        "divided. A fit that crashed or ran out of time is given the worst error of the other "
        "peers on that split; its peer is ranked last on that table and loses there."
    )
    for title, tables in halves.items():
        here = [record for record in records if record["table"] in tables]
        if here:
            n_fits = {peer: sum(record["peer"] == peer for record in here) for peer in peers}
            group = group_of(here, [peer for peer in peers if n_fits[peer]], tables)
            print(f"\n## {title}\n")
            print(
                f"{len(group.tables)} of {len(tables)} tables, {len(group.splits())} splits, are "
                "compared: those that every peer has tried and at least one has finished."
            )
            if len({*n_fits.values()}) > 1:
                counts = ", ".join(f"{peer} {count}" for peer, count in n_fits.items())
                print(f"Splits tried: {counts}.")
            if group.tables:
                print_half(group)


def print_settings(records: list[Record], peers: list[str]) -> None:
    """Machine, sizes and what each peer was given."""
    finished = [record for record in records if record["status"] == "ok"]
    for machine in sorted({record["machine"] for record in records}):
        print(f"- Machine: {machine}; each fit alone on one core.")
    days = sorted(record["when"][:10] for record in records)
    seeds = sorted({record["seed"] for record in records})
    tables = {record["table"] for record in records}
    print(f"- Measured {days[0]} to {days[-1]}; seeds {', '.join(map(str, seeds))}.")
    caps = {record["rows_cap"] for record in records}
    cap = ", ".join(f"at most {cap}" if cap else "not capped" for cap in caps)
    sizes = [
        f"{min(numbers)} to {max(numbers)} {words}"
        for name, words in (
            ("n_train", f"training rows ({cap})"),
            ("n_test", "test rows"),
            ("n_columns", "columns"),
        )
        if (numbers := [record[name] for record in finished])
    ]
    print(f"- {len(tables)} tables: {', '.join(sizes)}.")
    print("- Peers, all at their defaults, seeded and on one thread:")
    for peer in peers:
        packages = {
            f"{package} {version}"
            for record in records
            if record["peer"] == peer
            for package, version in record["packages"].items()
        }
        given = " ".join((PEERS[peer].make.__doc__ or "").split())
        print(f"  - {peer} ({', '.join(sorted(packages))}): {given}")


def print_half(group: Group) -> None:
    classes, regressions = group.of_task(False), group.of_task(True)
    print_comparison("All: error rate or RMSE", group, main_error)
    print_comparison("Classes: error rate", classes, main_error)
    print_comparison("Classes: log loss", classes, value("log_loss"))
    print_comparison("Regression: RMSE", regressions, main_error)
    print_cost(group)
    print_failures(group)
    print_scores("Error rate, %", classes, "error", lambda x: f"{100 * x:.2f}")
    print_scores("Log loss", classes, "log_loss", lambda x: f"{x:.4f}")
    print_scores("AUC", classes, "auc", lambda x: f"{x:.4f}", highest_is_best=True)
    print_scores("RMSE", regressions, "rmse", lambda x: f"{x:.5g}")


def print_comparison(title: str, group: Group, error_of: Callable[[Record], float]) -> None:
    """Ranks, error over the best one's, and the first peer against each."""
    if not group.tables:
        return
    first, failed = group.peers[0], group.failed()
    errors = group.means(error_of)
    over_best = errors / errors.min(axis=1, keepdims=True)
    last_where_failed = np.where(failed > 0, np.inf, errors)
    mean_rank = np.mean([ranks(row) for row in last_where_failed], axis=0)
    print(f"\n### {title} ({len(group.tables)} tables)\n")
    rows = []
    for i, peer in enumerate(group.peers):
        mine, its = last_where_failed[:, 0], last_where_failed[:, i]
        against = [f"{np.sum(mine < its)}/{np.sum(mine == its)}/{np.sum(mine > its)}"]
        against += [geometric_mean(errors[:, 0] / errors[:, i])]
        rows.append(
            [
                *(peer, f"{mean_rank[i]:.2f}", geometric_mean(over_best[:, i])),
                *(against if i else ("", "")),
                str(failed[:, i].sum()),
            ]
        )
    print_table(
        [
            *("peer", "mean rank", "error over best's (95 %)", f"{first} wins/ties/losses"),
            *(f"{first}'s error over its (95 %)", "failed fits"),
        ],
        rows,
    )


def print_cost(group: Group) -> None:
    """Seconds and memory of the fits that were finished; a fit out of time counts as its limit."""
    splits = group.splits()

    def numbers(peer: str, name: str) -> np.ndarray:
        return np.array([split[peer].get(name, np.nan) for split in splits])

    def fit_seconds(peer: str) -> np.ndarray:
        seconds = numbers(peer, "fit_cpu_seconds")
        return np.where(np.isnan(seconds), numbers(peer, "limit"), seconds)

    unit = fit_seconds(COST_UNIT) if COST_UNIT in group.peers else np.full(len(splits), np.nan)
    print(f"\n### Cost ({len(splits)} fits a peer)\n")
    rows = []
    for peer in group.peers:
        seconds = fit_seconds(peer)
        predict, peak = numbers(peer, "predict_cpu_seconds"), numbers(peer, "peak_mb")
        rows.append(
            [
                *(peer, of(np.median, seconds, ".2f"), of(np.sum, seconds, ".0f")),
                of(lambda ratios: np.exp(np.log(ratios).mean()), seconds / unit, ".3g"),
                of(np.median, numbers(peer, "fit_seconds"), ".2f"),
                *(of(np.median, predict, ".3f"), of(np.sum, predict, ".1f")),
                *(of(np.median, peak, ".0f"), of(np.max, peak, ".0f")),
            ]
        )
    print_table(
        [
            *("peer", "fit CPU s, median", "sum", f"over {COST_UNIT}'s", "fit wall s, median"),
            *("predict CPU s, median", "sum", "peak MB, median", "most"),
        ],
        rows,
    )


def of(statistic: Callable[[np.ndarray], Any], numbers: np.ndarray, form: str) -> str:
    """A statistic of the numbers that are there; nothing if none is."""
    numbers = numbers[~np.isnan(numbers)]
    return format(statistic(numbers), form) if len(numbers) else ""


def print_failures(group: Group) -> None:
    """Each reason once, with its tables."""
    reasons: dict[tuple[str, str], list[str]] = {}
    for table, splits in group.tables.items():
        for record in (split[peer] for split in splits for peer in group.peers):
            if record["status"] != "ok":
                why = record.get("why", f"not done in {record.get('limit')} s")
                reasons.setdefault((record["peer"], why), []).append(table)
    if reasons:
        print("\n### Failed fits\n")
    for (peer, why), tables in reasons.items():
        print(f"- {peer}: {why} ({len(tables)}: {', '.join(dict.fromkeys(tables))})")


def print_scores(
    title: str,
    group: Group,
    name: str,
    text_of: Callable[[float], str],
    highest_is_best: bool = False,
) -> None:
    """A line a table, a column a peer; the best one bold."""
    if not group.tables:
        return
    scores = group.means(value(name), np.nanmin if highest_is_best else np.nanmax)
    scores = np.where(group.failed() > 0, np.nan, scores)
    best = (np.nanmax if highest_is_best else np.nanmin)(scores, axis=1, keepdims=True)
    print(f"\n### {title}\n")
    rows = []
    for table, values, is_best in zip(group.tables, scores, scores == best, strict=True):
        splits = group.tables[table]
        cells = [
            failure_of([split[peer] for split in splits])
            or (f"**{text_of(x)}**" if is_bold else text_of(x))
            for peer, x, is_bold in zip(group.peers, values, is_best, strict=True)
        ]
        rows.append([table, *cells])
    print_table(["table", *group.peers], rows)


def failure_of(records: list[Record]) -> str:
    """How often which way the fits of a table failed; nothing if none did."""
    failures = [record["status"] for record in records if record["status"] != "ok"]
    return f"{failures[0]} ({len(failures)} of {len(records)})" if failures else ""
