"""Import time, and peak memory beside the command line's: `python start.py PROGRAM`.

PROGRAM is `target/release/elman`. The times are the processor's, which others on the machine do not lengthen much, and the
clock's. The memory is the largest resident set of a process that trains for an epoch on sequences of 92 steps and 13
channels: the command line reads them from a long CSV, Python from a NumPy file, as reading a CSV is not `fit`'s. Lines of
a record go to stdout: medians of processes in turns.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

STARTS, TRAININGS, SIZES = 25, 3, (1200, 6000)
IMPORTS = {"numpy": "import numpy", "elman": "import numpy, elman"}
DATA = """
import numpy as np
X = np.random.default_rng(0).normal(size=({count}, 92, 13))
np.save({folder!r} + "/data.npy", X)
ids = np.repeat(np.arange({count}), 92)
header = ",".join(["id", *(f"c{{i}}" for i in range(13)), "y"])
rows = np.column_stack([ids, X.reshape(-1, 13), ids % 9])
np.savetxt({folder!r} + "/data.csv", rows, "%.6g", ",", header=header, comments="")
"""
FIT = """
import numpy as np, elman
X = np.load({path!r})
y = np.arange(len(X)) % 9
elman.SequenceClassifier(epochs=1).fit(X, y)
"""


class Cost(NamedTuple):
    """What a process took."""

    clock_ms: float
    processor_ms: float
    peak_mib: float


def cost(arguments: list[str]) -> Cost:
    start = time.perf_counter()
    child = subprocess.Popen(arguments, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, status, usage = os.wait4(child.pid, 0)
    clock = time.perf_counter() - start
    assert status == 0, arguments
    return Cost(1e3 * clock, 1e3 * (usage.ru_utime + usage.ru_stime), usage.ru_maxrss / 1024)


def starts() -> None:
    """How long imports take."""
    costs: dict[str, list[Cost]] = {name: [] for name in IMPORTS}
    for _ in range(STARTS):
        for name, source in IMPORTS.items():
            costs[name].append(cost([sys.executable, "-c", source]))
    for kind in ("processor_ms", "clock_ms"):
        times = {name: [getattr(one, kind) for one in found] for name, found in costs.items()}
        for name, found in times.items():
            print(f"start_{kind},,{name},{statistics.median(found):.1f}")
        beyond = [elman - numpy for elman, numpy in zip(times["elman"], times["numpy"], strict=True)]
        print(f"import_beyond_numpy_{kind},,elman,{statistics.median(beyond):.1f}", flush=True)


def trainings(program: str, folder: Path, count: int) -> None:
    """How much memory trainings on so many sequences take."""
    # In a process of its own: what this one has in memory would count as its children's.
    cost([sys.executable, "-c", DATA.format(count=count, folder=str(folder))])
    task = ["--task", "classify", "--sequence", "id", "--target", "y", "--epochs", "1", "--quiet"]
    train = [program, "train", str(folder / "data.csv"), *task, "--output", str(folder / "m.safetensors")]
    contenders = {
        "command line": train,
        "import elman": [sys.executable, "-c", IMPORTS["elman"]],
        "elman": [sys.executable, "-c", FIT.format(path=str(folder / "data.npy"))],
    }
    peaks: dict[str, list[float]] = {name: [] for name in contenders}
    for _ in range(TRAININGS):
        for name, arguments in contenders.items():
            peaks[name].append(cost(arguments).peak_mib)
    medians = {name: statistics.median(found) for name, found in peaks.items()}
    for name, found in medians.items():
        print(f"fit_peak_mib,{count} sequences,{name},{found:.1f}")
    print(f"fit_peak_ratio,{count} sequences,elman,{medians['elman'] / medians['command line']:.2f}")


if __name__ == "__main__":
    starts()
    with tempfile.TemporaryDirectory() as name:
        for count in SIZES:
            trainings(sys.argv[1], Path(name), count)
