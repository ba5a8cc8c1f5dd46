"""A narrower landmark network cut out of the stock one: hidden channels left out.

Hidden channels are those between a convolution and the one that gathers them after a depthwise one; they are numbered
in the order of the graph (14 groups). What is left keeps its weights and names, and the last BatchNormalization goes
into the layer before it.
"""

import numpy as np
import onnx
from onnx import numpy_helper

# How many channels of each group stay.
WIDTHS = {0: 16, 1: 48, 2: 32, 3: 32, 4: 32, 5: 96, 6: 64, 7: 64, 8: 64, 9: 64, 10: 192, 11: 96, 12: 96, 13: 256}


def hidden_groups(model):
    """For each group of hidden channels: the convolution that makes them, the depthwise one and what gathers them."""
    nodes = list(model.graph.node)
    weights = {tensor.name: list(tensor.dims) for tensor in model.graph.initializer}
    layers = [node for node in nodes if node.op_type in ("Conv", "Gemm")]
    return [
        (layers[i - 1], layer, layers[i + 1])
        for i, layer in enumerate(layers)
        if layer.op_type == "Conv" and weights[layer.input[1]][1] == 1 and i > 0
    ]


def shrunk(model, worth):
    """The model with WIDTHS channels in its groups: those of most `worth` (group: one figure a channel)."""
    small = onnx.ModelProto()
    small.CopyFrom(model)
    weights = {tensor.name: numpy_helper.to_array(tensor) for tensor in small.graph.initializer}
    groups = hidden_groups(small)
    for group, width in WIDTHS.items():
        keep_channels(weights, groups[group], np.sort(np.argsort(-worth[group])[:width]))
    fold_normalization(small.graph, weights)
    for node in small.graph.node:
        if node.op_type == "Conv":
            set_group(node, weights[node.input[1]])
    used = dict.fromkeys(name for node in small.graph.node for name in node.input if name in weights)
    del small.graph.initializer[:]
    for name in used:
        small.graph.initializer.append(numpy_helper.from_array(np.ascontiguousarray(weights[name]), name))
    onnx.checker.check_model(small)
    return small


def keep_channels(weights, layers, kept):
    maker, depthwise, gatherer = layers
    for layer in (maker, depthwise):
        for name in layer.input[1:]:
            weights[name] = weights[name][kept]
    weights[gatherer.input[1]] = weights[gatherer.input[1]][:, kept]


def set_group(node, weight):
    """Depthwise convolutions have one group a channel; the first layer looks at one plane, too."""
    for attribute in node.attribute:
        if attribute.name == "group" and attribute.i > 1:
            attribute.i = weight.shape[0]


def fold_normalization(graph, weights):
    """The last BatchNormalization goes into the Gemm before it."""
    gemm, norm = graph.node[-2], graph.node[-1]
    gain, bias, mean, variance = (weights[name].astype(np.float64) for name in norm.input[1:])
    epsilon = next(attribute.f for attribute in norm.attribute if attribute.name == "epsilon")
    scale = gain / np.sqrt(variance + epsilon)
    weights[gemm.input[1]] = (weights[gemm.input[1]] * scale[:, None]).astype(np.float32)
    weights[gemm.input[2]] = ((weights[gemm.input[2]] - mean) * scale + bias).astype(np.float32)
    gemm.output[0] = norm.output[0]
    del graph.node[-1]
