"""Distils the landmark network into itself on faces with drawn masks.

/usr/bin/python3 scripts/train/landmarks.py FACES OUT.onnx [--epochs N]

FACES comes from faces.ts: the points the stock network finds on the bare face are the target for the masked one. The
same input gives the same network.
"""

import argparse
import time
from concurrent.futures import ThreadPoolExecutor

import cv2
import numpy as np
import torch
from draw import draw_mask
from faces import five_of, move, read_faces, warp
from graph import Graph
from mask import CANVAS, WIDER, canvas_of, disturb

TEACHER = "models/fr_landmark.onnx"
SIDE = 64
BATCH = 64
RATE = 1e-3
BARE_PART = 0.1


def view_of(canvas, points, rng):
    """The network's view, shifted and scaled as the detector's box is on a masked face, and the points in it, 0..1."""
    step = SIDE / CANVAS * WIDER * np.exp(rng.normal(0, 0.07))
    angle = np.radians(rng.normal(0, 5))
    a, b = step * np.cos(angle), step * np.sin(angle)
    linear = np.array([[a, -b], [b, a]])
    offset = np.array([SIDE / 2, SIDE / 2]) + rng.normal(0, 0.04 * SIDE, 2) - linear @ np.full(2, CANVAS / 2)
    matrix = np.hstack([linear, offset[:, None]])
    return warp(canvas, matrix, SIDE, SIDE, cv2.BORDER_REPLICATE), move(matrix, points) / SIDE


class Data:
    def __init__(self, faces, pool):
        self.faces = list(pool.map(lambda face: canvas_of(face, WIDER), faces))

    def sample(self, index, seed):
        rng = np.random.default_rng(seed)
        canvas, points = self.faces[index]
        if rng.random() >= BARE_PART:
            texture = self.faces[rng.integers(len(self.faces))][0]
            canvas = draw_mask(canvas, points, rng, worn=rng.random() < 0.85, texture=texture)
        view, target = view_of(canvas, points, rng)
        if rng.random() < 0.5:
            view, target = view[:, ::-1], mirror(target)
        return grey(disturb(view, rng, mirror=False)), target


# Which point of the mirror image each of the 68 is.
MIRROR = [*range(16, -1, -1), *range(26, 16, -1), 27, 28, 29, 30, 35, 34, 33, 32, 31, 45, 44, 43, 42, 47, 46, 39, 38, 37,
          36, 41, 40, 54, 53, 52, 51, 50, 49, 48, 59, 58, 57, 56, 55, 64, 63, 62, 61, 60, 67, 66, 65]


def mirror(points):
    flipped = points[MIRROR].copy()
    flipped[:, 0] = 1 - flipped[:, 0]
    return flipped


def grey(view):
    return cv2.cvtColor(np.ascontiguousarray(view), cv2.COLOR_BGR2GRAY).astype(np.float32)[None] / 256


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("faces")
    parser.add_argument("out")
    parser.add_argument("--epochs", type=int, default=10)
    options = parser.parse_args()
    torch.set_num_threads(1)
    torch.set_flush_denormal(True)
    cv2.setNumThreads(1)
    pool = ThreadPoolExecutor(2)
    data = Data(read_faces(options.faces), pool)
    student = Graph(TEACHER)
    weights = student.trainable()
    optimiser = torch.optim.AdamW(weights, lr=RATE, weight_decay=0.0)
    size = len(data.faces)
    steps = options.epochs * (size // BATCH)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, RATE, steps, pct_start=0.1)
    to_five = torch.tensor(five_of(np.eye(68)), dtype=torch.float32)
    order = np.random.default_rng(1)
    for epoch in range(options.epochs):
        begun, errors = time.time(), []
        indices = order.permutation(size)
        ahead = [
            [pool.submit(data.sample, int(i), [5, epoch, int(i)]) for i in indices[n * BATCH : (n + 1) * BATCH]]
            for n in range(size // BATCH)
        ]
        for futures in ahead:
            samples = [future.result() for future in futures]
            target = torch.tensor(np.stack([points for _, points in samples]), dtype=torch.float32)
            found = student(torch.from_numpy(np.stack([view for view, _ in samples]))).view(-1, 68, 2)
            far = (found - target).pow(2).sum(2).add(1e-8).sqrt()
            five = (to_five @ (found - target)).pow(2).sum(2).add(1e-8).sqrt()
            loss = far.mean() + five.mean()
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            schedule.step()
            errors.append(five.mean().item())
        print(f"epoch {epoch + 1}: five points {100 * np.mean(errors):.2f} % of the crop, {time.time() - begun:.0f} s", flush=True)
        student.save(options.out)
    print(options.out)


if __name__ == "__main__":
    main()
