"""A contender of the benchmark written for Python: contender.py LIBRARY THREADS.

Reads a command per line on stdin and answers each with a line on stdout, words separated by tabs; see
benchmarks/README.md. What is particular to a library is in LIBRARY_layer.py, which has

    version()                   its name and version
    ways(case, mode, arrays)    pairs (name, make), where make() returns (run, results)

`run()` does one forward pass or training step to its end; `results()` gives what a run computes, in
the order of `Case.results` and in Elman's layout. Where a library has several ways of doing the
same, each is tried when a case is loaded, and those that are nearly as fast as the fastest have their
time in every turn; the least counts. A library that trains networks also has

    fit(training, sequences)    trains one network; returns its seconds and the mean loss of the last epoch
"""

import importlib
import json
import os
import sys
import time
from pathlib import Path

GATES = {"simple": 1, "lstm": 4, "gru": 3}
# How long each way is tried when a case is loaded, if there are several.
TRIAL_SECONDS = 0.1
# A way this many times slower than the fastest is left out.
SLOWER = 1.5
# How far the results of two ways may be apart, as a part of the largest magnitude of an array.
TOLERANCE = 1e-4


class Unsupported(Exception):
    """The library has no such cell or mode."""


class Case:
    """A layer and its sizes."""

    def __init__(self, folder):
        self.folder = Path(folder)
        values = json.loads((self.folder / "case.json").read_text())
        if values.get("lengths") is not None:
            raise Unsupported("ragged batches are not compared")
        self.cell = values["cell"]
        self.gates = GATES[self.cell]
        self.batch_size, self.seq_len = values["batch_size"], values["seq_len"]
        self.input_size, self.hidden_size = values["input_size"], values["hidden_size"]

    def parameters(self):
        """Names with shapes: rows are inputs, columns units, gate after gate."""
        columns = self.gates * self.hidden_size
        shapes = {
            "input_weights": (self.input_size, columns),
            "recurrent_weights": (self.hidden_size, columns),
            "bias": (columns,),
        }
        if self.cell == "gru":
            shapes["recurrent_bias"] = (self.hidden_size,)
        return shapes

    def arrays(self):
        """All arrays by name."""
        shapes = self.parameters()
        shapes["inputs"] = (self.batch_size, self.seq_len, self.input_size)
        shapes["grad_outputs"] = (self.batch_size, self.seq_len, self.hidden_size)
        return {name: self.read(name, shape) for name, shape in shapes.items()}

    def results(self, mode):
        """The names of what is computed."""
        if mode == "infer":
            return ["outputs"]
        return ["outputs", "grad_inputs"] + [f"grad_{name}" for name in self.parameters()]

    def read(self, name, shape):
        import numpy

        values = numpy.fromfile(self.folder / f"{name}.f32", dtype="<f4")
        return values.reshape(shape)


def reorder(array, case, order):
    """The gates of the last axis in another order: `order[k]` is the gate that comes k-th."""
    import numpy

    gates = numpy.split(array, case.gates, axis=-1)
    return numpy.ascontiguousarray(numpy.concatenate([gates[k] for k in order], axis=-1))


def inverse(order):
    """The order that undoes `order`."""
    return [order.index(k) for k in range(len(order))]


def least_time(run, seconds):
    """The least time of a run in `seconds`, and the number of runs; at least one."""
    least, count, start = float("inf"), 0, time.perf_counter()
    while count == 0 or time.perf_counter() - start < seconds:
        begin = time.perf_counter()
        run()
        least = min(least, time.perf_counter() - begin)
        count += 1
    return least, count


def peak_resident_bytes():
    """The largest resident memory since the last reset."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return 1024 * int(line.split()[1])
    raise OSError("no VmHWM")


def reset_peak_resident_bytes():
    try:
        Path("/proc/self/clear_refs").write_text("5")
    except OSError:
        pass  # then the figure is that of the process so far


class Training:
    """A whole training: what is learnt, and how."""

    def __init__(self, folder):
        values = json.loads((Path(folder) / "training.json").read_text())
        self.cell, self.classes = values["cell"], values["classes"]
        self.input_size, self.hidden_size = values["input_size"], values["hidden_size"]
        self.batch_size, self.epochs = values["batch_size"], values["epochs"]
        self.learning_rate = values["learning_rate"]
        self.lengths, self.labels = values["lengths"], values["labels"]
        self.folder = Path(folder)

    def sequences(self):
        """The steps of each sequence, `[T, I]`."""
        import numpy

        steps = numpy.fromfile(self.folder / "steps.f32", dtype="<f4").reshape(-1, self.input_size)
        return numpy.split(steps, numpy.cumsum(self.lengths)[:-1])


class Process:
    """Answers the commands."""

    def __init__(self, library):
        self.library = library
        self.case = self.mode = None
        self.ways = []  # (name, run, results)

    def answer(self, words):
        match words:
            case ["version"]:
                return self.library.version()
            case ["load", folder, mode]:
                return self.load(folder, mode)
            case ["check", folder]:
                return self.check(Path(folder))
            case ["time", seconds]:
                return self.time(float(seconds))
            case ["fit", folder, networks]:
                return self.fit(folder, networks)
            case ["memory"]:
                return str(peak_resident_bytes())
        raise ValueError(f"unknown command: {' '.join(words)}")

    def load(self, folder, mode):
        self.ways = []
        reset_peak_resident_bytes()
        self.case, self.mode = Case(folder), mode
        ways = self.library.ways(self.case, mode, self.case.arrays())
        tried = []
        for name, make in ways:
            run, results = make()
            # The first runs compile, and find memory and caches cold.
            run()
            run()
            seconds = least_time(run, TRIAL_SECONDS)[0] if len(ways) > 1 else 0.0
            tried.append((seconds, name, run, results))
        least = min(seconds for seconds, *_ in tried)
        self.ways = [way for seconds, *way in tried if seconds <= SLOWER * least]
        return " or ".join(name for name, *_ in self.ways)

    def fit(self, folder, networks):
        if networks != "1" or not hasattr(self.library, "fit"):
            raise Unsupported("whole trainings" if networks == "1" else "several networks at once")
        training = Training(folder)
        seconds, loss = self.library.fit(training, training.sequences())
        return f"{seconds!r}\t{loss!r}"

    def check(self, folder):
        import numpy

        names = self.case.results(self.mode)
        (_, _, results), *others = self.ways
        arrays = [numpy.ascontiguousarray(array, dtype="<f4") for array in results()]
        for way, _, results in others:
            for name, ours, theirs in zip(names, arrays, results(), strict=True):
                if not numpy.max(numpy.abs(ours - theirs)) <= TOLERANCE * numpy.max(numpy.abs(ours)):
                    raise ValueError(f"{name}: {way} computes something else")
        folder.mkdir(parents=True, exist_ok=True)
        for name, array in zip(names, arrays, strict=True):
            array.tofile(folder / f"{name}.f32")
        return str(len(names))

    def time(self, seconds):
        times = [least_time(run, seconds) for _, run, _ in self.ways]
        return f"{min(least for least, _ in times)!r}\t{sum(count for _, count in times)}"


def main():
    library, threads = sys.argv[1], int(sys.argv[2])
    # Answers go to what is stdout now; whatever a library prints goes to stderr.
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    if threads < len(os.sched_getaffinity(0)):
        # XLA starts as many threads as there are processors that it may use.
        os.sched_setaffinity(0, set(sorted(os.sched_getaffinity(0))[:threads]))
    module = importlib.import_module(f"{library}_layer")
    module.use_threads(threads)
    process = Process(module)
    for line in sys.stdin:
        words = line.rstrip("\n").split("\t")
        if words == ["quit"]:
            break
        try:
            answer = f"ok\t{process.answer(words)}"
        except Unsupported as reason:
            answer = f"unsupported\t{reason}"
        except Exception as fault:  # whatever a library raises is its answer
            answer = "error\t" + " ".join(f"{type(fault).__name__}: {fault}".split())
        print(answer, file=answers, flush=True)


if __name__ == "__main__":
    # The libraries' modules import this file by its name.
    sys.modules["contender"] = sys.modules["__main__"]
    main()
