"""Distils the end of the embedding network into itself on faces with drawn masks.

/usr/bin/python3 scripts/train/embedding.py views FACES FOLDER [--copies N]
npx tsx scripts/train/features.ts FOLDER
/usr/bin/python3 scripts/train/embedding.py tail FACES FOLDER OUT.onnx [--epochs N]

FACES comes from faces.ts --embeddings. The target of every face is the stock network's embedding of the bare face, so
that the new network's embeddings lie in the same space. `views` draws the masked faces and writes the trunk (the
network up to TRUNK_END); features.ts runs it, which ONNX Runtime does four times as fast as torch; `tail` trains the
layers behind. The same input gives the same network.
"""

import argparse
import math
import os
import time
from concurrent.futures import ThreadPoolExecutor

import cv2
import numpy as np
import torch
import torch.nn.functional as F
from draw import draw_mask
from faces import ARCFACE, SIDE, fit_similarity, five_of, move, read_faces, warp
from graph import Graph

TEACHER = "models/fr_feature.onnx"
# Behind it lie the last two blocks at 7 x 7, where the network weighs the parts of the face against one another, and
# the embedding itself: 0.5 of 1.2 million weights and a twentieth of the arithmetic.
TRUNK_END = "638"
MARGIN = 20
CANVAS = SIDE + 2 * MARGIN
BATCH = 64
RATE = 1e-3
BARE_PART = 0.12
CONTRAST_WEIGHT = 0.1
CONTRAST_SCALE = 16.0


def main():
    parser = argparse.ArgumentParser()
    commands = parser.add_subparsers(dest="command", required=True)
    views = commands.add_parser("views")
    tail = commands.add_parser("tail")
    for command in (views, tail):
        command.add_argument("faces")
        command.add_argument("folder")
    views.add_argument("--copies", type=int, default=3)
    tail.add_argument("out")
    tail.add_argument("--epochs", type=int, default=8)
    options = parser.parse_args()
    torch.set_num_threads(1)
    cv2.setNumThreads(1)
    torch.manual_seed(1)
    faces = read_faces(options.faces)
    if options.command == "views":
        write_views(faces, options.folder, options.copies)
    else:
        torch.set_flush_denormal(True)
        train(faces, options)


def write_views(faces, folder, copies):
    """`copies` views of each face, one after the other, as bytes; and the trunk to run over them."""
    os.makedirs(folder, exist_ok=True)
    Graph(TEACHER).save_until(TRUNK_END, os.path.join(folder, "trunk.onnx"))
    with ThreadPoolExecutor(2) as pool:
        cuts = list(pool.map(canvas_of, faces))
        with open(os.path.join(folder, "views.bin"), "wb") as out:
            for copy in range(copies):
                tasks = [(cuts, index, [7, copy, index]) for index in range(len(cuts))]
                for view in pool.map(lambda task: sample(*task), tasks):
                    out.write(view.tobytes())
                print(f"{copy + 1} of {copies} views a face", flush=True)


def sample(cuts, index, seed):
    """A view of a face as a masked probe (now and then a bare one) would be aligned."""
    rng = np.random.default_rng(seed)
    picture, points = cuts[index]
    if rng.random() >= BARE_PART:
        texture = cuts[rng.integers(len(cuts))][0]
        picture = draw_mask(picture, points, rng, worn=rng.random() < 0.88, texture=texture)
    view = photo_noise(warp(picture, jitter(rng), SIDE, SIDE), rng)
    return np.ascontiguousarray(view[:, ::-1] if rng.random() < 0.5 else view)


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


def train(faces, options):
    student = Graph(TEACHER)
    weights = student.trainable(after=TRUNK_END)
    features = np.fromfile(os.path.join(options.folder, "features.bin"), np.float16).reshape(-1, len(faces), 128, 7, 7)
    copies, size = features.shape[:2]
    targets = F.normalize(torch.tensor([face["embedding"] for face in faces]))
    names = sorted({face["person"] for face in faces})
    people = torch.tensor([names.index(face["person"]) for face in faces])
    held = torch.arange(size) % 20 == 0  # shown at the end of each epoch, never trained on
    own = [index for index in range(size) if not held[index]]
    steps = options.epochs * copies * len(own) // BATCH
    optimiser = torch.optim.AdamW(weights, lr=RATE, weight_decay=0.02)
    order = np.random.default_rng(1)
    step = 0
    for epoch in range(options.epochs):
        begun, total = time.time(), 0.0
        seen = order.permutation([(copy, index) for copy in range(copies) for index in own])
        for start in range(0, len(seen) - BATCH + 1, BATCH):
            batch = seen[start : start + BATCH]
            indices = torch.as_tensor(batch[:, 1])
            x = torch.from_numpy(features[batch[:, 0], batch[:, 1]].astype(np.float32))
            embeddings = F.normalize(student(x, since=TRUNK_END))
            near, contrast = losses(embeddings, indices, targets, people)
            done = min(1.0, step / steps)
            optimiser.param_groups[0]["lr"] = RATE * min(1, (step + 1) / 50) * 0.5 * (1 + math.cos(math.pi * done))
            optimiser.zero_grad()
            (near + CONTRAST_WEIGHT * contrast).backward()
            optimiser.step()
            total, step = total + near.item(), step + 1
        with torch.no_grad():
            x = torch.from_numpy(features[0, held.numpy()].astype(np.float32))
            kept = 1 - (F.normalize(student(x, since=TRUNK_END)) * targets[held]).sum(1).mean().item()
        mean = total / (len(seen) // BATCH)
        print(f"epoch {epoch + 1}: 1 - cosine {mean:.4f}, faces kept aside {kept:.4f}, {time.time() - begun:.0f} s", flush=True)
        student.save(options.out)
    print(options.out)


def losses(embeddings, indices, targets, people):
    """Distance from the targets, and how far other people's targets stay away; means over the faces."""
    near = (1 - (embeddings * targets[indices]).sum(1)).mean()
    logits = CONTRAST_SCALE * embeddings @ targets.T
    own = F.one_hot(indices, len(targets)).bool()
    same = people[indices][:, None] == people[None]
    return near, F.cross_entropy(logits.masked_fill(same & ~own, -1e4), indices)


if __name__ == "__main__":
    main()
