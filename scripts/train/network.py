"""A prepared ONNX network rebuilt in torch, on any device: trained there, its weights go back into the same graph.

Knows the operators of the networks that are distilled (Conv, Relu, Add, Gemm, BatchNormalization, Flatten, Reshape).
Prepared PRelus (Relu, a Conv by slope - 1, Add; src/vision/models/prelu.ts) run as one expression, whose slopes are
trained too.
"""

import os

import numpy as np
import onnx
import torch
import torch.nn.functional as F
from onnx import numpy_helper

TINY = 1e-30


class Network:
    """`model`: a file or an onnx.ModelProto. `layout`: how the memory of its convolutions' weights lies."""

    def __init__(self, model, device="cpu", layout=torch.contiguous_format):
        self.model = onnx.load(model) if isinstance(model, str) else model
        tensors = {t.name: torch.tensor(numpy_helper.to_array(t)) for t in self.model.graph.initializer}
        self.weights = {
            name: t.to(device, memory_format=layout) if t.dim() == 4 else t.to(device) for name, t in tensors.items()
        }
        self.input = self.model.graph.input[0].name
        self.output = self.model.graph.output[0].name
        self.nodes = [node for node in self.model.graph.node if not node.output[0].endswith((".below", ".lift"))]
        self.rules = [self._rule(node) for node in self.nodes]

    def __call__(self, x, until=None, since=None):
        """The network's output, or the value named `until` on the way; `x` is its input, or the value named `since`."""
        values = {since or self.input: x}
        until = until or self.output
        for node, rule in zip(self.nodes[self._behind(since) :], self.rules[self._behind(since) :]):
            values[node.output[0]] = rule(values)
            if node.output[0] == until:
                return values[until]
        raise ValueError(f"no value {until}")

    def _behind(self, name):
        """Index of the first node behind the value `name`; of the first of all for None."""
        return 0 if name is None else 1 + next(i for i, node in enumerate(self.nodes) if name in node.output)

    def trainable(self, after=None, until=None):
        """Weights to train by name: those of the nodes behind the value `after`, up to the one that gives `until`."""
        last = len(self.nodes) if until is None else self._behind(until)
        names = [name for node in self.nodes[self._behind(after) : last] for name in self._weights_of(node)]
        for name in names:
            self.weights[name].requires_grad_()
        return {name: self.weights[name] for name in names}

    def _weights_of(self, node):
        if is_prelu(node):
            return [slopes_of(node)]
        fixed = ("running_mean", "running_var")
        own = [name for name in node.input if name in self.weights and not name.endswith(fixed)]
        return [name for name in own if self.weights[name].dtype == torch.float32]

    def _rule(self, node):
        """What a node makes of the values before it; weights are looked up each time, for they are trained."""
        attributes = {attribute.name: attribute for attribute in node.attribute}
        names, weights = list(node.input), self.weights
        if node.op_type == "Conv":
            stride, pad = tuple(attributes["strides"].ints), attributes["pads"].ints[0]
            groups, bias = attributes["group"].i, names[2] if len(names) > 2 else None
            return lambda v: F.conv2d(v[names[0]], weights[names[1]], weights.get(bias), stride, pad, 1, groups)
        if node.op_type == "Relu":
            return lambda v: F.relu(v[names[0]])
        if is_prelu(node):
            slopes = slopes_of(node)
            return lambda v: v[names[0]] + weights[slopes].view(1, -1, 1, 1) * F.relu(v[names[0]])
        if node.op_type == "Add":
            return lambda v: v[names[0]] + v[names[1]]
        if node.op_type == "Gemm":
            return lambda v: F.linear(v[names[0]], weights[names[1]], weights[names[2]])
        if node.op_type == "BatchNormalization":
            epsilon = attributes["epsilon"].f
            return lambda v: F.batch_norm(v[names[0]], *(weights[names[i]] for i in (3, 4, 1, 2)), eps=epsilon)
        if node.op_type in ("Flatten", "Reshape"):
            return lambda v: v[names[0]].flatten(1)
        raise ValueError(f"no rule for the operator {node.op_type}")

    def to_onnx(self):
        """The model with the weights as they are now."""
        model = onnx.ModelProto()
        model.CopyFrom(self.model)
        for tensor in model.graph.initializer:
            tensor.CopyFrom(as_constant(self.weights[tensor.name], tensor.name))
        return model


def is_prelu(node):
    return node.op_type == "Add" and node.input[1].endswith(".lift")


def slopes_of(node):
    """The slopes - 1 of a prepared PRelu, by the node that ends it."""
    return node.output[0] + ".rest"


def as_constant(weight, name):
    """A weight for an ONNX file; tiny ones become 0, for denormals cost time."""
    value = np.ascontiguousarray(weight.detach().cpu().numpy())
    if value.dtype == np.float32:
        value = np.where(np.abs(value) < TINY, 0, value).astype(np.float32)
    return numpy_helper.from_array(value, name)


def write(model, path):
    """Writes a model that is sound; an older file is there until the new one is whole."""
    onnx.checker.check_model(model)
    onnx.save(model, path + ".new")
    os.replace(path + ".new", path)
