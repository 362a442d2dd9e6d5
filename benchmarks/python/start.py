"""Import time, and peak memory beside the command line's: `python start.py [PROGRAM]`.

PROGRAM is `target/release/elman`. The memory is the largest resident set of a process that trains on 1,200 sequences
of 92 steps and 13 channels, read from a long CSV by each.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

IMPORTS = {"NumPy": "import numpy", "NumPy and elman": "import numpy, elman"}
FIT = """
import numpy as np, elman
table = np.loadtxt({path!r}, delimiter=",", skiprows=1)
X = [x.copy() for x in table[:, 1:14].reshape(1200, 92, 13)]
y = table[::92, 14].astype(int)
del table
elman.SequenceClassifier(epochs=1).fit(X, y)
"""


def seconds(program: str) -> float:
    start = time.perf_counter()
    subprocess.run([sys.executable, "-c", program], check=True)
    return time.perf_counter() - start


def peak(arguments: list[str]) -> float:
    """MiB."""
    child = subprocess.Popen(arguments, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, status, usage = os.wait4(child.pid, 0)
    assert status == 0, arguments
    return usage.ru_maxrss / 1024


def main(program: str | None) -> None:
    times: dict[str, float] = dict.fromkeys(IMPORTS, float("inf"))
    for _ in range(15):
        for name, source in IMPORTS.items():
            times[name] = min(times[name], seconds(source))
    for name, found in times.items():
        print(f"{name:>16}: {1e3 * found:6.1f} ms")
    if program is None:
        return
    import numpy as np

    rng = np.random.default_rng(0)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "data.csv"
        ids = np.repeat(np.arange(1200), 92)
        rows = np.column_stack([ids, rng.normal(size=(len(ids), 13)), ids % 9])
        header = ",".join(["id", *(f"c{i}" for i in range(13)), "y"])
        np.savetxt(path, rows, "%.6g", ",", header=header, comments="")
        train = [program, "train", str(path), "--sequence", "id", "--target", "y", "--epochs", "1", "--quiet"]
        line = peak([*train, "--output", str(Path(folder) / "m.safetensors")])
        base = peak([sys.executable, "-c", "import numpy, elman"])
        python = peak([sys.executable, "-c", FIT.format(path=str(path))])
    print(f"command line {line:.0f} MiB, Python {python:.0f} MiB, of which the interpreter and NumPy {base:.0f} MiB")


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else None)
