"""The networks that tell masks: the small one that the gate runs, and the larger one that teaches it."""

import onnx
import torch
import torch.nn.functional as F
from network import Network, as_constant, write
from onnx import helper
from training import Learner, young

CLASSES = ["bare", "worn", "incorrect"]
SMALL, LARGE = "models/fr_landmark.onnx", "models/fr_feature.onnx"
FEATURES, LAST = "364", "484"  # of the small one: the value before its last layer, and the convolution over its whole map
EMBEDDING = "665"  # of the large one: the value before it is flattened
WIDTH = 512  # of both values
SIDE, FACTOR = 80, 1.3  # what the small one sees: pixels, face boxes; as models/catalog.json tells the gate
DECAY, MEMORY, LARGEST_GRADIENT = 0.02, 0.998, 5.0
DOUBT = 0.5  # taken from the logit of `incorrect`


class Net:
    """A prepared network's trunk and another last layer, learning; `rate` is the highest of its schedule."""

    def __init__(self, network, until, rate, device, seed):
        self.network, self.until, self.rate = network, until, rate
        generator = torch.Generator().manual_seed(seed)
        self.head = [
            (0.01 * torch.randn(len(CLASSES), WIDTH, generator=generator)).to(device).requires_grad_(),
            torch.zeros(len(CLASSES), device=device, requires_grad=True),
        ]
        trunk = list(network.trainable(until=until).values())
        groups = [{"params": trunk, "share": 1.0}, {"params": self.head, "share": 2.0}]
        self.learner = Learner(groups, DECAY, young(MEMORY), LARGEST_GRADIENT)

    def logits(self, x, dropout=0.0):
        features = self.network(x, until=self.until).flatten(1)
        return F.linear(F.dropout(features, dropout, training=dropout > 0), *self.head)


class Student(Net):
    """The landmark network, which knows faces, taught colours and given another last layer.

    Its first layer takes grey = 0.299 red + 0.587 green + 0.114 blue; spread over three planes it gives the same to
    begin with. The convolution over the whole map of 4 x 4 is stretched over that of 5 x 5.
    """

    def __init__(self, rate, device):
        network = Network(SMALL, device)
        first = network.nodes[0].input[1]
        luma = torch.tensor([0.299, 0.587, 0.114], device=device).view(1, 3, 1, 1)
        network.weights[first] = network.weights[first] * luma
        last = next(node for node in network.nodes if LAST in node.output)
        kernel, side = network.weights[last.input[1]], SIDE // 16
        stretched = F.interpolate(kernel, (side, side), mode="bilinear", align_corners=False)
        network.weights[last.input[1]] = stretched * (kernel.shape[2] / side) ** 2
        super().__init__(network, FEATURES, rate, device, seed=1)

    def see(self, views):
        return views.at(SIDE, FACTOR) / 256

    def save(self, path):
        """Writes the averaged network, which calls fewer faces `incorrect` than it learned to, by DOUBT: in the training
        a third of the faces are so, nearly all of them drawn. 1.0 is best on either half of the test pictures, by the
        states their folders name, but misses a fifth of the noses out drawn on other photographs; 0.5 misses few."""
        with self.learner.averaged():
            write(self._to_onnx(), path)

    def _to_onnx(self):
        model = onnx.ModelProto()
        model.CopyFrom(self.network.model)
        graph = model.graph
        last = next(i for i, node in enumerate(graph.node) if FEATURES in node.output)
        del graph.node[last + 1 :], graph.initializer[:], graph.value_info[:]
        for node in graph.node:
            if LAST in node.output:
                shape = next(attribute for attribute in node.attribute if attribute.name == "kernel_shape")
                del shape.ints[:]
                shape.ints.extend([SIDE // 16] * 2)
        graph.node.append(helper.make_node("Gemm", [FEATURES, "head.weight", "head.bias"], ["output"], transB=1))
        weight, bias = self.head
        doubt = torch.tensor([0.0, 0.0, DOUBT], device=bias.device)
        weights = {**self.network.weights, "head.weight": weight, "head.bias": bias - doubt}
        used = {name for node in graph.node for name in node.input}
        graph.initializer.extend(as_constant(value, name) for name, value in weights.items() if name in used)
        shapes = ((graph.input, "input", [1, 3, SIDE, SIDE]), (graph.output, "output", [1, len(CLASSES)]))
        for entries, name, shape in shapes:
            del entries[:]
            entries.append(helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, shape))
        return model


class Teacher(Net):
    """The embedding network, which knows faces well, with a last layer of its own; sees `factor` times the box."""

    def __init__(self, factor, rate, device, seed):
        self.factor = factor
        super().__init__(Network(LARGE, device), EMBEDDING, rate, device, seed)

    def see(self, views):
        return (views.at(112, self.factor).flip(1) - 127.5) / 128
