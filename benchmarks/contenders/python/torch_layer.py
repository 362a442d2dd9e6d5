"""PyTorch: nn.RNN, nn.LSTM and nn.GRU, batch first and time first; whole trainings with packed sequences.

PyTorch's second bias is zero, but for the GRU's candidate, where it is Elman's recurrent bias; its
gradient is computed all the same, as the library always does.
"""

import time

import numpy
import torch
from contender import inverse, reorder

LAYERS = {"simple": torch.nn.RNN, "lstm": torch.nn.LSTM, "gru": torch.nn.GRU}
# PyTorch's gates are i f g o, and r z n.
ORDER = {"simple": [0], "lstm": [0, 1, 3, 2], "gru": [0, 1, 2]}


def version():
    return f"PyTorch {torch.__version__}"


def use_threads(threads):
    torch.set_num_threads(threads)


def ways(case, mode, arrays):
    names = {True: "batch first", False: "time first"}
    return [(names[first], lambda first=first: make(case, mode, arrays, first)) for first in names]


def make(case, mode, arrays, batch_first):
    layer = LAYERS[case.cell](case.input_size, case.hidden_size, batch_first=batch_first)
    set_parameters(layer, case, arrays)

    def arranged(array):
        array = array if batch_first else array.transpose(1, 0, 2)
        return torch.from_numpy(numpy.array(array, order="C"))

    def back(tensor):
        array = tensor.detach().numpy()
        return array if batch_first else array.transpose(1, 0, 2)

    inputs = arranged(arrays["inputs"])
    if mode == "infer":
        layer.eval()

        def infer():
            with torch.inference_mode():
                return layer(inputs)[0]

        return infer, lambda: [back(infer().clone())]

    grad_outputs = arranged(arrays["grad_outputs"])
    inputs.requires_grad_()

    def train():
        layer.zero_grad()
        inputs.grad = None
        outputs, _ = layer(inputs)
        outputs.backward(grad_outputs)
        return outputs

    def results():
        outputs = train()
        return [back(outputs), back(inputs.grad), *gradients(layer, case)]

    return train, results


def set_parameters(layer, case, arrays):
    order, hidden = ORDER[case.cell], case.hidden_size
    with torch.no_grad():
        for target, name in [
            (layer.weight_ih_l0, "input_weights"),
            (layer.weight_hh_l0, "recurrent_weights"),
            (layer.bias_ih_l0, "bias"),
        ]:
            target.copy_(torch.from_numpy(reorder(arrays[name], case, order)).T)
        layer.bias_hh_l0.zero_()
        if case.cell == "gru":
            layer.bias_hh_l0[2 * hidden :] = torch.from_numpy(arrays["recurrent_bias"])


def gradients(layer, case):
    order, hidden = inverse(ORDER[case.cell]), case.hidden_size
    of = [layer.weight_ih_l0, layer.weight_hh_l0, layer.bias_ih_l0]
    found = [reorder(tensor.grad.numpy().T, case, order) for tensor in of]
    if case.cell == "gru":
        found.append(layer.bias_hh_l0.grad.numpy()[2 * hidden :])
    return found


class Classifier(torch.nn.Module):
    """A layer whose last states a dense head reads."""

    def __init__(self, training):
        super().__init__()
        self.layer = LAYERS[training.cell](training.input_size, training.hidden_size, batch_first=True)
        self.head = torch.nn.Linear(training.hidden_size, training.classes)

    def forward(self, sequences):
        packed = torch.nn.utils.rnn.pack_sequence(sequences, enforce_sorted=False)
        state = self.layer(packed)[1]
        return self.head((state[0] if isinstance(state, tuple) else state)[0])


def fit(training, sequences):
    torch.manual_seed(1)
    start = time.perf_counter()
    steps = numpy.concatenate(sequences)
    mean, deviation = steps.mean(axis=0), steps.std(axis=0)
    inputs = [torch.from_numpy((sequence - mean) / deviation) for sequence in sequences]
    labels = torch.tensor(training.labels)
    net = Classifier(training)
    optimizer = torch.optim.AdamW(net.parameters(), lr=training.learning_rate)
    for _ in range(training.epochs):
        total = 0.0
        for rows in torch.randperm(len(inputs)).split(training.batch_size):
            optimizer.zero_grad()
            loss = torch.nn.functional.cross_entropy(net([inputs[row] for row in rows]), labels[rows])
            loss.backward()
            torch.nn.utils.clip_grad_norm_(net.parameters(), 1.0)
            optimizer.step()
            total += loss.item() * len(rows)
    return time.perf_counter() - start, total / len(inputs)
