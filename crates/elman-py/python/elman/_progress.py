"""Who is told of each epoch: callbacks, and a bar."""

from __future__ import annotations

import importlib
import json
import sys
from collections.abc import Callable, Iterable
from types import TracebackType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from typing_extensions import Self

Callback = Callable[[dict[str, float]], object]


class Watcher:
    """Calls callbacks with the numbers of each epoch; any that returns True stops training."""

    def __init__(self, callbacks: Iterable[Callback] | None, verbose: int) -> None:
        self._callbacks = list(callbacks or [])
        self._verbose = bool(verbose)
        self._bar: Any = None

    def told(self) -> Callable[[str, int], bool] | None:
        """What is to be called; None if nobody listens."""
        return self._epoch if self._callbacks or self._verbose else None

    def _epoch(self, record: str, epochs: int) -> bool:
        numbers: dict[str, float] = json.loads(record)
        if self._verbose:
            self._show(numbers, epochs)
        answers = [callback(dict(numbers)) for callback in self._callbacks]
        return any(answer is True for answer in answers)

    def _show(self, numbers: dict[str, float], epochs: int) -> None:
        shown = {name: f"{value:.4g}" for name, value in numbers.items() if name not in ("epoch", "updates")}
        try:
            tqdm = importlib.import_module("tqdm.auto")
        except ImportError:
            words = ", ".join(f"{name} {value}" for name, value in shown.items())
            print(f"epoch {numbers['epoch']} of {epochs}: {words}", file=sys.stderr)
            return
        if self._bar is None:
            self._bar = tqdm.tqdm(total=epochs, unit="epoch")
        self._bar.set_postfix(shown, refresh=False)
        self._bar.update()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._bar is not None:
            self._bar.close()
