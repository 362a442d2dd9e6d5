"""Tables for notebooks: readable in light and dark, without scripts."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

STYLE = "text-align: left; color: inherit; background: none"
MOST = 12


def table(caption: str, facts: Iterable[tuple[str, str]]) -> str:
    """Names and values in two columns. Colours are those of the page."""
    import html  # only here, as most programs never need it

    cell = f'style="{STYLE}"'
    rows = "".join(
        f"<tr><th {cell}>{html.escape(name)}</th><td {cell}>{html.escape(value)}</td></tr>" for name, value in facts
    )
    return f"<table><caption {cell}>{html.escape(caption)}</caption><tbody>{rows}</tbody></table>"


def listed(names: list[str]) -> str:
    """Names with commas; of many the first, and how many there are."""
    if len(names) <= MOST:
        return ", ".join(names)
    return f"{', '.join(names[: MOST - 2])}, … ({len(names)})"


def layer_words(layer: dict[str, Any]) -> str:
    """A layer of a network in a few words."""
    directions = {"forward": "", "reverse": ", reverse", "both": ", both directions"}
    return f"{next(iter(layer['cell']))}, {layer['hidden_size']} units{directions.get(layer['directions'], '')}"
