"""ONNX Runtime: the operators RNN, LSTM and GRU. It runs models; it does not train them.

Inputs are time first, the only layout that the operators have on a CPU.
"""

import numpy
import onnxruntime
from contender import Unsupported, reorder
from onnx import TensorProto, helper, numpy_helper

OPERATORS = {"simple": "RNN", "lstm": "LSTM", "gru": "GRU"}
# ONNX's gates are i o f g, and z r n.
ORDER = {"simple": [0], "lstm": [0, 2, 1, 3], "gru": [1, 0, 2]}
THREADS = 1


def version():
    return f"ONNX Runtime {onnxruntime.__version__}"


def use_threads(threads):
    global THREADS
    THREADS = threads


def ways(case, mode, arrays):
    if mode == "train":
        raise Unsupported("ONNX Runtime does not train")
    return [("time first", lambda: make(case, arrays))]


def make(case, arrays):
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = THREADS
    session = onnxruntime.InferenceSession(
        model(case, arrays).SerializeToString(), options, providers=["CPUExecutionProvider"]
    )
    feed = {"X": numpy.ascontiguousarray(arrays["inputs"].transpose(1, 0, 2))}

    def infer():
        return session.run(None, feed)[0]

    return infer, lambda: [infer()[:, 0].transpose(1, 0, 2)]


def model(case, arrays):
    order, hidden = ORDER[case.cell], case.hidden_size
    rows = {name: reorder(arrays[name], case, order).T for name in ("input_weights", "recurrent_weights")}
    bias = reorder(arrays["bias"], case, order)
    second = numpy.zeros_like(bias)
    attributes = {"hidden_size": hidden}
    if case.cell == "gru":
        second[2 * hidden :] = arrays["recurrent_bias"]
        attributes["linear_before_reset"] = 1
    constants = {
        "W": rows["input_weights"][None],
        "R": rows["recurrent_weights"][None],
        "B": numpy.concatenate([bias, second])[None],
    }
    node = helper.make_node(OPERATORS[case.cell], ["X", "W", "R", "B"], ["Y"], **attributes)
    shape = [case.seq_len, case.batch_size, case.input_size]
    outputs = [case.seq_len, 1, case.batch_size, hidden]
    graph = helper.make_graph(
        [node],
        "layer",
        [helper.make_tensor_value_info("X", TensorProto.FLOAT, shape)],
        [helper.make_tensor_value_info("Y", TensorProto.FLOAT, outputs)],
        [
            numpy_helper.from_array(numpy.ascontiguousarray(value), name)
            for name, value in constants.items()
        ],
    )
    # The operators have not changed since opset 14; IR 9 is read by every runtime of these years.
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
