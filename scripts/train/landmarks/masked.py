"""Distils the landmark network into itself on faces with drawn masks.

PYTHONPATH=scripts/train python3 -m landmarks.masked FACES.npz OUT.onnx [--start FILE] (--steps N | --seconds N)

FACES.npz comes from pack.py. The target is what the stock network finds on the bare face, averaged over eight views of
it, for what it finds on one is off by more than a hundredth of the eyes' distance. It begins with the network in models/,
or with --start (models/fr_landmark.onnx makes it anew).

2,916 steps of 512 faces, 94,000 masks, took 209 s on one H100 with 4 of 16 cores drawing, while three other trainings
ran there. By --seconds another network comes out each time.
"""

import numpy as np
import torch
from canvases import Canvases
from landmarks.drawing import masked_faces
from landmarks.held import HeldMasked
from landmarks.learning import STOCK, Landmarks, Student, steady
from landmarks.measure import Ruler, averaged
from landmarks.views import CANVAS, SIDE, cut_ends, disturb, jittered, take, to_view
from pool import Drawn
from training import device_of, options_of, prepare, run

START = "models/menshen_masked_landmark.onnx"
RATE, DECAY = 1e-3, 0.01
TEACHER_VIEWS = 8
SLOTS, FIRST, EACH = 16_384, 1_024, 1  # faces kept, before the first step; chunks a step

# Which point of the mirror image each of the 68 is.
MIRROR = [*range(16, -1, -1), *range(26, 16, -1), 27, 28, 29, 30, 35, 34, 33, 32, 31, 45, 44, 43, 42, 47, 46, 39, 38, 37,
          36, 41, 40, 54, 53, 52, 51, 50, 49, 48, 59, 58, 57, 56, 55, 64, 63, 62, 61, 60, 67, 66, 65]  # fmt: skip


def main():
    parser = options_of(__doc__, batch=512, workers=4)
    parser.add_argument("--start", default=START)
    options = parser.parse_args()
    prepare()
    faces = Canvases(options.faces, CANVAS)
    pool = masked_faces(faces, options.workers, seed=1)
    try:
        run(Training(faces, pool, options), options)
    finally:
        pool.close()


class Training:
    def __init__(self, faces, pool, options):
        self.device, self.batch = device_of(exact=True), options.batch
        self.teacher = Landmarks(STOCK, self.device)
        self.student = Student(options.start, self.device, RATE, DECAY)
        self.ruler, self.mirror = Ruler(self.device), torch.tensor(MIRROR, device=self.device)
        self.test = HeldMasked(faces, self.teacher, self.device)
        torch.manual_seed(1)
        self.rng = np.random.default_rng(1)
        self.faces = Drawn(pool, SLOTS, self.device, FIRST, EACH if options.steps else None, self._with_points)

    def _with_points(self, rows):
        """A chunk with the target for its faces, in place of their bare canvases."""
        bare = rows.pop("bare")
        with torch.no_grad():
            points = averaged(self.teacher, bare, rows["boxes"], rows["rolls"], TEACHER_VIEWS, steady)
        return {**rows, "points": points}

    def views(self):
        """Views of faces (B x 1 x 64 x 64, 0..1), and the points wanted, in parts of the view."""
        chosen, size = self.faces.any(self.batch), self.batch
        shown, boxes, rolls, points = (self.faces.values[name][chosen] for name in ("shown", "boxes", "rolls", "points"))
        matrices = jittered(boxes, rolls, 0.04, 0.07, 5, stretch=0.03)
        views = disturb(take(shown, matrices, cut_ends(size, 0.03, self.device)), self.rng)
        target = to_view(matrices, points)
        turned = target[:, self.mirror] * target.new_tensor([-1, 1]) + target.new_tensor([1, 0])
        flip = torch.rand(size, device=self.device) < 0.5
        views = torch.where(flip.view(-1, 1, 1, 1), views.flip(3), views) / 256
        return views, torch.where(flip.view(-1, 1, 1), turned, target)

    def step(self, part):
        self.faces.refresh(most=EACH)
        with torch.no_grad():
            views, target = self.views()
        far, five, aligned = self.ruler.errors(SIDE * self.student.network.points(views), SIDE * target)
        self.student.step(five.mean() + 2 * aligned.mean() + 0.3 * far.mean(), part)

    def report(self):
        return f"{self.faces.drawn} faces drawn; {self.student.tested(self.test)}"

    def save(self, path):
        self.student.save(path)


if __name__ == "__main__":
    main()
