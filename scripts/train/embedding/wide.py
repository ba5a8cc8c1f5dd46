"""A network made wider that gives the same, to begin a training with."""

import numpy as np
import onnx
from network import is_prelu
from onnx import numpy_helper

ASYMMETRY = 0.2  # of a weight, by which the two halves of a doubled channel begin to differ


def doubled(model, after, seed=1):
    """The same function by twice the channels between the 1x1 convolutions of every block behind the value `after`."""
    rng = np.random.default_rng(seed)
    wide = onnx.ModelProto()
    wide.CopyFrom(model)
    del wide.graph.value_info[:]
    nodes = list(wide.graph.node)
    tensors = {tensor.name: tensor for tensor in wide.graph.initializer}
    readers = lambda name: [node for node in nodes if name in node.input]
    first = 1 + next(i for i, node in enumerate(nodes) if after in node.output)
    twice = lambda name: put(tensors[name], np.concatenate([numpy_helper.to_array(tensors[name])] * 2))
    for middle in nodes[first:]:
        groups = next((a for a in middle.attribute if a.name == "group"), None)
        if middle.op_type != "Conv" or groups.i == 1 or numpy_helper.to_array(tensors[middle.input[1]]).shape[2] != 3:
            continue
        before = prelu_input(nodes, middle.input[0])
        expand = next(node for node in nodes if before in node.output)
        after_prelu = prelu_output(nodes, middle.output[0])
        project = readers(after_prelu)[0]
        for conv in (expand, middle):
            twice(conv.input[1]), twice(conv.input[2])
        for name in (middle.input[0], after_prelu):
            twice(name + ".rest")
            lift = next(node for node in nodes if name + ".lift" in node.output)
            next(a for a in lift.attribute if a.name == "group").i *= 2
        groups.i *= 2
        weight = numpy_helper.to_array(tensors[project.input[1]])
        apart = ASYMMETRY * weight * rng.standard_normal(weight.shape).astype(np.float32)
        put(tensors[project.input[1]], np.concatenate([weight / 2 + apart, weight / 2 - apart], 1))
    return wide


def put(tensor, value):
    tensor.CopyFrom(numpy_helper.from_array(np.ascontiguousarray(value), tensor.name))


def prelu_input(nodes, name):
    return next(node for node in nodes if name in node.output).input[0]


def prelu_output(nodes, name):
    return next(node.output[0] for node in nodes if is_prelu(node) and node.input[0] == name)
