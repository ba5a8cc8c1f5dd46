"""Distils the embedding network into itself on faces with drawn masks.

/usr/bin/python3 scripts/train/embedding.py OUT.onnx --faces FILE... [--epochs N]

FILES come from faces.ts --embeddings. The target of every face is the stock network's embedding of the bare face, so
that the new network's embeddings lie in the same space. All of the network behind STEM_END learns; what lies before it
finds edges, masked or not, and is nearly half of the time. Faces are blended with one another as well, so that the
student sees more people than there are: the stock network then tells the target from the bare blend. OUT is written
after every epoch, with the last one as the best: the rate falls along a cosine. The same input gives the same network.

One core takes 2.9 s for 64 faces while the other is busy, 45 minutes for 7 epochs of 8,400; a second process draws
the masks, which takes a sixth of another core.
"""

import argparse
import math
import multiprocessing
import time

import cv2
import numpy as np
import torch
import torch.nn.functional as F
from draw import draw_mask
from faces import ARCFACE, SIDE, fit_similarity, five_of, move, read_faces, warp
from graph import Graph

TEACHER = "models/fr_feature.onnx"
STEM_END = "349"
MARGIN = 20
CANVAS = SIDE + 2 * MARGIN
BATCH = 64
RATE = 1e-3
WEIGHT_DECAY = 0.05
BARE_PART = 0.08
BLENDS = 20  # of each batch; always as many, for torch prepares itself anew for every shape
CONTRAST_WEIGHT = 0.1
CONTRAST_SCALE = 16.0
ALIKE = 0.45  # cosine of two bare faces that may be one person's
AHEAD = 12  # batches drawn in advance


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("out")
    parser.add_argument("--faces", nargs="+", required=True)
    parser.add_argument("--epochs", type=int, default=7)
    options = parser.parse_args()
    torch.set_num_threads(1)
    torch.set_flush_denormal(True)
    cv2.setNumThreads(1)
    faces = [face for path in options.faces for face in read_faces(path)]
    people = sorted({face["person"] for face in faces})
    aside = {person for index, person in enumerate(people) if index % 12 == 0}  # never trained on
    own = [face for face in faces if face["person"] not in aside]
    held = [face for face in faces if face["person"] in aside]
    print(f"{len(own)} faces, {len(held)} kept aside", flush=True)
    batches = multiprocessing.Queue(AHEAD)
    multiprocessing.Process(target=draw_batches, args=(own, options.epochs, batches), daemon=True).start()
    train(own, Held(held), options, batches)


def draw_batches(faces, epochs, queue):
    """Puts every epoch's batches: the views (N x 3 x H x W), the first ones, blends, bare, and which faces they show."""
    cuts = [canvas_of(face) for face in faces]
    order = np.random.default_rng(1)
    for epoch in range(epochs):
        indices = order.permutation(len(cuts))
        for start in range(0, len(cuts) - BATCH + 1, BATCH):
            batch = indices[start : start + BATCH]
            samples = [sample(cuts, int(i), [7, epoch, int(i)], place < BLENDS) for place, i in enumerate(batch)]
            views = as_input([view for view, _ in samples])
            queue.put((views, as_input([bare for _, bare in samples[:BLENDS]]), batch))


def as_input(views):
    stack = np.stack(views).transpose(0, 3, 1, 2)
    return (stack.astype(np.float32) - 127.5) / 128


def sample(cuts, index, seed, blend):
    """A view of a face as a masked probe (now and then a bare one) would be aligned; and the bare face."""
    rng = np.random.default_rng(seed)
    picture, points = cuts[index]
    if blend:
        other, others = cuts[rng.integers(len(cuts))]
        part = rng.uniform(0.3, 0.5)
        picture = cv2.addWeighted(picture, 1 - part, other, part, 0)
        points = (1 - part) * points + part * others
    bare = picture[MARGIN:-MARGIN, MARGIN:-MARGIN]
    if rng.random() >= BARE_PART:
        texture = cuts[rng.integers(len(cuts))][0]
        picture = draw_mask(picture, points, rng, worn=rng.random() < 0.9, texture=texture)
    view = photo_noise(warp(picture, jitter(rng), SIDE, SIDE), rng)
    return (view[:, ::-1] if rng.random() < 0.5 else view), bare


def canvas_of(face):
    picture = cv2.imread(face["path"])
    matrix = fit_similarity(five_of(face["points"]), ARCFACE + MARGIN)
    scale = math.hypot(matrix[0, 0], matrix[1, 0])
    if scale < 0.6:  # average before interpolating
        picture = cv2.GaussianBlur(picture, (0, 0), 0.4 / scale)
    return warp(picture, matrix, CANVAS, CANVAS), move(matrix, face["points"])


def jitter(rng):
    """From the canvas to the network's input, with an alignment as far off as landmarks under a mask are."""
    far = 1.0 if rng.random() < 0.8 else 2.0
    angle = math.radians(rng.normal(0, 2.0 * far))
    scale = math.exp(rng.normal(0, 0.03 * far))
    dx, dy = rng.normal(0, 1.2 * far), rng.normal(0, 1.8 * far)
    a, b = scale * math.cos(angle), scale * math.sin(angle)
    centre = CANVAS / 2
    linear = np.array([[a, -b], [b, a]])
    offset = np.array([SIDE / 2 + dx, SIDE / 2 + dy]) - linear @ np.array([centre, centre])
    return np.hstack([linear, offset[:, None]])


def photo_noise(view, rng):
    if rng.random() < 0.25:
        view = cv2.GaussianBlur(view, (0, 0), rng.uniform(0.4, 1.2))
    if rng.random() < 0.4:
        gain, bias = rng.uniform(0.75, 1.25), rng.uniform(-20, 20)
        view = np.clip(view * gain + bias, 0, 255).astype(np.uint8)
    return view


def train(faces, held, options, batches):
    teacher = Graph(TEACHER)
    student = Graph(TEACHER)
    weights = student.trainable(after=STEM_END)
    optimiser = torch.optim.AdamW(weights, lr=RATE, weight_decay=WEIGHT_DECAY)
    bare = F.normalize(torch.tensor([face["embedding"] for face in faces]))
    alike = dot(bare, bare) > ALIKE
    targets = F.normalize(dot(alike.float(), bare.T.contiguous()))  # of several pictures of a person the mean
    print(f"before: {held.measure(student)}", flush=True)
    of_epoch = len(faces) // BATCH
    steps = (options.epochs + 1) * of_epoch  # the last rate is a twenty-fifth of the highest, not nothing
    for epoch in range(options.epochs):
        begun, total = time.time(), 0.0
        for step in range(epoch * of_epoch, (epoch + 1) * of_epoch):
            views, blends, indices = batches.get()
            wanted = targets[indices]
            with torch.no_grad():
                wanted[:BLENDS] = embed(teacher, blends)
            near, contrast = losses(embed(student, views), wanted, bare)
            optimiser.param_groups[0]["lr"] = RATE * min(1, (step + 1) / 50) * 0.5 * (1 + math.cos(math.pi * step / steps))
            optimiser.zero_grad()
            (near + CONTRAST_WEIGHT * contrast).backward()
            optimiser.step()
            total += near.item()
            if step % 20 == 19:
                print(f"step {step + 1} of {steps}: {near.item():.4f}, {time.time() - begun:.0f} s", flush=True)
        student.save(options.out)
        print(f"epoch {epoch + 1}: 1 - cosine {total / of_epoch:.4f}, {time.time() - begun:.0f} s; {held.measure(student)}", flush=True)
    print(options.out)


def embed(network, views):
    x = torch.from_numpy(views).contiguous(memory_format=torch.channels_last)
    return F.normalize(network(x))


def losses(embeddings, wanted, bare):
    """Distance from the targets, and how far other people's embeddings stay away; means over the faces."""
    near = (1 - (embeddings * wanted).sum(1)).mean()
    others = dot(embeddings, bare).masked_fill(dot(wanted, bare) > ALIKE, -10)
    logits = CONTRAST_SCALE * torch.cat([(embeddings * wanted).sum(1, keepdim=True), others], 1)
    return near, F.cross_entropy(logits, torch.zeros(len(logits), dtype=torch.long))


def dot(ones, others):
    """ones @ others.T; as a convolution, for the matrix product of Debian's torch is twenty times slower."""
    return F.conv2d(ones[:, :, None, None], others[:, :, None, None])[:, :, 0, 0]


class Held:
    """Faces kept aside: masked as in the training, compared with other pictures of the same people and of others."""

    def __init__(self, faces):
        cuts = [canvas_of(face) for face in faces]
        views = []
        for index, (picture, points) in enumerate(cuts):
            rng = np.random.default_rng([9, index])
            masked = draw_mask(picture, points, rng, texture=cuts[rng.integers(len(cuts))][0])
            views.append(warp(masked, jitter(rng), SIDE, SIDE))
        self.views = as_input(views)
        self.bare = F.normalize(torch.tensor([face["embedding"] for face in faces]))
        names = np.array([face["person"] for face in faces])
        same = names[:, None] == names[None]
        self.genuine = torch.from_numpy(same & ~np.eye(len(names), dtype=bool))
        self.impostor = torch.from_numpy(~same)

    def measure(self, network):
        with torch.no_grad():
            found = torch.cat([embed(network, self.views[i : i + BATCH]) for i in range(0, len(self.views), BATCH)])
        near = (1 - (found * self.bare).sum(1)).mean().item()
        scores = dot(found, self.bare)
        impostors = scores[self.impostor].sort().values
        threshold = impostors[int(0.999 * len(impostors))].item()
        missed = (scores[self.genuine] < threshold).float().mean().item()
        return f"kept aside 1 - cosine {near:.4f}, {100 * missed:.1f} % missed at FMR 1e-3 (threshold {threshold:.3f})"


if __name__ == "__main__":
    main()
