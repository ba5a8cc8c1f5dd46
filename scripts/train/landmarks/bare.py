"""Distils the landmark network into a narrower one, for bare faces.

PYTHONPATH=scripts/train python3 -m landmarks.bare FACES.npz OUT.onnx (--steps N | --seconds N)

FACES.npz comes from pack.py. The narrower one is cut out of the stock network, the channels that stir most left in; its
target is what the stock network finds in the very same view, so that it does the same where that is right or wrong.

5,098 steps of 512 views took 209 s on one H100, while three other trainings ran there. By --seconds another network
comes out each time.
"""

import numpy as np
import onnx
import torch
from canvases import Canvases
from landmarks.drawing import grey_of
from landmarks.held import HeldBare
from landmarks.learning import STOCK, Landmarks, Student
from landmarks.measure import Ruler, distance
from landmarks.narrow import WIDTHS, hidden_groups, shrunk
from landmarks.views import CANVAS, SIDE, cut_ends, disturb, jittered, take
from training import device_of, options_of, prepare, run

RATE, DECAY = 2e-3, 0.0
JUDGED = 256  # views by which channels are chosen
BLENDED_PART = 0.4


def main():
    options = options_of(__doc__, batch=512).parse_args()
    prepare()
    run(Training(Canvases(options.faces, CANVAS), options.batch), options)


class Training:
    def __init__(self, faces, batch):
        self.device, self.batch = device_of(exact=True), batch
        self.teacher = Landmarks(STOCK, self.device)
        own = np.flatnonzero(~faces.held)
        known = lambda array: torch.from_numpy(np.ascontiguousarray(array)).to(self.device)
        self.canvases = known(np.stack([grey_of(picture) for picture in faces.pictures[own]]))
        self.boxes, self.rolls = known(faces.boxes[own]), known(faces.rolls[own])
        torch.manual_seed(1)
        self.student = Student(shrunk(onnx.load(STOCK), self._worth()), self.device, RATE, DECAY)
        self.ruler = Ruler(self.device)
        self.test = HeldBare(faces, self.teacher, self.device)
        torch.manual_seed(1)
        self.rng = np.random.default_rng(1)

    def views(self, size, rng):
        """Views (B x 1 x 64 x 64, 0..1), most near the detector's box, some far off and turned by 30 degrees."""
        count, device = len(self.canvases), self.device
        chosen = torch.randint(count, (size,), device=device)
        other = torch.randint(count, (size,), device=device)
        boxes, rolls = self.boxes[chosen], self.rolls[chosen]
        third = size // 3
        near = jittered(boxes[third:], rolls[third:], 0.03, 0.06, 8, stretch=0.02)
        wide = jittered(boxes[:third], rolls[:third], 0.08, 0.15, 18, stretch=0.05)
        matrices = torch.cat([wide, near])
        blended = torch.rand(size, device=device) < BLENDED_PART
        weight = torch.where(blended, torch.rand(size, device=device), torch.ones(size, device=device)).view(-1, 1, 1)
        canvases = weight * self.canvases[chosen] + (1 - weight) * self.canvases[other]
        views = take(canvases, matrices, cut_ends(size, 0.03, device))
        views = disturb(views[torch.randperm(size, device=device)], rng) / 256
        flip = torch.rand(size, 1, 1, 1, device=device) < 0.5
        return torch.where(flip, views.flip(3), views)

    def _worth(self):
        """For each group of hidden channels, how much they stir what they go into."""
        groups, worth = hidden_groups(self.teacher.model), {}
        with torch.no_grad():
            views = self.views(JUDGED, np.random.default_rng(3))
            for group in WIDTHS:
                reader = groups[group][2]
                into = self.teacher.weights[reader.input[1]]
                values = self.teacher(views, until=reader.input[0])
                channels = values.shape[1]
                spread = values.reshape(len(views), channels, -1).transpose(0, 1).flatten(1).std(1)
                strength = into.reshape(len(into), channels, -1).pow(2).sum((0, 2)).sqrt()
                worth[group] = (spread * strength).cpu().numpy()
        return worth

    def step(self, part):
        with torch.no_grad():
            views = self.views(self.batch, self.rng)
            target = SIDE * self.teacher.points(views)
        found = SIDE * self.student.network.points(views)
        five = distance(self.ruler.five @ found, self.ruler.five @ target)
        self.student.step((distance(found, target).mean() + five.mean()) / 20, part)

    def report(self):
        return self.student.tested(self.test)

    def save(self, path):
        self.student.save(path)


if __name__ == "__main__":
    main()
