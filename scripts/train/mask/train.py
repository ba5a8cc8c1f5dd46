"""Trains the network that tells whether a face is bare, wears a mask, or wears it wrong (nose out).

PYTHONPATH=scripts/train python3 -m mask.train FACES.npz OUT.onnx --masks MASKS.npz (--steps N | --seconds N)

FACES.npz comes from pack.py, MASKS.npz from mask/pack.py. Two large networks (the embedding network's trunk) learn from
the labels for the first part of the time and teach the small one for the rest: the same views, also blends of two, whose
answers by the mean of the large ones are the target.

998 steps of 256 views, 0.44 million drawn, took 280 s on one H100 with 3 of 16 cores drawing, while three other trainings
ran there and a second small network learned beside. By --seconds another network comes out each time.
"""

import math

import numpy as np
import torch
import torch.nn.functional as F
from mask.drawing import held_samples, samples
from mask.nets import CLASSES, Student, Teacher
from mask.upright import Faces
from mask.views import Views
from pool import Drawn
from training import device_of, options_of, prepare, run

RATE_LARGE, RATE_SMALL = 3e-4, 8e-4
LEARNING = 0.42  # of the time: the large ones learn, then they teach
FACTORS = (1.25, 1.5)  # of the box, that the large ones see
HEAT = 2.0
WARM_UP = 0.05
SLOTS, FIRST, EACH = 16_384, 2_048, 14  # samples kept, before the first step; chunks a step


def main():
    parser = options_of(__doc__, batch=256, workers=3)
    parser.add_argument("--masks", required=True)
    options = parser.parse_args()
    prepare()
    faces = Faces(options.faces, options.masks)
    held = held_samples(faces)
    pool = samples(faces, options.workers, seed=1)
    try:
        run(Training(pool, held, options), options)
    finally:
        pool.close()


def against_labels(logits, labels, keep):
    """Cross-entropy, of blends against both labels."""
    one, other = (F.cross_entropy(logits, l, label_smoothing=0.05, reduction="none") for l in (labels, labels.roll(1, 0)))
    return (keep * one + (1 - keep) * other).mean()


def against_teachers(logits, target):
    """Divergence from the softened answers `target` (probabilities)."""
    return HEAT**2 * F.kl_div(F.log_softmax(logits / HEAT, 1), target, reduction="batchmean")


def learn(net, loss, part):
    """A step; the rate rises for a twentieth of the net's time and falls as a cosine does."""
    now = min(part / WARM_UP, 1) * (0.01 + 0.99 * (1 + math.cos(math.pi * min(part, 1))) / 2)
    net.learner.step(loss, net.rate * now)


class Training:
    def __init__(self, pool, held, options):
        self.device, self.batch, self.held = device_of(), options.batch, held
        torch.manual_seed(1)
        self.student = Student(RATE_SMALL, self.device)
        self.teachers = [Teacher(factor, RATE_LARGE, self.device, seed) for seed, factor in enumerate(FACTORS, 1)]
        self.teaching, self.steps = False, 0
        self.samples = Drawn(pool, SLOTS, self.device, FIRST, EACH if options.steps else None)

    def views(self, count):
        chosen = self.samples.any(count)
        canvases, labels, floors = (self.samples.values[name][chosen] for name in ("canvas", "label", "floor"))
        return Views(canvases, floors), labels

    def step(self, part):
        self.samples.refresh()
        if not self.teaching and part >= LEARNING:
            self.teaching = True
            print(f"  large: {self._told(self.teachers)}", flush=True)
            for teacher in self.teachers:
                teacher.learner.settle()
        if not self.teaching:
            self._teach_the_teachers(part)
        views, labels = self.views(self.batch)
        keep = views.mix(0.25)
        target = self._answers(views) if self.teaching else None
        logits = self.student.logits(self.student.see(views), dropout=0.1)
        loss = against_labels(logits, labels, keep)
        if target is not None:
            loss = 0.3 * loss + 0.7 * against_teachers(logits, target)
        learn(self.student, loss, part)
        self.steps += 1

    def _teach_the_teachers(self, part):
        """One of the large ones in turn."""
        teacher = self.teachers[self.steps % len(self.teachers)]
        views, labels = self.views(self.batch // 2)
        keep = views.mix(0.2)
        loss = against_labels(teacher.logits(teacher.see(views), dropout=0.2), labels, keep)
        learn(teacher, loss, part / LEARNING)

    def _answers(self, views):
        with torch.no_grad():
            answers = [F.softmax(teacher.logits(teacher.see(views)) / HEAT, 1) for teacher in self.teachers]
        return sum(answers) / len(answers)

    def report(self):
        return f"{self.samples.drawn} drawn; {self._told([self.student])}"

    def save(self, path):
        self.student.save(path)

    def _told(self, nets):
        """What the nets together read right of the faces kept aside, by kind: bare/worn/incorrect; before DOUBT."""
        read = self._read(nets).split([len(canvases) for canvases in self.held.values()])
        rights, lines = {}, []
        for (label, kind), states in zip(self.held, read):
            if len(states) == 0:
                continue
            rights.setdefault(label, []).append(float((states == label).float().mean()))
            counts = torch.bincount(states, minlength=len(CLASSES)).tolist()
            lines.append(f"{CLASSES[label]} {kind} {counts[0]}/{counts[1]}/{counts[2]}")
        balanced = sum(sum(part) / len(part) for part in rights.values()) / len(rights)
        return f"balanced {100 * balanced:.2f} %; {', '.join(lines)}"

    def _read(self, nets):
        """The state each is read as by the mean of the nets, with their averaged weights."""
        canvases = torch.from_numpy(np.concatenate(list(self.held.values())))
        answers = 0
        for net in nets:
            with torch.no_grad(), net.learner.averaged():
                parts = [
                    F.softmax(net.logits(net.see(Views(part.to(self.device), plain=True))), 1)
                    for part in canvases.split(self.batch // 2)
                ]
            answers = answers + torch.cat(parts)
        return answers.argmax(1).cpu()


if __name__ == "__main__":
    main()
