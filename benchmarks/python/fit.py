"""`fit` against a training loop in PyTorch with packed sequences: `python fit.py [EPOCHS] [THREADS] [ROUNDS]`.

2,400 ragged sequences of 6 to 92 steps with 13 channels in 9 classes, a GRU of 64 units, batches of 16, AdamW at a
constant rate; both in turns, and each turn with another seed. The sequences are noise around a slow wave whose
frequency is the class's. Lines of a record go to stdout: seconds, accuracy on 600 other sequences, and how many times
the seconds of Elman PyTorch took in the same turn; medians of the turns.
"""

from __future__ import annotations

import statistics
import sys
import time
from typing import Any, NamedTuple

import numpy as np

RATE, UNITS, BATCH = 0.003, 64, 16


class Sizes(NamedTuple):
    """How much is done."""

    epochs: int = 6
    threads: int = 1
    rounds: int = 3


class Turn(NamedTuple):
    """What one training took, and how good it was."""

    seconds: float
    accuracy: float


def data(count: int, seed: int) -> tuple[list[Any], Any]:
    rng = np.random.default_rng(seed)
    y = rng.integers(0, 9, count)
    X = []
    for label in y:
        steps = np.arange(rng.integers(6, 93))
        wave = np.sin((0.1 + 0.06 * label) * steps + rng.uniform(0, 6))
        X.append(wave[:, None] * np.linspace(-1, 1, 13) + rng.normal(scale=0.7, size=(len(steps), 13)))
    return X, y


def of_elman(train: Any, test: Any, sizes: Sizes, seed: int) -> Turn:
    import elman

    # No dropout, of the state either: the same work as the loop's.
    model = elman.SequenceClassifier(
        cell="gru", hidden_size=UNITS, direction="forward", pooling="last", dropout=0.0, state_dropout=0.0,
        epochs=sizes.epochs, batch_size=BATCH, learning_rate=RATE, schedule="constant", n_jobs=sizes.threads,
        random_state=seed,
    )  # fmt: skip
    start = time.perf_counter()
    model.fit(*train)
    return Turn(time.perf_counter() - start, model.score(*test))


def of_torch(train: Any, test: Any, sizes: Sizes, seed: int) -> Turn:
    import torch
    from torch.nn.utils.rnn import pack_sequence

    torch.set_num_threads(sizes.threads)
    torch.manual_seed(seed)

    class Net(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.gru = torch.nn.GRU(13, UNITS, batch_first=True)
            self.head = torch.nn.Linear(UNITS, 9)

        def forward(self, X: Any) -> Any:
            return self.head(self.gru(pack_sequence(X, enforce_sorted=False))[1][0])

    start = time.perf_counter()
    steps = np.concatenate(train[0])
    mean, deviation = steps.mean(axis=0), steps.std(axis=0)

    def tensors(X: Any) -> list[Any]:
        return [torch.tensor((x - mean) / deviation, dtype=torch.float32) for x in X]

    net, X, y = Net(), tensors(train[0]), torch.tensor(train[1])
    optimizer = torch.optim.AdamW(net.parameters(), lr=RATE)
    for _ in range(sizes.epochs):
        for rows in torch.randperm(len(X)).split(BATCH):
            optimizer.zero_grad()
            loss = torch.nn.functional.cross_entropy(net([X[row] for row in rows]), y[rows])
            loss.backward()
            torch.nn.utils.clip_grad_norm_(net.parameters(), 1.0)
            optimizer.step()
    seconds = time.perf_counter() - start
    with torch.no_grad():
        found = net(tensors(test[0])).argmax(dim=1)
    return Turn(seconds, float((found == torch.tensor(test[1])).float().mean()))


def main(sizes: Sizes) -> None:
    train, test = data(2400, 0), data(600, 1)
    turns: dict[str, list[Turn]] = {"elman": [], "torch": []}
    for seed in range(1, sizes.rounds + 1):
        for name, run in (("elman", of_elman), ("torch", of_torch)):
            turns[name].append(run(train, test, sizes, seed))
            print(seed, name, turns[name][-1], file=sys.stderr, flush=True)
    case = f"{sizes.epochs} epochs;{sizes.threads} threads"
    for name, found in turns.items():
        print(f"fit_seconds,{case},{name},{statistics.median(turn.seconds for turn in found):.3f}")
        print(f"fit_accuracy,{case},{name},{statistics.median(turn.accuracy for turn in found):.4f}")
    ratios = [torch.seconds / elman.seconds for elman, torch in zip(turns["elman"], turns["torch"], strict=True)]
    print(f"fit_times,{case},torch,{statistics.median(ratios):.2f}")


if __name__ == "__main__":
    main(Sizes(*map(int, sys.argv[1:])))
