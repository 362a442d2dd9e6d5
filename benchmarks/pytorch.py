"""Times PyTorch's recurrent layers on the workloads of examples/layer_speed.rs.

    python3 -m venv target/peers && target/peers/bin/pip install torch numpy
    target/peers/bin/python benchmarks/pytorch.py [WORKLOAD ...]

Prints the same lines as the example: the best of many runs of one forward pass (infer), and of one
forward and backward pass with the gradients of the input and of every parameter (train).
"""

import sys
import time

import torch

WORKLOADS = {
    "toy": (2, 3, 2, 4),
    "seed2": (1, 32, 1, 50),
    "small": (32, 100, 12, 64),
    "medium": (64, 128, 64, 256),
    "large": (128, 64, 256, 1024),
    "long1": (1, 4096, 16, 128),
    "b1": (1, 512, 64, 256),
}
CELLS = {"simple": (torch.nn.RNN, 1), "lstm": (torch.nn.LSTM, 4), "gru": (torch.nn.GRU, 3)}
BUDGET_SECONDS = 1.5
THREADS = 2


def best(run):
    """The least time of `run` in seconds; two runs before it starts to count."""
    run()
    run()
    least, count, start = float("inf"), 0, time.perf_counter()
    while time.perf_counter() - start < BUDGET_SECONDS or count < 3:
        begin = time.perf_counter()
        run()
        least = min(least, time.perf_counter() - begin)
        count += 1
    return least


def time_layer(name, workload):
    layer_type, gates = CELLS[name]
    b, t, i, h = WORKLOADS[workload]
    layer = layer_type(i, h, batch_first=True)
    inputs = torch.randn(b, t, i)
    tracked = inputs.clone().requires_grad_()
    grad_outputs = torch.randn(b, t, h)

    def infer():
        with torch.inference_mode():
            layer(inputs)

    def train():
        layer.zero_grad()
        tracked.grad = None
        layer(tracked)[0].backward(grad_outputs)

    work = 2 * b * t * gates * h * (i + h)
    for mode, run, factor in (("infer", infer, 1), ("train", train, 3)):
        seconds = best(run)
        gflops = factor * work / seconds / 1e9
        print(f"{name},{workload},{mode},{seconds * 1e6:.1f},{gflops:.1f}", flush=True)


def main():
    torch.set_num_threads(THREADS)
    print(f"torch {torch.__version__}, {THREADS} threads")
    print("cell,workload,mode,microseconds,gflops")
    for workload in sys.argv[1:] or WORKLOADS:
        for name in CELLS:
            time_layer(name, workload)


if __name__ == "__main__":
    main()
