"""What the mask network learns from: endless variety drawn from the faces of upright.py."""

import cv2
import numpy as np
from draw import draw_mask
from mask.upright import BARE, HELD, INCORRECT, SIDE, TRAIN, WORN
from mask.hardships import bearded, coded, dark, far, handed
from mask.sew import SLUNG, print_skin, sew
from pool import Pool

CHUNK = 32


class Artist:
    """Draws samples: a canvas, its label, and the row below which the picture's border may cut it.

    Kinds of `worn`: real, drawn, tip (drawn, the edge down to the tip of the nose), skin, sewn; of `incorrect`: real,
    drawn, skin, sewn; of `bare`: real, hidden (a beard or fingers drawn).
    """

    KINDS = {
        BARE: {"real": 0.95, "beard": 0.03, "hand": 0.02},
        WORN: {"real": 0.45, "drawn": 0.15, "tip": 0.13, "skin": 0.05, "sewn": 0.22},
        INCORRECT: {"real": 0.08, "drawn": 0.42, "skin": 0.1, "sewn": 0.4},
    }
    CHANCES = (0.36, 0.31, 0.33)

    def __init__(self, faces, use=TRAIN):
        self.faces = faces
        self.bare, self.drawn, self.masked = (faces.pick(what, use) for what in ("bare", "drawn", "masked"))
        self.out = faces.real(INCORRECT, use)

    def sample(self, rng):
        label = int(rng.choice(3, p=self.CHANCES))
        kinds = self.KINDS[label]
        kind = str(rng.choice(list(kinds), p=list(kinds.values())))
        canvas, points = self.face(label, kind, rng)
        return self.worsen(canvas, rng), label, self.floor(points, label)

    def face(self, label, kind, rng):
        """A canvas of this kind, and the points of the face."""
        faces = self.faces
        if kind == "real":
            index = self.bare(rng) if label == BARE else self.masked(rng) if label == WORN else int(rng.choice(self.out))
            return faces.canvases[index], faces.points[index]
        index = self.drawn(rng)
        canvas, points = faces.canvases[index], faces.points[index]
        worn = label == WORN
        if kind == "beard":
            return bearded(canvas, points, rng), points
        if kind == "hand":
            return handed(canvas, points, rng), points
        if kind == "skin":
            return print_skin(canvas, points, rng, worn), points
        if kind == "sewn":
            other = self.masked(rng)
            sewn = sew(canvas, points, faces.canvases[other], faces.points[other], rng, worn)
            if sewn is not None:
                return sewn, points
        texture = faces.canvases[self.bare(rng)]
        lowest = 0.95 if kind == "tip" else 0.6
        return draw_mask(canvas, points, rng, worn=worn, texture=texture, lowest=lowest, slung=SLUNG), points

    def floor(self, points, label):
        """The highest row at which the border may cut the face without hiding what makes the label."""
        if label == BARE:
            return points[51, 1]
        return points[33, 1] * 0.4 + points[57, 1] * 0.6 if label == WORN else points[57, 1] * 0.2 + points[8, 1] * 0.8

    def worsen(self, canvas, rng):
        """Far off, dark, or coded by a camera, now and then."""
        what = rng.random()
        if what < 0.1:
            return far(canvas, rng) if rng.random() < 0.3 else far_off(canvas, rng)
        if what < 0.18:
            canvas = dark(canvas, rng)
        return coded(canvas, rng, 30, 90) if rng.random() < 0.2 else canvas


def far_off(canvas, rng):
    """A face of 22 to 64 pixels."""
    small = int(rng.integers(40, 116))
    little = cv2.resize(canvas, (small, small), interpolation=cv2.INTER_AREA)
    if rng.random() < 0.6:
        little = coded(little, rng, 35, 90)
    return cv2.resize(little, (SIDE, SIDE), interpolation=cv2.INTER_LINEAR)


def samples(faces, workers, seed):
    """A pool of an artist's samples: the canvas, its label, and the floor."""
    artist = Artist(faces)
    fields = {"canvas": ((SIDE, SIDE, 3), np.uint8), "label": ((), np.int64), "floor": ((), np.float32)}

    def draw(row, rng):
        for name, value in zip(fields, artist.sample(rng)):
            row[name][...] = value

    return Pool(fields, draw, CHUNK, workers, seed)


def held_samples(faces, each=150, seed=7):
    """Samples of the faces held aside, by kind: {(label, kind): canvases}. Real ones come once each, as they are."""
    artist, rng = Artist(faces, HELD), np.random.default_rng(seed)
    held = {(label, "real"): faces.canvases[faces.real(label, HELD)[: 3 * each]] for label in range(3)}
    for label in (WORN, INCORRECT):
        for kind in Artist.KINDS[label]:
            if kind != "real":
                held[label, kind] = np.stack([artist.face(label, kind, rng)[0] for _ in range(each)])
    return held
