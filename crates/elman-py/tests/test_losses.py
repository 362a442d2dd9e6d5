"""Every case of the losses that the package has, and of optimisers and clipping."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from cases import Case, cases

import elman

KNOWN = {"mse", "l1", "huber", "smooth_l1", "softmax_cross_entropy", "binary_cross_entropy_with_logits"}
LOSSES = [row for row in cases("loss") if row[2].get("loss") in KNOWN]
OPTIM = list(cases("optim"))
STEPS = [row for row in OPTIM if row[2]["kind"] == "trajectory"]
CLIPS = [row for row in OPTIM if row[2]["kind"] in ("clip_norm", "clip_value")]


def names(rows: list[Any]) -> list[str]:
    return [row[0] for row in rows]


@pytest.mark.parametrize("name, folder, options", LOSSES, ids=names(LOSSES))
def test_loss(name: str, folder: Any, options: dict[str, Any]) -> None:
    case, computed = Case(folder, options), {}
    for reduction in ("mean", "sum"):
        kind = options["loss"]
        if kind == "softmax_cross_entropy":
            logits, target = case["logits"], case["target"]
            order = (0, *range(2, logits.ndim), 1)
            shape = tuple(logits.shape[axis] for axis in order)
            rows = np.ascontiguousarray(logits.transpose(order)).reshape(-1, logits.shape[1])
            if options["target"] == "indices":
                target = target.reshape(-1).astype(np.int64)
            else:
                target = np.ascontiguousarray(target.transpose(order)).reshape(rows.shape)
            loss = elman.cross_entropy(
                rows,
                target,
                label_smoothing=options.get("label_smoothing", 0.0),
                class_weights=case["class_weights"] if "class_weights" in case else None,
                ignore_index=options.get("ignore_index"),
                reduction=reduction,
            )
            gradient = loss.gradient.reshape(shape).transpose(np.argsort(order))
            entries = loss.entries.reshape(shape[:-1])
        elif kind == "binary_cross_entropy_with_logits":
            logits = case["logits"]
            columns = logits.shape[-1]

            def matrix(values: np.ndarray, like: np.ndarray = logits) -> np.ndarray:
                wide = np.ascontiguousarray(np.broadcast_to(values, like.shape))
                return wide.reshape(-1, like.shape[-1])

            loss = elman.binary_cross_entropy(
                logits.reshape(-1, columns),
                matrix(case["target"]),
                pos_weight=case["pos_weight"] if "pos_weight" in case else None,
                weights=matrix(case["weight"]) if "weight" in case else None,
                reduction=reduction,
            )
            gradient, entries = loss.gradient.reshape(logits.shape), loss.entries.reshape(logits.shape)
        else:
            function: Any = {
                "mse": elman.mean_squared_error,
                "l1": elman.mean_absolute_error,
                "huber": elman.huber,
                "smooth_l1": elman.smooth_l1,
            }[kind]
            extra = {key: options[key] for key in ("delta", "beta") if options.get(key) is not None}
            loss = function(case["input"], case["target"], reduction=reduction, **extra)
            gradient, entries = loss.gradient, loss.entries
        wrt = "logits" if "logits" in case else "input"
        computed[f"value.{reduction}"] = loss.value
        computed[f"grad.{reduction}.{wrt}"] = gradient
        computed["value.none"] = entries
    case.compare(computed)


NAMES = {"eps": "epsilon", "lr_decay": "rate_decay", "initial_accumulator_value": "initial_sum"}
OF_THE_MACHINE = ("foreach", "differentiable", "fused", "capturable", "decoupled_weight_decay")


def optimizer_of(case: Case) -> Any:
    options = {name: value for name, value in case.options["options"].items() if name not in OF_THE_MACHINE}
    rate = options.pop("lr")
    if "betas" in options:
        options["beta1"], options["beta2"] = options.pop("betas")
    named = {NAMES.get(name, name): value for name, value in options.items()}
    return getattr(elman, case.options["optimizer"])(rate, **named)


@pytest.mark.parametrize("name, folder, options", STEPS, ids=names(STEPS))
def test_optimizer(name: str, folder: Any, options: dict[str, Any]) -> None:
    case = Case(folder, options)
    optimizer, rates = optimizer_of(case), case["lr"]
    tags = [tag for tag in (f"p{index}" for index in range(9)) if f"{tag}.grads" in case]
    parameters = {tag: case.tensors[f"{tag}.values"][0].copy() for tag in tags}
    paths = {tag: [parameters[tag].copy()] for tag in tags}
    gradients = {tag: case[f"{tag}.grads"] for tag in tags}
    for step, rate in enumerate(rates):
        now = {tag: np.ascontiguousarray(gradients[tag][step]) for tag in tags}
        optimizer.step(parameters, now, learning_rate=float(rate))
        for tag in tags:
            paths[tag].append(parameters[tag].copy())
    case.compare({f"{tag}.values": np.stack(paths[tag]) for tag in tags})


@pytest.mark.parametrize("name, folder, options", CLIPS, ids=names(CLIPS))
def test_clip(name: str, folder: Any, options: dict[str, Any]) -> None:
    case = Case(folder, options)
    tags = [tag for tag in (f"p{index}" for index in range(9)) if f"{tag}.grad" in case]
    gradients = {tag: case[f"{tag}.grad"].copy() for tag in tags}
    if options["kind"] == "clip_value":
        norm = elman.clip_value(gradients, options["limit"])
    else:
        norm = elman.clip_norm(gradients, options["limit"], norm=float(options["norm_type"]))
    assert math.isfinite(norm)
    computed: dict[str, Any] = {f"{tag}.clipped": gradients[tag] for tag in tags}
    case.compare({**computed, "total_norm": norm})
