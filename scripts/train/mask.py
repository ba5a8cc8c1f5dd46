"""Trains the network that tells whether a face is bare, wears a mask, or wears it wrong (nose out).

/usr/bin/python3 scripts/train/mask.py OUT.onnx --faces FILE... --crops FILE... --web FILE [--start FILE]

FACES (bare ones, masks are drawn over them), CROPS and WEB (real ones, in folders mask/ and bare/) come from faces.ts.
The first stage has drawn masks and CROPS; the second, short and gentle, adds WEB, masks that slip down to the tip of
the nose, and faces cut by the border of the picture. --start begins with the second stage, on what the first has
written to OUT.first. The same input gives the same network.
"""

import argparse
import time
from concurrent.futures import ThreadPoolExecutor

import cv2
import numpy as np
import onnx
import torch
import torch.nn.functional as F
from draw import draw_mask
from faces import move, read_faces, warp
from graph import Graph
from onnx import helper, numpy_helper
from torch import nn

CLASSES = ["bare", "worn", "incorrect"]
SIDE = 64
FACTOR = 1.1  # of the face box; as models/catalog.json tells the gate
TRUNK = "models/fr_landmark.onnx"
FEATURES = "364"
WEB_FOR_TRAINING = 300  # pictures of each kind, the first by number; the others are for the test
CANVAS = 112  # a face with room around to shift the view
WIDER = 1.6
BATCH = 64
RATE = 8e-4


class MaskNet:
    """The landmark network, which knows faces, taught colours and given another last layer.

    Its first layer takes grey = 0.299 red + 0.587 green + 0.114 blue; spread over three planes it gives the same to
    begin with.
    """

    def __init__(self):
        self.graph = Graph(TRUNK)
        first = self.graph.model.graph.node[0].input[1]
        luma = torch.tensor([0.299, 0.587, 0.114]).view(1, 3, 1, 1)
        self.graph.weights[first] = self.graph.weights[first] * luma
        self.head = nn.Linear(512, len(CLASSES))
        nn.init.normal_(self.head.weight, std=0.01)
        self.weights = [*self.graph.trainable(until=FEATURES), *self.head.parameters()]

    def __call__(self, x, dropout=0.0):
        return self.head(F.dropout(self.graph(x, until=FEATURES), dropout, training=dropout > 0))

    def load(self, path):
        """Takes the weights of a network saved before."""
        with torch.no_grad():
            for tensor in onnx.load(path).graph.initializer:
                value = torch.tensor(numpy_helper.to_array(tensor))
                if tensor.name in ("head.weight", "head.bias"):
                    getattr(self.head, tensor.name[5:]).copy_(value)
                elif value.dtype == torch.float32:
                    self.graph.weights[tensor.name].copy_(value)

    def save(self, path):
        model = self.graph.to_onnx()
        graph = model.graph
        last = next(i for i, node in enumerate(graph.node) if FEATURES in node.output)
        del graph.node[last + 1 :]
        graph.node.append(helper.make_node("Gemm", [FEATURES, "head.weight", "head.bias"], ["output"], transB=1))
        used = {name for node in graph.node for name in node.input}
        kept = [tensor for tensor in graph.initializer if tensor.name in used]
        del graph.initializer[:]
        graph.initializer.extend(kept)
        for name, value in (("head.weight", self.head.weight), ("head.bias", self.head.bias)):
            graph.initializer.append(numpy_helper.from_array(value.detach().numpy(), name))
        for values, name, shape in ((graph.input, "input", [1, 3, SIDE, SIDE]), (graph.output, "output", [1, len(CLASSES)])):
            del values[:]
            values.append(helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, shape))
        onnx.checker.check_model(model)
        onnx.save(model, path)


def canvas_of(face, factor=FACTOR * WIDER):
    """The square around the face box, and the landmarks in it."""
    picture = cv2.imread(face["path"])
    box = face["box"]
    side = max(box["width"], box["height"]) * factor
    scale = CANVAS / side
    x, y = box["x"] + box["width"] / 2 - side / 2, box["y"] + box["height"] / 2 - side / 2
    matrix = np.array([[scale, 0, -x * scale], [0, scale, -y * scale]])
    if scale < 0.7:
        picture = cv2.GaussianBlur(picture, (0, 0), 0.4 / scale)
    return warp(picture, matrix, CANVAS, CANVAS, cv2.BORDER_REPLICATE), move(matrix, face["points"])


def view_of(canvas, rng=None):
    """The network's view; with `rng` shifted, scaled and turned as detectors and heads do."""
    scale, angle, dx, dy = 1.0, 0.0, 0.0, 0.0
    if rng is not None:
        scale = np.exp(rng.normal(0, 0.1))
        angle = np.radians(rng.normal(0, 7))
        dx, dy = rng.normal(0, 0.05 * SIDE, 2)
    step = SIDE / CANVAS * WIDER * scale
    a, b = step * np.cos(angle), step * np.sin(angle)
    linear = np.array([[a, -b], [b, a]])
    offset = np.array([SIDE / 2 + dx, SIDE / 2 + dy]) - linear @ np.full(2, CANVAS / 2)
    return warp(canvas, np.hstack([linear, offset[:, None]]), SIDE, SIDE, cv2.BORDER_REPLICATE)


def disturb(view, rng, mirror=True):
    """Light, colour, blur, noise, compression and things before the face, as cameras at doors have them."""
    if mirror and rng.random() < 0.5:
        view = view[:, ::-1]
    view = view.astype(np.float32)
    if rng.random() < 0.12:
        view[:] = view.mean(2, keepdims=True)
    if rng.random() < 0.6:
        view *= rng.uniform(0.8, 1.2, 3)
    if rng.random() < 0.5:
        view = 255 * (np.clip(view, 0, 255) / 255) ** np.exp(rng.normal(0, 0.4))
    if rng.random() < 0.3:
        view = view * np.linspace(*rng.uniform(0.5, 1.4, 2), SIDE, dtype=np.float32)[None, :, None]
    if rng.random() < 0.3:
        small = int(rng.integers(20, SIDE))
        view = cv2.resize(cv2.resize(view, (small, small), interpolation=cv2.INTER_AREA), (SIDE, SIDE))
    elif rng.random() < 0.2:
        view = cv2.GaussianBlur(view, (0, 0), rng.uniform(0.4, 1.5))
    if rng.random() < 0.4:
        view = view + rng.normal(0, rng.uniform(1, 10), view.shape)
    if rng.random() < 0.15:  # a band over the eyes: sunglasses, a fringe, a cap
        y = int(rng.integers(0, SIDE // 3))
        view[y : y + int(rng.integers(4, 14))] = rng.uniform(0, 200, 3)
    view = np.clip(view, 0, 255).astype(np.uint8)
    if rng.random() < 0.3:
        _, coded = cv2.imencode(".jpg", view, [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(30, 90))])
        view = cv2.imdecode(coded, cv2.IMREAD_COLOR)
    return view


def as_input(views):
    """RGB, value / 256."""
    stack = np.stack(views)[..., ::-1].transpose(0, 3, 1, 2).astype(np.float32)
    return torch.from_numpy(stack / 256)


def cut(view, rng):
    """The border of the picture runs through the face: the network sees its last row or column repeated."""
    view = view.copy()
    if rng.random() < 0.3:
        row = int(rng.uniform(0.78, 1) * SIDE)
        view[row:] = view[row - 1]
    if rng.random() < 0.15:
        column = int(rng.uniform(0.75, 1) * SIDE)
        view[:, column:] = view[:, column - 1 : column]
    if rng.random() < 0.15:
        row = int(rng.uniform(0, 0.25) * SIDE)
        view[:row] = view[row]
    return view


class Data:
    def __init__(self, faces, crops, pool):
        self.faces = list(pool.map(canvas_of, faces))
        self.crops = [(canvas, label) for (canvas, _), label in zip(pool.map(canvas_of, crops), map(label_of, crops))]

    def __len__(self):
        return len(self.faces) + len(self.crops)

    def sample(self, index, seed, hard=False):
        rng = np.random.default_rng(seed)
        if index >= len(self.faces):
            canvas, label = self.crops[index - len(self.faces)]
        else:
            canvas, points = self.faces[index]
            label = int(rng.choice(3, p=[0.33, 0.3, 0.37]))
            texture = self.faces[rng.integers(len(self.faces))][0]
            if label > 0:
                lowest = 0.95 if hard else 0.6
                canvas = draw_mask(canvas, points, rng, worn=label == 1, texture=texture, lowest=lowest)
        view = view_of(canvas, rng)
        return disturb(cut(view, rng) if hard else view, rng), label


def label_of(face):
    return CLASSES.index("worn" if face["person"] == "mask" else face["person"])


def train(net, data, pool, epochs, rate, hard=False):
    optimiser = torch.optim.AdamW(net.weights, lr=rate, weight_decay=0.02)
    steps = epochs * (len(data) // BATCH)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, rate, steps, pct_start=0.15)
    order = np.random.default_rng(1)
    for epoch in range(epochs):
        begun, losses = time.time(), []
        indices = order.permutation(len(data))
        pending = [indices[i * BATCH : (i + 1) * BATCH] for i in range(len(data) // BATCH)]
        ahead = []
        for batch in pending:
            ahead.append([pool.submit(data.sample, int(i), [11 if hard else 3, epoch, int(i)], hard) for i in batch])
        for futures in ahead:
            samples = [future.result() for future in futures]
            labels = torch.tensor([label for _, label in samples])
            loss = F.cross_entropy(net(as_input([view for view, _ in samples]), dropout=0.2), labels, label_smoothing=0.05)
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            schedule.step()
            losses.append(loss.item())
        print(f"epoch {epoch + 1}: loss {np.mean(losses):.4f}, {time.time() - begun:.0f} s", flush=True)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("out")
    parser.add_argument("--faces", nargs="+", required=True)
    parser.add_argument("--crops", nargs="+", required=True)
    parser.add_argument("--web", required=True)
    parser.add_argument("--start", action="store_true")
    options = parser.parse_args()
    torch.manual_seed(1)
    torch.set_num_threads(1)
    torch.set_flush_denormal(True)
    cv2.setNumThreads(1)
    pool = ThreadPoolExecutor(2)
    faces, crops = ([face for path in paths for face in read_faces(path)] for paths in (options.faces, options.crops))
    net = MaskNet()
    first = options.out + ".first"
    if options.start:
        net.load(first)
    else:
        train(net, Data(faces, crops, pool), pool, 4, RATE)
        net.save(first)
    torch.manual_seed(2)
    web = [face for face in read_faces(options.web) if int(face["path"][-8:-4]) < WEB_FOR_TRAINING]
    data = Data(faces[::2], crops[::2] + web + web, pool)
    train(net, data, pool, 1, RATE / 2, hard=True)
    net.save(options.out)
    print(options.out)


if __name__ == "__main__":
    main()
