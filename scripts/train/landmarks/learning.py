"""A landmark network as it learns, for faces with masks or without."""

import math

import torch
from landmarks.views import jittered
from network import Network, write
from training import Learner

STOCK = "models/fr_landmark.onnx"
WARM_UP = 0.04
LEAST_RATE = 1e-3  # of the highest
LONGEST_MEAN = 2000  # steps
LARGEST_GRADIENT = 5.0


class Landmarks(Network):
    def points(self, views):
        """68 points for each of the views (B x 1 x 64 x 64, 0..1): B x 68 x 2 in parts of the view."""
        return self(views).view(-1, 68, 2)


class Student:
    """`rate`: the highest; it rises at first, then falls as a cosine does."""

    def __init__(self, model, device, rate, decay):
        self.network, self.rate = Landmarks(model, device), rate
        keep = lambda steps: 1 - 1 / min(steps / 5 + 1, LONGEST_MEAN)
        group = {"params": list(self.network.trainable().values()), "share": 1.0}
        self.learner = Learner([group], decay, keep, LARGEST_GRADIENT)

    def step(self, loss, part):
        """One step down the gradient of `loss`, `part` (0..1) of the training being done."""
        fade = min(part / WARM_UP, 1.0) * (0.5 + 0.5 * math.cos(math.pi * part))
        self.learner.step(loss, self.rate * max(fade, LEAST_RATE))

    def tested(self, test):
        with self.learner.averaged(), torch.no_grad():
            return test(self.network)

    def save(self, path):
        with self.learner.averaged():
            write(self.network.to_onnx(), path)


def steady(boxes, rolls):
    """Views as little apart as those of a face in two frames."""
    return jittered(boxes, rolls, 0.025, 0.04, 4)
