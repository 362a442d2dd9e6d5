"""Every case of `torch.nn.RNN`, `LSTM` and `GRU`, computed with the package's layers."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from cases import LSTM_FROM_TORCH, Case, cases, reordered

import elman

ORDER = {"rnn": (0,), "lstm": LSTM_FROM_TORCH, "gru": (0, 1, 2)}
PARTS = {"rnn": "h", "lstm": "hc", "gru": "h"}
ALL = list(cases("torch"))


def layer_of(case: Case, end: str, width: int, direction: str) -> Any:
    """The layer with the weights named `param.…_<end>`."""
    options, order = case.options, ORDER[case.options["cell"]]
    recurrent = case[f"param.weight_hh_{end}"]
    hidden = recurrent.shape[0] // len(order)
    keywords: dict[str, Any] = {"direction": direction, "dtype": case.dtype}
    if options["cell"] == "rnn":
        layer: Any = elman.SimpleRNN(width, hidden, activation=options["activation"], **keywords)
    elif options["cell"] == "lstm":
        projection = options.get("proj_size") or None
        layer = elman.LSTM(width, hidden, projection_size=projection, **keywords)
    else:
        layer = elman.GRU(width, hidden, **keywords)
    layer.input_weights = reordered(case[f"param.weight_ih_{end}"], order, 0).T
    layer.recurrent_weights = reordered(recurrent, order, 0).T
    if f"param.weight_hr_{end}" in case:
        layer.projection_weights = case[f"param.weight_hr_{end}"].T
    if options["bias"]:
        outside = case[f"param.bias_hh_{end}"].copy()
        if options["cell"] == "gru":
            layer.recurrent_bias = outside[2 * hidden :]
            outside[2 * hidden :] = 0.0
        layer.bias = reordered(case[f"param.bias_ih_{end}"] + outside, order, 0)
    else:
        layer.bias = np.zeros_like(layer.bias)
        if options["cell"] == "gru":
            layer.recurrent_bias = np.zeros_like(layer.recurrent_bias)
    return layer


def put_gradients(case: Case, end: str, back: Any, computed: dict[str, Any]) -> None:
    """The gradients under PyTorch's names: each of two added biases has that of their sum."""
    order = ORDER[case.options["cell"]]
    computed[f"grad.param.weight_ih_{end}"] = reordered(back.input_weights.T, order, 0)
    computed[f"grad.param.weight_hh_{end}"] = reordered(back.recurrent_weights.T, order, 0)
    if "projection_weights" in back.parameters:
        computed[f"grad.param.weight_hr_{end}"] = back.projection_weights.T
    if case.options["bias"]:
        second = back.bias.copy()
        if case.options["cell"] == "gru":
            second[-back.recurrent_bias.size :] = back.recurrent_bias
        computed[f"grad.param.bias_ih_{end}"] = reordered(back.bias, order, 0)
        computed[f"grad.param.bias_hh_{end}"] = reordered(second, order, 0)


@pytest.mark.parametrize("name, folder, options", ALL, ids=[name for name, *_ in ALL])
def test_case(name: str, folder: Any, options: dict[str, Any]) -> None:
    case = Case(folder, options)
    unbatched, batch_first = options.get("unbatched", False), options.get("batch_first", False)
    ends = [("forward", ""), ("reverse", "_reverse")][: 2 if options["bidirectional"] else 1]
    parts = PARTS[options["cell"]]

    def sequences(values: np.ndarray) -> np.ndarray:
        if unbatched:
            return values[None]
        return values if batch_first else np.ascontiguousarray(values.swapaxes(0, 1))

    def stored(values: np.ndarray) -> np.ndarray:
        return values[0] if unbatched else values if batch_first else values.swapaxes(0, 1)

    def states(letter: str) -> np.ndarray:
        return case[letter][:, None] if unbatched else case[letter]

    lengths = case["lengths"] if "lengths" in case else None
    x = sequences(case["x"])
    initial = [states(f"{part}0") for part in parts] if "h0" in case else None
    rows: list[list[Any]] = []
    finals: list[tuple[np.ndarray, ...]] = []
    for number in range(options["layers"]):
        row, halves = [], []
        for direction, suffix in ends:
            layer = layer_of(case, f"l{number}{suffix}", x.shape[2], direction)
            at = number * len(ends) + len(row)
            start = None
            if initial is not None:
                start = tuple(np.ascontiguousarray(part[at]) for part in initial)
                start = start if len(parts) == 2 else start[0]
            outputs, final = layer.forward(x, start, lengths)
            finals.append(tuple(final) if len(parts) == 2 else (final,))
            halves.append(outputs)
            row.append(layer)
        x = np.concatenate(halves, axis=2)
        rows.append(row)

    computed: dict[str, Any] = {"output": stored(x)}
    cot = case["cot_output"]
    loss = float((stored(x).astype(np.float64) * cot).sum())
    cot_finals = []
    for index, part in enumerate(parts):
        final = np.stack([state[index] for state in finals])
        computed[f"{part}n"] = final[:, 0] if unbatched else final
        cot_final = states(f"cot_{part}n")
        loss += float((final.astype(np.float64) * cot_final).sum())
        cot_finals.append(cot_final)
    computed["loss"] = loss

    gradient = sequences(cot)
    initials: dict[int, Any] = {}
    for number in reversed(range(options["layers"])):
        below = []
        for index, layer in enumerate(rows[number]):
            at = number * len(ends) + index
            half = np.ascontiguousarray(np.split(gradient, len(ends), axis=2)[index])
            arriving = tuple(np.ascontiguousarray(part[at]) for part in cot_finals)
            back = layer.backward(half, arriving if len(parts) == 2 else arriving[0])
            put_gradients(case, f"l{number}{ends[index][1]}", back, computed)
            initials[at] = tuple(back.initial_state) if len(parts) == 2 else (back.initial_state,)
            below.append(back.inputs)
        gradient = sum(below[1:], below[0])
    computed["grad.x"] = stored(gradient)
    for index, part in enumerate(parts):
        first = np.stack([initials[at][index] for at in range(len(initials))])
        computed[f"grad.{part}0"] = first[:, 0] if unbatched else first
    case.compare(computed)
