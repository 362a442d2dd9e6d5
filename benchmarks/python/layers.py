"""What a call from Python costs over the same call in Rust: `python layers.py CONTENDER [THREADS]`.

CONTENDER is `target/release/elman-contender` (`cargo build --release -p elman-bench`). Both compute the same arrays in
turns, float32; the least time of each counts, as in `cargo xtask bench`. Lines of a record go to stdout, in microseconds:
what both took, and how much more Python took.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

SECONDS, ROUNDS = 0.4, 8
WORKLOADS = {"toy": (2, 3, 2, 4), "small": (32, 100, 12, 64), "medium": (64, 128, 64, 256)}
GATES = {"simple": 1, "lstm": 4, "gru": 3}


def case(folder: Path, cell: str, sizes: tuple[int, ...]) -> dict[str, Any]:
    """The arrays of a layer, written as the contender reads them."""
    import numpy as np

    batch, steps, inputs, units = sizes
    columns, rng = GATES[cell] * units, np.random.default_rng(0)
    shapes = {"input_weights": (inputs, columns), "recurrent_weights": (units, columns), "bias": (columns,)}
    if cell == "gru":
        shapes["recurrent_bias"] = (units,)
    scales = {"input_weights": inputs**-0.5, "recurrent_weights": units**-0.5}
    shapes |= {"inputs": (batch, steps, inputs), "grad_outputs": (batch, steps, units)}
    arrays = {}
    for name, shape in shapes.items():
        arrays[name] = (rng.normal(size=shape) * scales.get(name, 1.0)).astype("<f4")
        arrays[name].tofile(folder / f"{name}.f32")
    names = ("batch_size", "seq_len", "input_size", "hidden_size")
    (folder / "case.json").write_text(json.dumps({"cell": cell, **dict(zip(names, sizes, strict=True))}))
    return arrays


def least(run: Any, seconds: float) -> float:
    best, start = float("inf"), time.perf_counter()
    while time.perf_counter() - start < seconds:
        begin = time.perf_counter()
        run()
        best = min(best, time.perf_counter() - begin)
    return best


class Rust:
    """The contender written in Rust."""

    def __init__(self, program: str, threads: str) -> None:
        self.process = subprocess.Popen([program, threads], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def ask(self, *words: str) -> list[str]:
        assert self.process.stdin is not None and self.process.stdout is not None
        self.process.stdin.write("\t".join(words) + "\n")
        self.process.stdin.flush()
        answer = self.process.stdout.readline().rstrip("\n").split("\t")
        if answer[0] != "ok":
            raise RuntimeError(f"{words}: {answer}")
        return answer[1:]


def main(program: str, threads: str) -> None:
    os.environ["RAYON_NUM_THREADS"] = threads
    import numpy as np

    import elman

    layers = {"simple": elman.SimpleRNN, "lstm": elman.LSTM, "gru": elman.GRU}
    rust = Rust(program, threads)
    for workload, sizes in WORKLOADS.items():
        for cell, make in layers.items():
            with tempfile.TemporaryDirectory() as name:
                arrays = case(Path(name), cell, sizes)
                layer = make(sizes[2], sizes[3], dtype=np.float32)
                for parameter in layer.parameters:
                    setattr(layer, parameter, arrays[parameter])
                x, grad = arrays["inputs"], arrays["grad_outputs"]

                def infer(layer: Any = layer, x: Any = x) -> None:
                    layer.forward(x)

                def train(layer: Any = layer, x: Any = x, grad: Any = grad) -> None:
                    layer.forward(x)
                    layer.backward(grad)

                for mode, run in (("infer", infer), ("train", train)):
                    rust.ask("load", name, mode)
                    run()
                    times = [float("inf")] * 2
                    for _ in range(ROUNDS):
                        times[0] = min(times[0], float(rust.ask("time", str(SECONDS))[0]))
                        times[1] = min(times[1], least(run, SECONDS))
                    one, two = (1e6 * seconds for seconds in times)
                    what = f"{cell};{workload};{mode};{threads} threads"
                    print(f"call_us,{what},rust,{one:.3f}\ncall_us,{what},elman,{two:.3f}")
                    print(f"call_over_us,{what},elman,{two - one:.3f}", flush=True)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2] if len(sys.argv) > 2 else "1")
