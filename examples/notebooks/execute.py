"""Runs notebooks cell by cell and keeps what they show: `python execute.py NOTEBOOK…`.

A cell is plain Python; its last expression is shown, as a table if it has `_repr_html_`, and so are the figures of
matplotlib that are open at its end. That needs no kernel and no Jupyter.
"""

from __future__ import annotations

import ast
import base64
import contextlib
import io
import json
import os
import sys
from pathlib import Path
from typing import Any

import matplotlib

matplotlib.use("agg")
import matplotlib.pyplot as plt


def execute(path: Path) -> dict[str, Any]:
    """The notebook with the outputs of a fresh run, in the notebook's folder."""
    notebook: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    names: dict[str, Any] = {"__name__": "__main__"}
    before = Path.cwd()
    os.chdir(path.parent)
    try:
        count = 0
        for index, cell in enumerate(notebook["cells"]):
            if cell["cell_type"] != "code":
                continue
            count += 1
            cell["execution_count"] = count
            try:
                cell["outputs"] = run("".join(cell["source"]), names, count)
            except Exception as error:
                raise RuntimeError(f"{path.name}, cell {index}: {error!r}") from error
    finally:
        os.chdir(before)
        plt.close("all")
    return notebook


def run(source: str, names: dict[str, Any], count: int) -> list[dict[str, Any]]:
    """What a cell shows."""
    tree = ast.parse(source)
    # A semicolon says that nothing is to be shown.
    shows = bool(tree.body) and isinstance(tree.body[-1], ast.Expr) and not source.rstrip().endswith(";")
    last = tree.body.pop() if shows else None
    printed, value = io.StringIO(), None
    with contextlib.redirect_stdout(printed):
        exec(compile(tree, f"cell {count}", "exec"), names)
        if isinstance(last, ast.Expr):
            value = eval(compile(ast.Expression(last.value), f"cell {count}", "eval"), names)
    outputs: list[dict[str, Any]] = []
    if printed.getvalue():
        outputs.append({"name": "stdout", "output_type": "stream", "text": lines(printed.getvalue())})
    outputs += [figure(number) for number in plt.get_fignums()]
    plt.close("all")
    if value is not None:
        shown = {"text/plain": lines(repr(value))}
        if hasattr(value, "_repr_html_"):
            shown["text/html"] = lines(value._repr_html_())
        outputs.append({"data": shown, "execution_count": count, "metadata": {}, "output_type": "execute_result"})
    return outputs


def figure(number: int) -> dict[str, Any]:
    """A figure as PNG."""
    file = io.BytesIO()
    plt.figure(number).savefig(file, format="png", dpi=90, bbox_inches="tight", metadata={"Software": None})
    picture = base64.b64encode(file.getvalue()).decode()
    data = {"image/png": picture, "text/plain": ["<Figure>"]}
    return {"data": data, "metadata": {}, "output_type": "display_data"}


def lines(text: str) -> list[str]:
    return text.splitlines(keepends=True)


if __name__ == "__main__":
    for argument in sys.argv[1:]:
        file = Path(argument).resolve()
        done = json.dumps(execute(file), indent=1, ensure_ascii=False, sort_keys=True)
        file.write_text(done + "\n", encoding="utf-8")
