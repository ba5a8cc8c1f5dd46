"""How far landmarks lie off, in parts of the distance of the eyes."""

import numpy as np
import torch
from faces import ARCFACE, five_of
from landmarks.views import take, to_canvas

EYES = float(ARCFACE[1, 0] - ARCFACE[0, 0])


class Ruler:
    def __init__(self, device):
        tensor = lambda array: torch.tensor(array, dtype=torch.float32, device=device)
        self.five = tensor(five_of(np.eye(68)))
        self.template = tensor(ARCFACE)
        corners = np.array([[0, 0], [112, 0], [0, 112], [112, 112]])
        self.marks = tensor(np.concatenate([ARCFACE, corners]))

    def errors(self, found, truth):
        """Of points B x 68 x 2: mean distance of the 68 and of the five, and what the alignment by the five is off: the
        mean displacement of its five places and four corners. All in parts of the true distance of the eyes."""
        five_found, five_truth = self.five @ found, self.five @ truth
        eyes = (five_truth[:, 0] - five_truth[:, 1]).norm(dim=1, keepdim=True)
        far = distance(found, truth) / eyes
        five = distance(five_found, five_truth) / eyes
        marks = unmove(fit(five_truth, self.template), self.marks)
        moved = move(fit(five_found, self.template), marks)
        aligned = distance(moved, self.marks) / EYES
        return far.mean(1), five.mean(1), aligned.mean(1)


def distance(a, b):
    return (a - b).pow(2).sum(-1).add(1e-10).sqrt()


def fit(source, target):
    """Similarities from points B x N x 2 to N x 2 of least squares: (a, b, x, y) with linear part [[a, -b], [b, a]]."""
    centre, goal = source.mean(1), target.mean(0)
    p, q = source - centre[:, None], target - goal
    norm = p.pow(2).sum((1, 2)) + 1e-6
    a = (p * q).sum((1, 2)) / norm
    b = (p[:, :, 0] * q[:, 1] - p[:, :, 1] * q[:, 0]).sum(1) / norm
    x = goal[0] - a * centre[:, 0] + b * centre[:, 1]
    y = goal[1] - b * centre[:, 0] - a * centre[:, 1]
    return a, b, x, y


def move(similarity, points):
    a, b, x, y = (figure[:, None] for figure in similarity)
    return torch.stack([a * points[..., 0] - b * points[..., 1] + x, b * points[..., 0] + a * points[..., 1] + y], -1)


def unmove(similarity, points):
    a, b, x, y = (figure[:, None] for figure in similarity)
    u, v, norm = points[..., 0] - x, points[..., 1] - y, a**2 + b**2
    return torch.stack([(a * u + b * v) / norm, (a * v - b * u) / norm], -1)


def told(errors):
    """Median and 90th percentile, in per cent."""
    return f"{100 * errors.median().item():.2f} ({100 * errors.quantile(0.9).item():.2f}) %"


def averaged(teacher, canvases, boxes, rolls, views, jitter):
    """What the teacher finds on `views` jittered views of each canvas, on average, in pixels of the canvas."""
    boxes, rolls = boxes.repeat(views, 1), rolls.repeat(views)
    matrices = jitter(boxes, rolls)
    found = to_canvas(matrices, teacher.points(take(canvases.repeat(views, 1, 1), matrices) / 256))
    return found.view(views, -1, 68, 2).mean(0)


def looks(network, canvases, matrices, size=512):
    """Points in the canvases that the network finds in these views of them."""
    parts = zip(canvases.split(size), matrices.split(size))
    return torch.cat([to_canvas(own, network.points(take(part, own) / 256)) for part, own in parts])
