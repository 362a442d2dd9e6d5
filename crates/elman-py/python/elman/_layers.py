"""Layers as a notebook writes them: weights are attributes, and every gradient comes back by name."""

from __future__ import annotations

import json
import operator
from typing import Any, NamedTuple, TypedDict

import numpy as np
from numpy.typing import DTypeLike, NDArray

from elman import _elman

Array = NDArray[Any]
Activation = str | dict[str, dict[str, float]]
Normalization = str | dict[str, dict[str, float]]


class LSTMState(NamedTuple):
    """The state of an LSTM: `hidden` is its output `[B, H]`, `cell` its memory `[B, H]`."""

    hidden: Array
    cell: Array


class _Weights:
    """The weights of a layer as attributes: views to be read, written into and assigned."""

    parameters: Any

    def __getattr__(self, name: str) -> Array:
        found = None if name.startswith("_") else self.parameters.get(name)
        if found is None:
            names = ", ".join(self.parameters)
            raise AttributeError(f"{type(self).__name__} has no {name}; its weights are {names}")
        weights: Array = found
        return weights

    def __setattr__(self, name: str, value: Any) -> None:
        target = self.parameters.get(name)
        if target is None:
            names = ", ".join(self.parameters)
            raise AttributeError(f"{type(self).__name__} has no {name}; its weights are {names}")
        if value is target:
            return
        found = np.asarray(value)
        if found.dtype.kind not in "fiu":
            raise TypeError(f"{name}: expected an array of {target.dtype}, got {found.dtype}")
        if found.shape != target.shape:
            expected, got = list(target.shape), list(found.shape)
            raise _elman.ShapeError(f"{name}: expected shape {expected}, got {got}")
        target[...] = found

    def __dir__(self) -> list[str]:
        return sorted({*object.__dir__(self), *self.parameters})

    def __repr__(self) -> str:
        shapes = ", ".join(f"{name} {list(w.shape)}" for name, w in self.parameters.items())
        return f"{type(self).__name__}({shapes}, {next(iter(self.parameters.values())).dtype})"

    def _repr_html_(self) -> str:
        import html  # only here, as most programs never need it

        rows = "".join(
            f"<tr><td><code>{html.escape(name)}</code></td><td>{list(w.shape)}</td><td>{w.size:,}</td></tr>"
            for name, w in self.parameters.items()
        )
        total = sum(w.size for w in self.parameters.values())
        dtype = next(iter(self.parameters.values())).dtype
        return (
            f"<table><caption>{type(self).__name__}, {dtype}, {total:,} weights</caption>"
            f"<thead><tr><th>weights</th><th>shape</th><th>count</th></tr></thead>"
            f"<tbody>{rows}</tbody></table>"
        )


class _Frame(TypedDict):
    """What all recurrent layers have beside their cell."""

    input_size: int
    hidden_size: int
    direction: str
    seed: int


def _description(cell: str, options: dict[str, Any], frame: _Frame) -> str:
    sizes = {name: operator.index(frame[name]) for name in ("input_size", "hidden_size", "seed")}
    return json.dumps({"cell": {cell: options}, **frame, **sizes})


def _normalization(given: Normalization) -> Normalization:
    return {"layer": {"epsilon": 1e-5}} if given == "layer" else given


def _started(layer: Any) -> Any:
    """The layer, whose gains start at 1 and whose shifts at 0."""
    for name, weights in layer.parameters.items():
        if name.endswith(("_gain", "_shift")):
            weights[...] = float(name.endswith("_gain"))
    return layer


class SimpleRNN(_Weights, _elman.Layer):
    """The simple (Elman) network, `h_t = φ(x_t·W + h_{t-1}·U + b)`.

    Weights: `input_weights` W `[I, H]`, `recurrent_weights` U `[H, H]`, `bias` b `[H]`, drawn from
    `[-1/√H, 1/√H)` by `seed`. They are views: what is written into them counts at the next run.

    `activation` is `"tanh"`, `"relu"`, `"sigmoid"`, `"identity"` and so on, or with its parameters
    `{"leaky-relu": {"alpha": 0.1}}`. With `recurrence="independent"` U is a vector `[H]`. `clip`
    bounds the pre-activations. `normalization="layer"` normalises the products, with gains and shifts
    among the weights. `direction="reverse"` reads each sequence from its own last step.

    `forward(x, initial_state=None, lengths=None)` takes `x` `[B, T, I]` and gives the outputs
    `[B, T, H]`, zero in padding, and the final state `[B, H]`. `backward(grad_outputs=None,
    grad_final_state=None)` gives every gradient of the scalar whose gradients it is given.

    >>> import numpy as np, elman
    >>> rnn = elman.SimpleRNN(2, 1)
    >>> rnn.input_weights = [[1.0], [2.0]]
    >>> rnn.recurrent_weights = [[0.0]]
    >>> rnn.bias = [0.0]
    >>> outputs, h = rnn.forward(np.array([[[0.1, 0.2]]]))
    >>> round(float(h[0, 0]), 6)  # tanh 0.5
    0.462117
    >>> rnn.backward(grad_final_state=np.ones((1, 1))).inputs.shape
    (1, 1, 2)
    >>> rnn
    SimpleRNN(input_weights [2, 1], recurrent_weights [1, 1], bias [1], float64)
    """

    def __new__(
        cls,
        input_size: int,
        hidden_size: int,
        *,
        activation: Activation = "tanh",
        recurrence: str = "full",
        clip: float | None = None,
        normalization: Normalization = "none",
        direction: str = "forward",
        dtype: DTypeLike = np.float64,
        seed: int = 0,
    ) -> SimpleRNN:
        frame: _Frame = {
            "input_size": input_size,
            "hidden_size": hidden_size,
            "direction": direction,
            "seed": seed,
        }
        options = {
            "activation": activation,
            "recurrence": recurrence,
            "clip": clip,
            "normalization": _normalization(normalization),
        }
        description = _description("simple", options, frame)
        layer: SimpleRNN = _started(super().__new__(cls, description, dtype=dtype, state_type=None))
        return layer


class LSTM(_Weights, _elman.Layer):
    """The long short-term memory.

    Weights: `input_weights` `[I, 4H]`, `recurrent_weights` `[H, 4H]`, `bias` `[4H]`, gates in the order
    i, f, o, g; with the options `peephole_weights` and `projection_weights`. The state is an
    `LSTMState(hidden, cell)`.

    `projection_size` P makes outputs of size P; `peepholes` is `"absent"` or `"present"`;
    `forget_gate` is `"own"` or `"coupled"` (f = 1 - i); `clip` bounds the pre-activations, `cell_clip`
    the cell; `normalization="layer"` normalises the products and the cell.

    >>> import numpy as np, elman
    >>> lstm = elman.LSTM(3, 2)
    >>> outputs, state = lstm.forward(np.zeros((4, 5, 3)), lengths=[5, 0, 2, 1])
    >>> outputs.shape, state.hidden.shape, state.cell.shape
    ((4, 5, 2), (4, 2), (4, 2))
    """

    def __new__(
        cls,
        input_size: int,
        hidden_size: int,
        *,
        gate_activation: Activation = "sigmoid",
        candidate_activation: Activation = "tanh",
        output_activation: Activation = "tanh",
        peepholes: str = "absent",
        forget_gate: str = "own",
        projection_size: int | None = None,
        clip: float | None = None,
        cell_clip: float | None = None,
        normalization: Normalization = "none",
        direction: str = "forward",
        dtype: DTypeLike = np.float64,
        seed: int = 0,
    ) -> LSTM:
        frame: _Frame = {
            "input_size": input_size,
            "hidden_size": hidden_size,
            "direction": direction,
            "seed": seed,
        }
        options = {
            "activations": {
                "gate": gate_activation,
                "candidate": candidate_activation,
                "output": output_activation,
            },
            "peepholes": peepholes,
            "forget_gate": forget_gate,
            "projection_size": projection_size,
            "clip": clip,
            "cell_clip": cell_clip,
            "normalization": _normalization(normalization),
        }
        description = _description("lstm", options, frame)
        layer: LSTM = _started(super().__new__(cls, description, dtype=dtype, state_type=LSTMState))
        return layer


class GRU(_Weights, _elman.Layer):
    """The gated recurrent unit.

    Weights: `input_weights` `[I, 3H]`, `recurrent_weights` `[H, 3H]`, `bias` `[3H]`, gates in the order
    r, z, n, and `recurrent_bias` `[H]` where `reset="after"`, as in PyTorch. With `reset="before"` the
    reset gate acts on the state before the product. `normalization="layer"` normalises the products.

    >>> import numpy as np, elman
    >>> gru = elman.GRU(3, 2, reset="before")
    >>> sorted(gru.parameters)
    ['bias', 'input_weights', 'recurrent_weights']
    >>> gru.step(np.zeros((1, 3))).shape
    (1, 2)
    """

    def __new__(
        cls,
        input_size: int,
        hidden_size: int,
        *,
        reset: str = "after",
        gate_activation: Activation = "sigmoid",
        candidate_activation: Activation = "tanh",
        clip: float | None = None,
        normalization: Normalization = "none",
        direction: str = "forward",
        dtype: DTypeLike = np.float64,
        seed: int = 0,
    ) -> GRU:
        activations = {"gate": gate_activation, "candidate": candidate_activation}
        frame: _Frame = {
            "input_size": input_size,
            "hidden_size": hidden_size,
            "direction": direction,
            "seed": seed,
        }
        options = {
            "reset": reset,
            "activations": activations,
            "clip": clip,
            "normalization": _normalization(normalization),
        }
        description = _description("gru", options, frame)
        layer: GRU = _started(super().__new__(cls, description, dtype=dtype, state_type=None))
        return layer


class MinGRU(_Weights, _elman.Layer):
    """The minGRU, a GRU whose gate and candidate depend on the input alone.

    Weights: `input_weights` `[I, 2H]`, `bias` `[2H]`, in the order z, n. L. Feng and others, "Were RNNs
    all we needed?", arXiv:2410.01201, in its plain form.

    >>> import numpy as np, elman
    >>> outputs, h = elman.MinGRU(3, 2).forward(np.zeros((4, 5, 3)))
    >>> outputs.shape, h.shape
    ((4, 5, 2), (4, 2))
    """

    def __new__(
        cls,
        input_size: int,
        hidden_size: int,
        *,
        direction: str = "forward",
        dtype: DTypeLike = np.float64,
        seed: int = 0,
    ) -> MinGRU:
        frame: _Frame = {
            "input_size": input_size,
            "hidden_size": hidden_size,
            "direction": direction,
            "seed": seed,
        }
        return super().__new__(cls, _description("min-gru", {}, frame), dtype=dtype, state_type=None)  # type: ignore[return-value]


class MinLSTM(_Weights, _elman.Layer):
    """The minLSTM, whose gates and candidate depend on the input alone; its state is h.

    Weights: `input_weights` `[I, 3H]`, `bias` `[3H]`, in the order f, i, n. L. Feng and others, "Were RNNs
    all we needed?", arXiv:2410.01201, in its plain form.

    >>> import numpy as np, elman
    >>> outputs, h = elman.MinLSTM(3, 2).forward(np.zeros((4, 5, 3)))
    >>> outputs.shape, h.shape
    ((4, 5, 2), (4, 2))
    """

    def __new__(
        cls,
        input_size: int,
        hidden_size: int,
        *,
        direction: str = "forward",
        dtype: DTypeLike = np.float64,
        seed: int = 0,
    ) -> MinLSTM:
        frame: _Frame = {
            "input_size": input_size,
            "hidden_size": hidden_size,
            "direction": direction,
            "seed": seed,
        }
        return super().__new__(cls, _description("min-lstm", {}, frame), dtype=dtype, state_type=None)  # type: ignore[return-value]


class Dense(_Weights, _elman.Dense):
    """A dense layer, `y = x·W + b`, from `[N, D]` to `[N, O]`.

    Weights: `weights` W `[D, O]`, `bias` b `[O]`.

    >>> import numpy as np, elman
    >>> dense = elman.Dense(2, 1)
    >>> dense.weights = [[3.0], [4.0]]
    >>> dense.bias = [0.5]
    >>> dense.forward(np.array([[1.0, 2.0]]))
    array([[11.5]])
    """

    def __new__(
        cls, input_size: int, output_size: int, *, dtype: DTypeLike = np.float64, seed: int = 0
    ) -> Dense:
        return super().__new__(cls, input_size, output_size, dtype=dtype, seed=seed)  # type: ignore[return-value]
