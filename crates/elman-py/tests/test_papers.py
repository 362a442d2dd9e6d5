"""The cells of `tests-data/papers`, forward and backward, against NumPy code written from the papers."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import elman

FOLDER = Path(__file__).parents[3] / "tests-data" / "papers"
CASES = sorted(FOLDER.glob("*.json"))
LAYERS = {
    "min-gru": elman.MinGRU,
    "min-lstm": elman.MinLSTM,
    "simple": elman.SimpleRNN,
    "lstm": elman.LSTM,
    "gru": elman.GRU,
}


def array(stored: dict[str, Any]) -> np.ndarray:
    return np.array(stored["values"], np.float64).reshape(stored["shape"])


def state(parts: list[dict[str, Any]]) -> Any:
    arrays = [array(part) for part in parts]
    return elman.LSTMState(*arrays) if len(arrays) == 2 else arrays[0]


def near(found: Any, stored: dict[str, Any]) -> None:
    np.testing.assert_allclose(found, array(stored), rtol=1e-10, atol=1e-11)


def parts(found: Any) -> list[Any]:
    return list(found) if isinstance(found, tuple) else [found]


@pytest.mark.parametrize("path", CASES, ids=[path.stem for path in CASES])
def test_cell(path: Path) -> None:
    case = json.loads(path.read_text())
    kind = case["kind"]
    name, options = (kind, {}) if isinstance(kind, str) else next(iter(kind.items()))
    inputs = array(case["inputs"])
    initial = state(case["initial"])
    hidden = parts(initial)[0].shape[1]
    layer = LAYERS[name](inputs.shape[2], hidden, direction=case["direction"], **options)
    for parameter, stored in case["parameters"].items():
        setattr(layer, parameter, array(stored))
    outputs, final = layer.forward(inputs, initial, case["lengths"])
    expected = case["expected"]
    near(outputs, expected["outputs"])
    for found, stored in zip(parts(final), expected["final_state"], strict=True):
        near(found, stored)
    back = layer.backward(array(case["arriving"]["outputs"]), state(case["arriving"]["final_state"]))
    near(back.inputs, expected["grad_inputs"])
    for parameter, stored in expected["grad_parameters"].items():
        near(back.parameters[parameter], stored)
    for found, stored in zip(parts(back.initial_state), expected["grad_initial"], strict=True):
        near(found, stored)


def test_gains_start_at_one() -> None:
    layer = elman.LSTM(2, 3, normalization="layer")
    assert (layer.cell_gain == 1.0).all() and (layer.input_shift == 0.0).all()


def test_every_file_is_run() -> None:
    assert len(CASES) == 10
