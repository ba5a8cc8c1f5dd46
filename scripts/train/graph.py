"""A prepared ONNX network rebuilt in torch: trained here, its weights go back into the same graph.

Knows the operators of the networks that are distilled (Conv, Relu, Add, Gemm, BatchNormalization, Flatten, Reshape).
Prepared PRelus (Relu, a Conv by slope - 1, Add; src/vision/models/prelu.ts) run as one expression, whose slopes are
trained too.
"""

import numpy as np
import onnx
import torch
import torch.nn.functional as F
from onnx import numpy_helper

TINY = 1e-30


class Prelu(torch.autograd.Function):
    """n + rest Relu(n): a PRelu of -n with the slope 1 + rest and its sign turned; twice as fast as F.prelu, for it works
    on any layout of the memory."""

    @staticmethod
    def forward(ctx, n, rest):
        part = rest.view(1, -1, 1, 1)
        above = n.clamp(min=0)
        ctx.save_for_backward(above, part)
        ctx.shape = rest.shape
        return torch.addcmul(n, above, part)

    @staticmethod
    def backward(ctx, gradient):
        above, part = ctx.saved_tensors
        slope = (gradient * above).sum((0, 2, 3)).view(ctx.shape)
        return torch.addcmul(gradient, gradient * (above > 0), part), slope


class Graph:
    def __init__(self, path):
        self.model = onnx.load(path)
        self.weights = {
            tensor.name: torch.tensor(numpy_helper.to_array(tensor))
            for tensor in self.model.graph.initializer
        }
        self.input = self.model.graph.input[0].name
        self.output = self.model.graph.output[0].name
        self.frozen = set()

    def trainable(self, after=None, until=None):
        """Weights to train: those behind the node that gives `after`, up to the one that gives `until`."""
        nodes = list(self.model.graph.node)
        first = 0
        if after is not None:
            first = 1 + next(i for i, node in enumerate(nodes) if after in node.output)
            self.frozen = {output for node in nodes[:first] for output in node.output}
        last = len(nodes)
        if until is not None:
            last = 1 + next(i for i, node in enumerate(nodes) if until in node.output)
        names = [name for node in nodes[first:last] for name in node.input if self._is_trainable(name)]
        for name in names:
            self.weights[name].requires_grad_()
        return [self.weights[name] for name in dict.fromkeys(names)]

    def _is_trainable(self, name):
        weight = self.weights.get(name)
        fixed = name.endswith(("running_mean", "running_var"))
        return weight is not None and weight.dtype == torch.float32 and not fixed

    def __call__(self, x, until=None, since=None):
        """The network's output, or the value named `until` on the way; `x` is its input, or the value named `since`."""
        values = {since or self.input: x}
        nodes = list(self.model.graph.node)
        if since is not None:
            nodes = nodes[1 + next(i for i, node in enumerate(nodes) if since in node.output) :]
        for node in nodes:
            if node.output[0].endswith((".below", ".lift")):
                continue
            if node.output[0] in self.frozen:
                with torch.no_grad():
                    self._run(node, values)
            else:
                self._run(node, values)
            if until in node.output:
                return values[until]
        return values[self.output]

    def _run(self, node, values):
        attributes = {attribute.name: attribute for attribute in node.attribute}
        get = lambda index: values.get(node.input[index], self.weights.get(node.input[index]))
        x = get(0)
        if node.op_type == "Conv":
            y = F.conv2d(
                x,
                get(1),
                get(2) if len(node.input) > 2 else None,
                stride=tuple(attributes["strides"].ints),
                padding=attributes["pads"].ints[0],
                groups=attributes["group"].i,
            )
        elif node.op_type == "Relu":
            y = F.relu(x)
        elif node.op_type == "Add" and node.input[1].endswith(".lift"):
            y = Prelu.apply(x, self.weights[node.output[0] + ".rest"])
        elif node.op_type == "Add":
            y = x + get(1)
        elif node.op_type == "Gemm":
            y = F.linear(x, get(1), get(2))
        elif node.op_type == "BatchNormalization":
            y = F.batch_norm(x, get(3), get(4), get(1), get(2), eps=attributes["epsilon"].f)
        elif node.op_type in ("Flatten", "Reshape"):
            y = x.flatten(1)
        else:
            raise ValueError(f"no rule for the operator {node.op_type}")
        values[node.output[0]] = y

    def save(self, path):
        """Writes the graph with the weights as they are now; tiny ones become 0, for denormals cost time."""
        onnx.save(self.to_onnx(), path)

    def save_until(self, name, path):
        """Writes the part of the graph that ends with the value `name`, a batch of any size."""
        model = self.to_onnx()
        last = next(i for i, node in enumerate(model.graph.node) if name in node.output)
        del model.graph.node[last + 1 :]
        del model.graph.output[:]
        model.graph.output.append(onnx.helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, None))
        onnx.save(model, path)

    def to_onnx(self):
        model = onnx.ModelProto()
        model.CopyFrom(self.model)
        for tensor in model.graph.initializer:
            weight = self.weights[tensor.name].detach().numpy()
            if weight.dtype == np.float32:
                weight = np.where(np.abs(weight) < TINY, 0, weight).astype(np.float32)
            tensor.CopyFrom(numpy_helper.from_array(weight, tensor.name))
        return model
