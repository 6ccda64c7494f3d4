"""The table of settings as Markdown, for ``docs/cli.md``; a test holds the two together."""

from __future__ import annotations

from madaline.cli.options import default_text, metavar
from madaline.report.words.options import option_name
from madaline.settings.layers import SECTIONS
from madaline.settings.table import ROWS


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
        for name, row in ROWS.items():
            if row.group == group:
                value = metavar(name).replace("|", "\\|")
                text = row.help.replace("|", "\\|")
                if len(row.choices) > 1:
                    text += " One of: " + ", ".join(f"`{choice}`" for choice in row.choices) + "."
                parts.append(f"| `{option_name(name)} {value}` | {default_text(name)} | {text} |")
        parts.append("")
    return "\n".join(parts).rstrip() + "\n"
