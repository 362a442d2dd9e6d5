"""Optimisers and clipping: named arrays are changed in place."""

from __future__ import annotations

import json
from typing import Any

from numpy.typing import NDArray

from elman import _elman

Arrays = dict[str, NDArray[Any]]


class _Optimizer(_elman.Optimizer):
    learning_rate: float

    def step(self, parameters: Arrays, gradients: Arrays, *, learning_rate: float | None = None) -> None:
        """Changes `parameters` in place by `gradients`, arrays of the same names and shapes."""
        rate = self.learning_rate if learning_rate is None else learning_rate
        self.apply(rate, parameters, gradients)


class SGD(_Optimizer):
    """Gradient descent, with PyTorch's momentum, dampening and Nesterov step.

    `weight_decay` is for all arrays that are given: leave out what shall not decay.

    >>> import numpy as np, elman
    >>> weights = {"w": np.array([1.0, 2.0])}
    >>> elman.SGD(0.5).step(weights, {"w": np.array([1.0, -2.0])})
    >>> weights["w"]
    array([0.5, 3. ])
    """

    def __new__(
        cls,
        learning_rate: float,
        *,
        momentum: float = 0.0,
        dampening: float = 0.0,
        nesterov: bool = False,
        weight_decay: float = 0.0,
        maximize: bool = False,
    ) -> SGD:
        rule: Any = "none"
        if nesterov:
            if dampening != 0.0:
                raise ValueError(f"dampening: expected 0 beside nesterov, got {dampening}")
            rule = {"nesterov": {"factor": momentum}}
        elif momentum != 0.0:
            rule = {"classical": {"factor": momentum, "dampening": dampening}}
        elif dampening != 0.0:
            raise ValueError(f"dampening: expected 0 without momentum, got {dampening}")
        objective = "maximize" if maximize else "minimize"
        config = {"kind": "sgd", "momentum": rule, "weight_decay": weight_decay, "objective": objective}
        optimizer = super().__new__(cls, json.dumps(config))
        optimizer.learning_rate = learning_rate  # type: ignore[attr-defined]
        return optimizer  # type: ignore[return-value]


class Adam(_Optimizer):
    """Adam in PyTorch's form, or AMSGrad.

    >>> import numpy as np, elman
    >>> weights = {"w": np.array([1.0])}
    >>> elman.Adam(0.1).step(weights, {"w": np.array([3.0])})
    >>> round(float(weights["w"][0]), 6)
    0.9
    """

    def __new__(
        cls,
        learning_rate: float = 0.001,
        *,
        beta1: float = 0.9,
        beta2: float = 0.999,
        epsilon: float = 1e-8,
        weight_decay: float = 0.0,
        amsgrad: bool = False,
        maximize: bool = False,
    ) -> Adam:
        config = {
            "kind": "adam",
            "beta1": beta1,
            "beta2": beta2,
            "epsilon": epsilon,
            "weight_decay": weight_decay,
            "second_moment": "maximum" if amsgrad else "current",
            "objective": "maximize" if maximize else "minimize",
        }
        optimizer = super().__new__(cls, json.dumps(config))
        optimizer.learning_rate = learning_rate  # type: ignore[attr-defined]
        return optimizer  # type: ignore[return-value]


class AdamW(_Optimizer):
    """Adam whose weights decay by themselves, beside the gradient.

    >>> import numpy as np, elman
    >>> weights = {"w": np.array([1.0])}
    >>> elman.AdamW(0.1, weight_decay=0.5).step(weights, {"w": np.array([3.0])})
    >>> round(float(weights["w"][0]), 6)
    0.85
    """

    def __new__(
        cls,
        learning_rate: float = 0.001,
        *,
        beta1: float = 0.9,
        beta2: float = 0.999,
        epsilon: float = 1e-8,
        weight_decay: float = 0.01,
        amsgrad: bool = False,
        maximize: bool = False,
    ) -> AdamW:
        config = {
            "kind": "adamw",
            "beta1": beta1,
            "beta2": beta2,
            "epsilon": epsilon,
            "weight_decay": weight_decay,
            "second_moment": "maximum" if amsgrad else "current",
            "objective": "maximize" if maximize else "minimize",
        }
        optimizer = super().__new__(cls, json.dumps(config))
        optimizer.learning_rate = learning_rate  # type: ignore[attr-defined]
        return optimizer  # type: ignore[return-value]


class NAdam(_Optimizer):
    """Adam with Nesterov's momentum, in PyTorch's form.

    >>> import numpy as np, elman
    >>> weights = {"w": np.array([1.0])}
    >>> elman.NAdam(0.1).step(weights, {"w": np.array([3.0])})
    >>> bool(weights["w"][0] < 1.0)
    True
    """

    def __new__(
        cls,
        learning_rate: float = 0.002,
        *,
        beta1: float = 0.9,
        beta2: float = 0.999,
        momentum_decay: float = 0.004,
        epsilon: float = 1e-8,
        weight_decay: float = 0.0,
        maximize: bool = False,
    ) -> NAdam:
        config = {
            "kind": "nadam",
            "beta1": beta1,
            "beta2": beta2,
            "momentum_decay": momentum_decay,
            "epsilon": epsilon,
            "weight_decay": weight_decay,
            "objective": "maximize" if maximize else "minimize",
        }
        optimizer = super().__new__(cls, json.dumps(config))
        optimizer.learning_rate = learning_rate  # type: ignore[attr-defined]
        return optimizer  # type: ignore[return-value]


class RMSprop(_Optimizer):
    """RMSprop in PyTorch's form; `centered` takes the gradient's mean off.

    >>> import numpy as np, elman
    >>> weights = {"w": np.array([1.0])}
    >>> elman.RMSprop(0.1, alpha=0.75).step(weights, {"w": np.array([3.0])})
    >>> round(float(weights["w"][0]), 6)
    0.8
    """

    def __new__(
        cls,
        learning_rate: float = 0.01,
        *,
        alpha: float = 0.99,
        epsilon: float = 1e-8,
        centered: bool = False,
        momentum: float = 0.0,
        weight_decay: float = 0.0,
        maximize: bool = False,
    ) -> RMSprop:
        config = {
            "kind": "rmsprop",
            "alpha": alpha,
            "epsilon": epsilon,
            "centring": "centred" if centered else "uncentred",
            "momentum": momentum,
            "weight_decay": weight_decay,
            "objective": "maximize" if maximize else "minimize",
        }
        optimizer = super().__new__(cls, json.dumps(config))
        optimizer.learning_rate = learning_rate  # type: ignore[attr-defined]
        return optimizer  # type: ignore[return-value]


class Adagrad(_Optimizer):
    """Adagrad in PyTorch's form.

    >>> import numpy as np, elman
    >>> weights = {"w": np.array([1.0])}
    >>> elman.Adagrad(0.25).step(weights, {"w": np.array([3.0])})
    >>> round(float(weights["w"][0]), 6)
    0.75
    """

    def __new__(
        cls,
        learning_rate: float = 0.01,
        *,
        rate_decay: float = 0.0,
        initial_sum: float = 0.0,
        epsilon: float = 1e-10,
        weight_decay: float = 0.0,
        maximize: bool = False,
    ) -> Adagrad:
        config = {
            "kind": "adagrad",
            "rate_decay": rate_decay,
            "initial_sum": initial_sum,
            "epsilon": epsilon,
            "weight_decay": weight_decay,
            "objective": "maximize" if maximize else "minimize",
        }
        optimizer = super().__new__(cls, json.dumps(config))
        optimizer.learning_rate = learning_rate  # type: ignore[attr-defined]
        return optimizer  # type: ignore[return-value]


def clip_norm(gradients: Arrays, limit: float, *, norm: float = 2.0) -> float:
    """Scales `gradients` in place so that their norm together is at most `limit`; returns it as it was.

    `norm` is the p of the norm; `inf` for the largest absolute value.

    >>> import numpy as np, elman
    >>> elman.clip_norm({"w": np.array([3.0, -4.0])}, 1.0)
    5.0
    """
    kinds: dict[float, Any] = {1.0: "l1", 2.0: "l2", float("inf"): "infinity"}
    kind = kinds.get(norm, {"p": norm})
    return _elman.clip(json.dumps({"norm": {"limit": limit, "kind": kind}}), gradients)


def clip_value(gradients: Arrays, limit: float) -> float:
    """Cuts each entry of `gradients` off at `±limit` in place; returns the L2 norm as it was.

    >>> import numpy as np, elman
    >>> gradients = {"w": np.array([3.0, -4.0])}
    >>> elman.clip_value(gradients, 3.5)
    5.0
    >>> gradients["w"]
    array([ 3. , -3.5])
    """
    return _elman.clip(json.dumps({"value": {"limit": limit}}), gradients)
