"""The five notebooks that write a recurrent network by hand, computed with the package."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from cases import Case, cases

import elman

ALL = list(cases("seeds"))


def layer_of(case: Case) -> tuple[elman.SimpleRNN, str]:
    bias = "bh" if "bh" in case else "b"
    rnn = elman.SimpleRNN(*case["Wx"].shape, activation=case.options["activation"], dtype=case.dtype)
    rnn.input_weights, rnn.recurrent_weights, rnn.bias = case["Wx"], case["Wh"], case[bias].reshape(-1)
    return rnn, bias


def put(computed: dict[str, Any], prefix: str, bias: str, arrays: dict[str, np.ndarray]) -> None:
    computed[f"{prefix}Wx"] = arrays["input_weights"].copy()
    computed[f"{prefix}Wh"] = arrays["recurrent_weights"].copy()
    computed[f"{prefix}{bias}"] = arrays["bias"][None].copy() if bias == "bh" else arrays["bias"].copy()


def after(case: Case, rnn: elman.SimpleRNN, slopes: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    parameters = {name: values.copy() for name, values in rnn.parameters.items()}
    elman.SGD(case.options["lr"]).step(parameters, slopes)
    return parameters


def pre_activations(case: Case, x: np.ndarray, initial: np.ndarray, states: np.ndarray) -> np.ndarray:
    """`a_t` of every step: one step of a cell without an activation from each state."""
    linear = elman.SimpleRNN(*case["Wx"].shape, activation="identity", dtype=case.dtype)
    linear.input_weights, linear.recurrent_weights, linear.bias = case["Wx"], case["Wh"], case["b"].reshape(-1)
    before = [initial, *(np.ascontiguousarray(states[:, t]) for t in range(x.shape[1] - 1))]
    steps = [linear.step(np.ascontiguousarray(x[:, t]), h) for t, h in enumerate(before)]
    return np.stack(steps, axis=1)


def last_step(case: Case) -> dict[str, Any]:
    rnn, bias = layer_of(case)
    x, initial = case["x"], case["h0"]
    states, last = rnn.forward(x, initial)
    computed: dict[str, Any] = {"hs": states, "h_last": last, "printed.h_last": np.round(last, 8)}
    computed["a"] = pre_activations(case, x, initial, states)
    if case.options["seed"] == "000":
        back = rnn.backward(grad_final_state=case["dh_last"])
        divided = {name: gradient / len(x) for name, gradient in back.parameters.items()}
        put(computed, "autograd.", bias, back.parameters)
        put(computed, "seed.d", bias, divided)
        put(computed, "after.", bias, after(case, rnn, divided))
        names = (("autograd.x", "seed.dx"), ("autograd.h0", "seed.dh0"))
    else:
        # Half the square of the last state: its gradient is the state. What the notebook prints is none.
        case.read |= {name for name in case.tensors if name.startswith("printed_wrong.")}
        back = rnn.backward(grad_final_state=last)
        computed |= {"dh_last": last, "loss": 0.5 * float((last.astype(np.float64) ** 2).sum())}
        put(computed, "grad.", bias, back.parameters)
        put(computed, "after.", bias, after(case, rnn, back.parameters))
        names = (("grad.x",), ("grad.h0",))
    for group, values in zip(names, (back.inputs, back.initial_state), strict=True):
        computed |= dict.fromkeys(group, values)
    return computed


def blocks(case: Case) -> dict[str, Any]:
    rnn, bias = layer_of(case)
    case.read |= {name for name in case.tensors if name.startswith("as_written_without_bias.")}
    computed: dict[str, Any] = {}
    count, carried = len(case.options["blocks"]), None
    for block in range(count):
        prefix = f"block{block}." if count > 1 else ""
        if carried is None:
            carried = case[f"{prefix}h0"]
        else:
            computed[f"{prefix}h0"] = carried
        computed[f"{prefix}hs"], carried = rnn.forward(case[f"{prefix}xs"], carried)
        back = rnn.backward(case[f"{prefix}dhs"])
        computed |= {f"{prefix}seed.dxs": back.inputs, f"{prefix}seed.dh": back.initial_state}
        put(computed, f"{prefix}seed.d", bias, back.parameters)
        put(computed, f"{prefix}after.", bias, after(case, rnn, back.parameters))
    return computed


def every_step(case: Case) -> dict[str, Any]:
    rnn, bias = layer_of(case)
    x, target = case["x"][None], case["y_true"][None]
    states, _ = rnn.forward(x)
    total = elman.mean_squared_error(states, target, reduction="sum")
    mean = elman.mean_squared_error(states, target)
    start = np.zeros((1, rnn.hidden_size), case.dtype)
    computed: dict[str, Any] = {"H": np.concatenate([start, states[0]]), "y_pred": states[0]}
    computed |= {"loss_sum": total.value, "loss_mean": mean.value, "dL_per_step": total.gradient[0]}
    back = rnn.backward(total.gradient)
    divided = {name: gradient / x.shape[1] for name, gradient in back.parameters.items()}
    computed |= {"seed.dx": back.inputs[0], "seed.dh0": back.initial_state}
    put(computed, "autograd_sum.", bias, back.parameters)
    put(computed, "seed.d", bias, divided)
    put(computed, "after.", bias, after(case, rnn, divided))
    rnn.forward(x)
    back = rnn.backward(mean.gradient)
    computed["autograd_mean.x"] = back.inputs[0]
    put(computed, "autograd_mean.", bias, back.parameters)
    return computed


def classifier(case: Case) -> dict[str, Any]:
    names = ("w_x", "w_h", "b", "w_out", "b_out")
    x, target = case["x"], case["y_true"]
    rnn = elman.SimpleRNN(*case["init.w_x"].shape, activation=case.options["activation"], dtype=case.dtype)
    head = elman.Dense(*case["init.w_out"].shape, dtype=case.dtype)
    weights = dict(zip(names, [*rnn.parameters.values(), *head.parameters.values()], strict=True))
    for name in names:
        weights[name][...] = case[f"init.{name}"].reshape(weights[name].shape)
    shapes = {name: case.tensors[f"init.{name}"].shape for name in names}
    paths: dict[str, list[np.ndarray]] = {name: [] for name in names}
    losses, printed, computed = [], [], {}
    optimizer = elman.SGD(case.options["lr"])

    def keep() -> None:
        for name in names:
            paths[name].append(weights[name].reshape(shapes[name]).copy())

    keep()
    for epoch in range(case.options["epochs"]):
        states, last = rnn.forward(x)
        logits = head.forward(last)
        probabilities, loss = elman.softmax(logits), elman.cross_entropy(logits, target)
        losses.append(loss.value)
        wide = probabilities.astype(np.float64)
        printed.append(float(-(target * np.log(wide + 1e-7)).sum() / len(x)))
        top = head.backward(loss.gradient)
        back = rnn.backward(grad_final_state=top.inputs)
        values = [*back.parameters.values(), *top.parameters.values()]
        optimizer.step(weights, dict(zip(names, values, strict=True)))
        keep()
        if epoch == 0:
            computed |= {"hs": states, "h_last": last, "z": logits, "y_pred": probabilities}
            computed |= {"loss": loss.value, "dL_dz": loss.gradient, "dL_dh_last": top.inputs}
            computed["grad.x"] = back.inputs
            for name, value in zip(names, values, strict=True):
                computed[f"grad.{name}"] = value.reshape(shapes[name])
                computed[f"after.{name}"] = paths[name][-1]
    logits = head.forward(rnn.forward(x)[1])
    computed |= {"train.loss": losses, "train.loss_seed_eps": printed}
    computed["train.final_loss"] = elman.cross_entropy(logits, target).value
    computed["train.final_y_pred"] = elman.softmax(logits)
    return computed | {f"train.{name}": np.stack(path) for name, path in paths.items()}


RUNS = {"000": last_step, "001": blocks, "002": every_step, "003": classifier, "004": last_step}


@pytest.mark.parametrize("name, folder, options", ALL, ids=[name for name, *_ in ALL])
def test_case(name: str, folder: Any, options: dict[str, Any]) -> None:
    case = Case(folder, options)
    case.compare(RUNS[options["seed"]](case))
