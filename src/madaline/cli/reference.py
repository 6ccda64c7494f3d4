"""The table of settings as Markdown, for ``docs/cli.md``; a test holds the two together."""

from __future__ import annotations

from dataclasses import fields

from madaline.cli.options import default_text, metavar
from madaline.report.words.options import option_name
from madaline.settings.layers import SECTIONS
from madaline.settings.table import Settings


def settings_markdown() -> str:
    """One table for each group of settings, in the order of the settings table.

    >>> print(settings_markdown().splitlines()[0])
    ### Data: section `[data]`
    """
    parts: list[str] = []
    for section, group in SECTIONS.items():
        parts += [
            f"### {group}: section `[{section}]`",
            "",
            "| Option | Default | Meaning |",
            "| --- | --- | --- |",
        ]
        for row in fields(Settings):
            if row.metadata["group"] == group:
                value = metavar(row.name).replace("|", "\\|")
                text = row.metadata["help"].replace("|", "\\|")
                choices: tuple[str, ...] = row.metadata["choices"]
                if len(choices) > 1:
                    text += " One of: " + ", ".join(f"`{choice}`" for choice in choices) + "."
                parts.append(
                    f"| `{option_name(row.name)} {value}` | {default_text(row)} | {text} |"
                )
        parts.append("")
    return "\n".join(parts).rstrip() + "\n"
