"""What the landmark networks are measured by: faces of people none of whom is trained on."""

import numpy as np
import torch
from landmarks.drawing import grey_of, masked
from landmarks.learning import steady
from landmarks.measure import Ruler, averaged, looks, told
from landmarks.views import SIDE, jittered, take

SEEDS = 4  # masks a face
SHIFT, ZOOM = 0.03, 0.05  # of the boxes of the test


def seeded(seed, use):
    """What `use` gives with the random numbers of `seed`."""
    torch.manual_seed(seed)
    return use()


class HeldMasked:
    """Faces kept aside with masks drawn once, and their boxes as detectors find them."""

    def __init__(self, faces, teacher, device):
        held, other = np.flatnonzero(faces.held), np.flatnonzero(~faces.held)
        shown, bare = [], []
        for seed in range(SEEDS):
            for k, i in enumerate(held):
                texture = other[(7 * k + seed) % len(other)]
                face = masked(faces, i, texture, np.random.default_rng([99, seed, k]), bare_part=0)
                shown.append(face[0])
                bare.append(face[1])
        known = lambda array: torch.from_numpy(np.ascontiguousarray(array)).to(device)
        self.shown, bare = known(np.stack(shown)), known(np.stack(bare[: len(held)]))
        boxes, rolls, points = known(faces.boxes[held]), known(faces.rolls[held]), known(faces.points[held])
        self.ruler = Ruler(device)
        with torch.no_grad():
            smooth = seeded(5, lambda: averaged(teacher, bare, boxes, rolls, 8, steady))
        self.points, self.smooth = points.repeat(SEEDS, 1, 1), smooth.repeat(SEEDS, 1, 1)
        self.views = seeded(6, lambda: jittered(boxes.repeat(SEEDS, 1), rolls.repeat(SEEDS), SHIFT, ZOOM, 0))

    def __call__(self, network):
        """How far its points lie from those of the bare face, and from their average over several views."""
        found = looks(network, self.shown, self.views)
        _, five, aligned = self.ruler.errors(found, self.points)
        _, smooth, _ = self.ruler.errors(found, self.smooth)
        return f"five {told(five)}, aligned {told(aligned)}, five to the averaged {told(smooth)}"


class HeldBare:
    """Views of faces kept aside: what the student is off from its teacher on the same ones."""

    def __init__(self, faces, teacher, device):
        held = np.flatnonzero(faces.held)
        known = lambda array: torch.from_numpy(np.ascontiguousarray(array)).to(device)
        canvases = known(np.stack([grey_of(picture) for picture in faces.pictures[held]]))
        boxes, rolls = known(faces.boxes[held]), known(faces.rolls[held])
        self.ruler, self.views, self.truth = Ruler(device), {}, {}
        with torch.no_grad():
            for name, shift, zoom, angle in (("usual", 0.03, 0.05, 3), ("hard", 0.08, 0.12, 18)):
                matrices = seeded(7, lambda: jittered(boxes, rolls, shift, zoom, angle))
                self.views[name] = take(canvases, matrices).round() / 256
                self.truth[name] = SIDE * teacher.points(self.views[name])

    def __call__(self, network):
        lines = [f"{name} {self._told(SIDE * network.points(views), self.truth[name])}" for name, views in self.views.items()]
        return "; ".join(lines)

    def _told(self, found, truth):
        far, five, aligned = self.ruler.errors(found, truth)
        return f"68 {told(far)}, five {told(five)}, aligned {told(aligned)}"
