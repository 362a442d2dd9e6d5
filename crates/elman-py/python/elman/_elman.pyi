"""What the compiled module `_elman` has; private, as its name says."""

from collections.abc import Callable, Sequence
from typing import Any, final

import numpy as np
from numpy.typing import DTypeLike, NDArray
from typing_extensions import disjoint_base

__all__ = [
    "DataError",
    "Dataset",
    "Dense",
    "FormatError",
    "Gradients",
    "Layer",
    "Model",
    "Optimizer",
    "ShapeError",
    "__version__",
    "binary_cross_entropy",
    "clip",
    "cross_entropy",
    "default_settings",
    "fit",
    "level",
    "regression",
    "softmax",
]

__version__: str

class ShapeError(ValueError): ...
class FormatError(ValueError): ...
class DataError(ValueError): ...

@final
class Gradients:
    @property
    def inputs(self) -> NDArray[Any]: ...
    @property
    def initial_state(self) -> Any: ...
    @property
    def parameters(self) -> dict[str, NDArray[Any]]: ...
    def __getattr__(self, name: str, /) -> NDArray[Any]: ...
    def __dir__(self) -> list[str]: ...

@disjoint_base
class Layer:
    def __new__(
        cls,
        description: str,
        *,
        dtype: DTypeLike,
        state_type: Any,
    ) -> Layer: ...
    @property
    def input_size(self) -> int: ...
    @property
    def hidden_size(self) -> int: ...
    @property
    def dtype(self) -> np.dtype[Any]: ...
    @property
    def parameters(self) -> dict[str, NDArray[Any]]: ...
    def forward(
        self, x: NDArray[Any], initial_state: Any = None, lengths: Sequence[int] | NDArray[Any] | None = None
    ) -> tuple[NDArray[Any], Any]: ...
    def step(self, x: NDArray[Any], state: Any = None) -> Any: ...
    def backward(
        self, grad_outputs: NDArray[Any] | None = None, grad_final_state: Any = None
    ) -> Gradients: ...

@disjoint_base
class Dense:
    def __new__(cls, input_size: int, output_size: int, *, dtype: DTypeLike, seed: int) -> Dense: ...
    @property
    def input_size(self) -> int: ...
    @property
    def output_size(self) -> int: ...
    @property
    def dtype(self) -> np.dtype[Any]: ...
    @property
    def parameters(self) -> dict[str, NDArray[Any]]: ...
    def forward(self, x: NDArray[Any]) -> NDArray[Any]: ...
    def backward(self, grad_outputs: NDArray[Any]) -> Gradients: ...

@disjoint_base
class Optimizer:
    def __new__(cls, config: str) -> Optimizer: ...
    def apply(
        self,
        learning_rate: float,
        parameters: dict[str, NDArray[Any]],
        gradients: dict[str, NDArray[Any]],
    ) -> None: ...

def level() -> str: ...
def clip(rule: str, gradients: dict[str, NDArray[Any]]) -> float: ...
def regression(
    loss: str, reduction: str, predictions: NDArray[Any], targets: NDArray[Any]
) -> tuple[float, NDArray[Any], NDArray[Any]]: ...
def cross_entropy(
    loss: str, class_weights: Sequence[float] | None, logits: NDArray[Any], targets: NDArray[Any]
) -> tuple[float, NDArray[Any], NDArray[Any]]: ...
def binary_cross_entropy(
    reduction: str,
    pos_weight: Sequence[float] | None,
    logits: NDArray[Any],
    targets: NDArray[Any],
    weights: NDArray[Any] | None,
) -> tuple[float, NDArray[Any], NDArray[Any]]: ...
def softmax(logits: NDArray[Any]) -> NDArray[Any]: ...

@final
class Dataset:
    def __new__(
        cls,
        sequences: Sequence[NDArray[Any]],
        feature_names: Sequence[str],
        targets: tuple[Any, ...] | None = None,
        weights: NDArray[Any] | Sequence[float] | None = None,
    ) -> Dataset: ...
    def __len__(self) -> int: ...

@final
class Model:
    @staticmethod
    def load(path: str) -> Model: ...
    @staticmethod
    def from_bytes(bytes: bytes) -> Model: ...
    def save(self, path: str) -> None: ...
    def to_bytes(self) -> bytes: ...
    def description(self) -> str: ...
    def predict(self, data: Dataset, threads: int | None = None) -> Any: ...
    def evaluate(self, data: Dataset, threads: int | None = None) -> str: ...

def default_settings() -> str: ...
def fit(
    settings: str,
    training: Dataset,
    validation: Dataset | None = None,
    watcher: Callable[[str, int], bool] | None = None,
) -> tuple[Model, str]: ...
