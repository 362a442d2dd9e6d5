"""Reads the reference cases of `tests-data/vectors`, and compares what was computed with them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from safetensors.numpy import load_file

VECTORS = Path(__file__).parents[3] / "tests-data" / "vectors"

LSTM_FROM_TORCH = LSTM_FROM_KERAS = (0, 1, 3, 2)
GRU_FROM_KERAS = (1, 0, 2)


class Case:
    """One case: its options, its tensors, and which of them were read as inputs."""

    def __init__(self, folder: Path, options: dict[str, Any]) -> None:
        self.options = options
        self.tensors: dict[str, np.ndarray] = load_file(folder / options["file"])
        self.read: set[str] = set()

    def __getitem__(self, name: str) -> np.ndarray:
        self.read.add(name)
        return np.ascontiguousarray(self.tensors[name])

    def __contains__(self, name: str) -> bool:
        return name in self.tensors

    @property
    def dtype(self) -> np.dtype:
        return np.dtype({"f32": np.float32, "f64": np.float64}[self.options["dtype"]])

    def compare(self, computed: dict[str, Any]) -> None:
        """Every tensor that was no input was computed, and is as near as the case asks."""
        expected = {name for name in self.tensors if name not in self.read and not name.startswith("f64.")}
        assert expected, "nothing to compare"
        missing = expected - set(computed)
        assert not missing, f"not computed: {sorted(missing)}"
        tolerance = self.options["tolerance"]
        for name in sorted(expected):
            stored, found = self.tensors[name].astype(np.float64), np.asarray(computed[name], np.float64)
            assert found.shape == stored.shape, f"{name}: {found.shape} for {stored.shape}"
            floor = tolerance["floor"]
            if name.split(".")[-1] == "loss":
                floor = tolerance.get("loss_floor") or floor
            finite = np.isfinite(stored)
            largest = max(floor, float(np.abs(stored[finite]).max(initial=0.0)))
            assert np.array_equal(found[~finite], stored[~finite]), name
            worst = float(np.abs(found - stored)[finite].max(initial=0.0))
            assert worst <= tolerance["rel"] * largest, f"{name}: {worst} of {largest}"


def cases(family: str) -> Iterator[tuple[str, Path, dict[str, Any]]]:
    """The names and options of a family's cases."""
    folder = VECTORS / family
    for options in json.loads((folder / "index.json").read_text())["cases"]:
        yield options["name"], folder, options


def reordered(values: np.ndarray, order: tuple[int, ...], axis: int) -> np.ndarray:
    """Equal blocks along an axis in another order: block k is block `order[k]`."""
    blocks = np.split(values, len(order), axis)
    return np.ascontiguousarray(np.concatenate([blocks[k] for k in order], axis))
