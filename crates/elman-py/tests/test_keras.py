"""Every case of Keras' `SimpleRNN`, `LSTM` and `GRU`, computed with the package's layers.

The package knows lengths, not masks: a masked step keeps the state, so a masked row is run as the row of
its valid steps, and its outputs are put back where the steps were.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from cases import GRU_FROM_KERAS, LSTM_FROM_KERAS, Case, cases, reordered

import elman

ORDER = {"rnn": (0,), "lstm": LSTM_FROM_KERAS, "gru": GRU_FROM_KERAS}
NAMES = {"linear": "identity", "hard_sigmoid": "hard-sigmoid"}
ALL = list(cases("keras"))


class Reader:
    """One direction of a layer: its weights, and which outputs it shows."""

    def __init__(self, case: Case, infix: str, direction: str) -> None:
        self.case, self.infix, self.direction = case, infix, direction
        options = case.options
        self.cell, self.order = options["cell"], ORDER[options["cell"]]
        self.after = self.cell == "gru" and options["reset_after"]
        kernel, recurrent = case[f"param.{infix}kernel"], case[f"param.{infix}recurrent_kernel"]
        self.hidden = recurrent.shape[0]
        function = NAMES.get(options["activation"], options["activation"])
        keywords: dict[str, Any] = {"direction": direction, "dtype": case.dtype}
        if self.cell == "rnn":
            layer: Any = elman.SimpleRNN(kernel.shape[0], self.hidden, activation=function, **keywords)
        else:
            gate = NAMES.get(options["recurrent_activation"], options["recurrent_activation"])
            keywords |= {"gate_activation": gate, "candidate_activation": function}
            if self.cell == "lstm":
                # The activation of the candidate is that of the output as well.
                layer = elman.LSTM(kernel.shape[0], self.hidden, output_activation=function, **keywords)
            else:
                reset = "after" if self.after else "before"
                layer = elman.GRU(kernel.shape[0], self.hidden, reset=reset, **keywords)
        self.layer = layer
        layer.input_weights = reordered(kernel, self.order, 1)
        layer.recurrent_weights = reordered(recurrent, self.order, 1)
        layer.bias = np.zeros_like(layer.bias)
        if self.after:
            layer.recurrent_bias = np.zeros(self.hidden)
        if options["use_bias"]:
            rows = np.atleast_2d(case[f"param.{infix}bias"])
            rows = reordered(rows, self.order, 1)
            if self.after:
                layer.recurrent_bias = rows[1, 2 * self.hidden :]
                rows[1, 2 * self.hidden :] = 0.0
            layer.bias = rows.sum(axis=0)

    def forward(self, x: np.ndarray, mask: np.ndarray, state: Any, repeat: bool) -> np.ndarray:
        """The outputs of every step, in time."""
        self.mask = mask
        self.lengths = mask.sum(axis=1)
        self.sources = np.full(mask.shape, -1)
        compact = np.zeros_like(x)
        for row, valid in enumerate(mask):
            steps = np.flatnonzero(valid)
            compact[row, : len(steps)] = x[row, steps]
            places = dict(zip(steps.tolist(), range(len(steps)), strict=True))
            times = range(len(valid)) if self.direction == "forward" else reversed(range(len(valid)))
            before = -1
            for t in times:
                before = places.get(t, before if repeat else -1)
                self.sources[row, t] = before
        outputs, final = self.layer.forward(compact, state, self.lengths)
        self.final = tuple(final) if self.cell == "lstm" else (final,)
        rows = np.arange(len(mask))[:, None]
        return np.where(self.sources[..., None] >= 0, outputs[rows, self.sources], 0.0)

    def backward(self, gradient: np.ndarray, finals: tuple[np.ndarray, ...]) -> np.ndarray:
        """The gradient of the inputs; the others stay in `back`."""
        compact = np.zeros(gradient.shape, self.case.dtype)
        for row, t in zip(*np.nonzero(self.sources >= 0), strict=True):
            compact[row, self.sources[row, t]] += gradient[row, t]
        self.back = self.layer.backward(compact, finals if self.cell == "lstm" else finals[0])
        inputs = np.zeros_like(self.back.inputs)
        for row, valid in enumerate(self.mask):
            inputs[row, np.flatnonzero(valid)] = self.back.inputs[row, : self.lengths[row]]
        return inputs

    def put(self, prefix: str, computed: dict[str, Any]) -> None:
        """The gradients of the weights and of the initial state."""
        start = f"{prefix}grad.param.{self.infix}"
        computed[f"{start}kernel"] = reordered(self.back.input_weights, self.order, 1)
        computed[f"{start}recurrent_kernel"] = reordered(self.back.recurrent_weights, self.order, 1)
        if self.case.options["use_bias"]:
            rows = self.back.bias[None]
            if self.after:
                rows = np.repeat(rows, 2, axis=0)
                rows[1, 2 * self.hidden :] = self.back.recurrent_bias
            rows = reordered(rows, self.order, 1)
            computed[f"{start}bias"] = rows if self.after else rows[0]
        initial = self.back.initial_state
        initials = tuple(initial) if self.cell == "lstm" else (initial,)
        for part, value in zip("hc", initials, strict=False):
            computed[f"{prefix}grad.initial.{self.infix}{part}"] = value


@pytest.mark.parametrize("name, folder, options", ALL, ids=[name for name, *_ in ALL])
def test_case(name: str, folder: Any, options: dict[str, Any]) -> None:
    case = Case(folder, options)
    sequences, both = options["return_sequences"], options["bidirectional"]
    backwards = options["go_backwards"]
    parts = "hc" if options["cell"] == "lstm" else "h"
    if both:
        readers = [Reader(case, "forward.", "forward"), Reader(case, "backward.", "reverse")]
    else:
        readers = [Reader(case, "", "reverse" if backwards else "forward")]
    states: list[Any] = []
    for reader in readers:
        given = tuple(case[f"initial.{reader.infix}{p}"] for p in parts if f"initial.{reader.infix}{p}" in case)
        states.append((given if len(parts) == 2 else given[0]) if given else None)
    summed = both and options.get("merge_mode") == "sum"
    computed: dict[str, Any] = {}
    for number in range(options["calls"]):
        prefix = f"call{number}." if options["stateful"] else ""
        x = case[f"{prefix}x"]
        mask = case["mask"] if "mask" in case else np.ones(x.shape[:2], bool)
        shown = []
        for reader, state in zip(readers, states, strict=True):
            outputs = reader.forward(x, mask, state, not options.get("zero_output_for_mask", False))
            if not sequences:
                outputs = outputs[:, -1:] if reader.direction == "forward" else outputs[:, :1]
            elif backwards and not both:
                outputs = outputs[:, ::-1]
            shown.append(outputs)
        output = sum(shown[1:], shown[0]) if summed else np.concatenate(shown, axis=2)
        output = output if sequences else output[:, 0]
        cot = case[f"{prefix}cot_output"]
        computed[f"{prefix}output"] = output
        loss = float((output.astype(np.float64) * cot).sum())
        gradients = np.zeros_like(x)
        wide = cot if sequences else cot[:, None]
        halves = [wide] * len(readers) if summed else np.split(wide, len(readers), axis=2)
        for reader, half in zip(readers, halves, strict=True):
            finals = tuple(case[f"{prefix}cot_state.{reader.infix}{p}"] for p in parts)
            for part, value, arriving in zip(parts, reader.final, finals, strict=True):
                computed[f"{prefix}state.{reader.infix}{part}"] = value
                loss += float((value.astype(np.float64) * arriving).sum())
            full = np.zeros((*x.shape[:2], reader.hidden), case.dtype)
            if sequences:
                full[:] = half[:, ::-1] if backwards and not both else half
            else:
                full[:, -1 if reader.direction == "forward" else 0] = half[:, 0]
            gradients = gradients + reader.backward(full, finals)
            reader.put(prefix, computed)
        computed[f"{prefix}grad.x"] = gradients
        computed[f"{prefix}loss"] = loss
        # The next call takes the states as constants.
        states = [reader.final if len(parts) == 2 else reader.final[0] for reader in readers]
    case.compare(computed)
