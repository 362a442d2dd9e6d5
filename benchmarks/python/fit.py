"""`fit` against a training loop in PyTorch with packed sequences: `python fit.py [EPOCHS] [THREADS]`.

2,400 ragged sequences of 6 to 92 steps with 13 channels in 9 classes, a GRU of 64 units, batches of 16, AdamW at a
constant rate; both in turns, each twice, the better one counts. The sequences are noise around a slow wave whose
frequency is the class's.
"""

from __future__ import annotations

import sys
import time
from typing import Any

import numpy as np

RATE, UNITS, BATCH = 0.003, 64, 16


def data(count: int, seed: int) -> tuple[list[Any], Any]:
    rng = np.random.default_rng(seed)
    y = rng.integers(0, 9, count)
    X = []
    for label in y:
        steps = np.arange(rng.integers(6, 93))
        wave = np.sin((0.1 + 0.06 * label) * steps + rng.uniform(0, 6))
        X.append((wave[:, None] * np.linspace(-1, 1, 13) + rng.normal(scale=0.7, size=(len(steps), 13))))
    return X, y


def of_elman(train: Any, test: Any, epochs: int, threads: int) -> tuple[float, float]:
    import elman

    model = elman.SequenceClassifier(
        cell="gru", hidden_size=UNITS, direction="forward", pooling="last", dropout=0.0, epochs=epochs,
        batch_size=BATCH, learning_rate=RATE, schedule="constant", n_jobs=threads,
    )  # fmt: skip
    start = time.perf_counter()
    model.fit(*train)
    return time.perf_counter() - start, model.score(*test)


def of_torch(train: Any, test: Any, epochs: int, threads: int) -> tuple[float, float]:
    import torch
    from torch.nn.utils.rnn import pack_sequence

    torch.set_num_threads(threads)
    torch.manual_seed(1)
    start = time.perf_counter()
    mean = np.concatenate(train[0]).mean(axis=0)
    deviation = np.concatenate(train[0]).std(axis=0)

    def tensors(X: Any) -> list[Any]:
        return [torch.tensor((x - mean) / deviation, dtype=torch.float32) for x in X]

    class Net(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.gru = torch.nn.GRU(13, UNITS, batch_first=True)
            self.head = torch.nn.Linear(UNITS, 9)

        def forward(self, X: Any) -> Any:
            return self.head(self.gru(pack_sequence(X, enforce_sorted=False))[1][0])

    net, X, y = Net(), tensors(train[0]), torch.tensor(train[1])
    optimizer = torch.optim.AdamW(net.parameters(), lr=RATE)
    for _ in range(epochs):
        for rows in torch.randperm(len(X)).split(BATCH):
            optimizer.zero_grad()
            loss = torch.nn.functional.cross_entropy(net([X[row] for row in rows]), y[rows])
            loss.backward()
            torch.nn.utils.clip_grad_norm_(net.parameters(), 1.0)
            optimizer.step()
    seconds = time.perf_counter() - start
    with torch.no_grad():
        found = net(tensors(test[0])).argmax(dim=1)
    return seconds, float((found == torch.tensor(test[1])).float().mean())


def main(epochs: int, threads: int) -> None:
    train, test = data(2400, 0), data(600, 1)
    results: dict[str, list[tuple[float, float]]] = {"elman": [], "PyTorch": []}
    for _ in range(2):
        for name, run in (("elman", of_elman), ("PyTorch", of_torch)):
            results[name].append(run(train, test, epochs, threads))
    for name, found in results.items():
        seconds, accuracy = min(found)
        print(f"{name:>8}: {seconds:7.2f} s, accuracy {accuracy:.3f}")
    print(f"   times: {min(results['PyTorch'])[0] / min(results['elman'])[0]:7.1f}")


if __name__ == "__main__":
    given = [int(argument) for argument in sys.argv[1:]]
    main(*(given + [10, 2][len(given) :]))
