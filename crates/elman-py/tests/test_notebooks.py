"""The notebooks run from their first cell to their last; what they claim they assert."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any

import pytest

FOLDER = Path(__file__).parents[3] / "examples" / "notebooks"


def executor() -> Any:
    spec = importlib.util.spec_from_file_location("execute", FOLDER / "execute.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("name", sorted(path.name for path in FOLDER.glob("*.ipynb")))
def test_notebook(name: str) -> None:
    done = executor().execute(FOLDER / name)
    kept = executor().json.loads((FOLDER / name).read_text(encoding="utf-8"))
    # What is shown there was shown by a run: as many outputs of the same kinds in every cell.
    for cell, old in zip(done["cells"], kept["cells"], strict=True):
        kinds = [output["output_type"] for output in cell.get("outputs", [])]
        assert kinds == [output["output_type"] for output in old.get("outputs", [])], "".join(cell["source"])
