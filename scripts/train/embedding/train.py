"""Distils the embedding network into itself on faces with drawn masks.

PYTHONPATH=scripts/train python3 -m embedding.train FACES.npz OUT.onnx [--start FILE] [--wide] (--steps N | --seconds N)

FACES.npz comes from pack.py. The target of every face is the stock network's embedding of the bare face (of several
pictures of a person the mean), so that the new network's embeddings lie in the same space. Six faces of ten are made
into people who do not exist: with the eyes of others, blended, with features moved; the stock network then tells the
target from that bare face. All of the network behind STEM_END learns; what lies before it finds edges, masked or not.
It begins with the network in models/, or with --start; --wide gives what it begins with twice the channels in its blocks,
as models/menshen_masked_embedding.onnx has them of fr_feature (--start models/fr_feature.onnx --wide makes it anew).

1,585 steps of 1,024 faces, 0.8 million masks, took 515 s on one H100 with 9 of 16 cores drawing, while the three other
networks were trained there too. By --seconds another network comes out each time.
"""

import contextlib
import math

import numpy as np
import onnx
import torch
import torch.nn.functional as F
from canvases import CANVAS, Canvases
from draw import mask_layers
from embedding.held import Held, held_masks
from embedding.people import aligned, blended, careless, exchanged, misaligned, reshaping
from embedding.wide import doubled
from network import Network, write
from pool import Drawn, Pool
from training import Learner, device_of, options_of, prepare, run, young

TEACHER, START = "models/fr_feature.onnx", "models/menshen_masked_embedding.onnx"
STEM_END = "349"
RATE = 1e-3
WEIGHT_DECAY = 0.03
WARM_UP = 200  # steps
PRETENDED = 0.6
BARE_PART = 0.08
WORN_PART = 0.92
ALIKE = 0.45  # cosine of two bare faces that may be one person's
CONTRAST = 0.3
SCALE = 32.0
FARTHER = 0.2  # by which the right one's cosine has to be higher
MEMORY = 0.999
SLOTS, FIRST, CHUNK, EACH = 40_000, 2_000, 64, 8  # masks kept, before the first step, handed over, chunks a step
LAYOUT = torch.channels_last


def main():
    parser = options_of(__doc__, batch=1024, workers=8)
    parser.add_argument("--start", default=START)
    parser.add_argument("--wide", action="store_true")
    options = parser.parse_args()
    prepare()
    faces = Canvases(options.faces)
    own = ~faces.held
    pool = masks_over(faces.pictures[own], faces.points[own].astype(np.float64), options.workers)
    held = held_masks(faces)
    try:
        run(Training(faces, pool, held, options), options)
    finally:
        pool.close()


def masks_over(pictures, points, workers):
    """Masks drawn for the faces: blue, green, red to add and how much to keep of the picture; and which face it is."""

    def draw(row, rng):
        face, texture = rng.integers(len(pictures), size=2)
        worn = rng.random() < WORN_PART
        keep, cover = mask_layers(pictures[face], points[face], rng, worn=worn, texture=pictures[texture])
        row["face"][...] = face
        row["mask"][..., :3] = np.clip(cover, 0, 255)
        row["mask"][..., 3:] = 255 * keep

    return Pool({"mask": ((CANVAS, CANVAS, 4), np.uint8), "face": ((), np.int64)}, draw, CHUNK, workers, seed=21)


class Training:
    def __init__(self, faces, pool, held, options):
        self.batch = options.batch
        self.device = device_of()
        self.teacher = Network(TEACHER, self.device, LAYOUT)
        start = onnx.load(options.start)
        self.student = Network(doubled(start, STEM_END) if options.wide else start, self.device, LAYOUT)
        weights = self.student.trainable(after=STEM_END)
        self.learner = Learner([{"params": list(weights.values()), "share": 1.0}], WEIGHT_DECAY, young(MEMORY))
        self.held = Held(held, faces, as_input, self.device)
        torch.manual_seed(1)
        own = torch.from_numpy(~faces.held)
        self.pictures = torch.from_numpy(faces.pictures).permute(0, 3, 1, 2)[own].contiguous().to(self.device)
        self.bare = torch.cat([self.enrolled(part.float()) for part in self.pictures.split(256)])
        alike = self.bare @ self.bare.T > ALIKE
        self.targets = F.normalize(alike.float() @ self.bare)
        self.masks = Drawn(pool, SLOTS, self.device, FIRST, EACH if options.steps else None)
        self.near, self.steps = [], 0

    def enrolled(self, pictures):
        """The stock embedding of bare faces, the mean with their mirror images, as enrolment takes it."""
        views = aligned(pictures)
        with torch.no_grad(), self.halves(torch.float16):
            ones, others = (self.teacher(as_input(view)).float() for view in (views, views.flip(3)))
        return F.normalize(F.normalize(ones) + F.normalize(others))

    def halves(self, kind):
        """Figures of 16 bits where the device is quicker with them."""
        return torch.autocast("cuda", kind) if self.device.type == "cuda" else contextlib.nullcontext()

    def views(self):
        """Views (masked, misaligned) and the embeddings wanted of them."""
        count = self.batch
        slots, _ = self.masks.any(count).sort()
        index = self.masks.values["face"][slots]
        people, wanted = self.pictures[index].float(), self.targets[index].clone()
        changed = torch.randperm(count, device=self.device)[: int(PRETENDED * count)]
        people[changed] = self.pretend(people[changed])
        wanted[changed] = self.enrolled(people[changed])
        layers = self.masks.values["mask"][slots].permute(0, 3, 1, 2).float()
        bare = (torch.rand(count, 1, 1, 1, device=self.device) < BARE_PART).float()
        keep = torch.maximum(layers[:, 3:] / 255, bare)
        masked = keep * people + (1 - bare) * layers[:, :3]
        return as_input(careless(misaligned(masked))), wanted

    def pretend(self, faces):
        """People who do not exist: two of five get the eyes of others, two of five are blends, most are moved."""
        others = self.pictures[torch.randint(len(self.pictures), (len(faces),), device=self.device)].float()
        part = len(faces) * 2 // 5
        faces[:part] = exchanged(faces[:part], others[:part])
        blends = slice(part, 2 * part)
        faces[blends] = blended(faces[blends], others[blends], torch.empty(part, device=self.device).uniform_(0.25, 0.5))
        moved = slice(len(faces) * 3 // 10, None)
        grid = reshaping(len(faces[moved]), self.device)
        faces[moved] = F.grid_sample(faces[moved], grid, align_corners=False, padding_mode="border")
        return faces

    def step(self, part):
        self.masks.refresh()
        with torch.no_grad():
            views, wanted = self.views()
        with self.halves(torch.bfloat16):
            with torch.no_grad():
                stem = self.student(views, until=STEM_END)
            found = self.student(stem, since=STEM_END)
        near, contrast = losses(F.normalize(found.float()), wanted, self.bare)
        self.steps += 1
        rate = RATE * min(1, self.steps / WARM_UP) * 0.5 * (1 + math.cos(math.pi * part))
        self.learner.step(near + CONTRAST * contrast, rate)
        self.near.append(near.detach())

    def report(self):
        near = torch.stack(self.near).mean().item() if self.near else math.nan
        self.near = []
        with self.learner.averaged():
            return f"{self.masks.drawn} masks drawn, 1 - cosine {near:.4f}; {self.held.measure(self.student)}"

    def save(self, path):
        with self.learner.averaged():
            write(self.student.to_onnx(), path)


def as_input(views):
    return ((views - 127.5) / 128).contiguous(memory_format=LAYOUT)


def losses(embeddings, wanted, bare):
    """Distance from the targets, and how far other people's embeddings stay away; means over the faces."""
    cosines = (embeddings * wanted).sum(1)
    others = torch.cat([bare, wanted])
    scores = (embeddings @ others.T).masked_fill(wanted @ others.T > ALIKE, -10)
    logits = SCALE * torch.cat([cosines[:, None] - FARTHER, scores], 1)
    return (1 - cosines).mean(), F.cross_entropy(logits, torch.zeros(len(logits), dtype=torch.long, device=logits.device))


if __name__ == "__main__":
    main()
