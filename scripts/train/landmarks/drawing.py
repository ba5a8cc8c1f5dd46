"""Grey canvases of faces, bare and with masks drawn over them."""

import cv2
import numpy as np
from draw import draw_mask
from landmarks.views import CANVAS
from pool import Pool

BARE_PART = 0.1
BLENDED_PART = 0.35
WORN_PART = 0.85
CHUNK = 32
LUMA = np.array([0.114, 0.587, 0.299], np.float32)  # of blue, green, red


def grey_of(picture, luma=LUMA):
    return cv2.transform(np.ascontiguousarray(picture), luma.reshape(1, 3))


def masked(faces, index, texture, rng, blend=None, weight=1.0, luma=LUMA, bare_part=BARE_PART):
    """A face (blended with another) bare and with a mask, both grey; its box and roll."""
    canvas, points, box = faces.pictures[index], faces.points[index].astype(np.float64), faces.boxes[index]
    if blend is not None:
        canvas = cv2.addWeighted(canvas, weight, faces.pictures[blend], 1 - weight, 0)
        points = weight * points + (1 - weight) * faces.points[blend]
        box = weight * box + (1 - weight) * faces.boxes[blend]
    bare = grey_of(canvas, luma)
    shown = bare
    if rng.random() >= bare_part:
        drawn = draw_mask(canvas, points, rng, worn=rng.random() < WORN_PART, texture=faces.pictures[texture])
        shown = grey_of(drawn, luma)
    return shown, bare, box, faces.rolls[index]


def masked_faces(faces, workers, seed):
    """A pool of faces that are not kept aside, with masks, some of them blended, in light of several colours."""
    own = np.flatnonzero(~faces.held)
    fields = {name: ((CANVAS, CANVAS), np.uint8) for name in ("shown", "bare")}
    fields |= {"boxes": ((3,), np.float32), "rolls": ((), np.float32)}

    def draw(row, rng):
        blend, weight = None, 1.0
        if rng.random() < BLENDED_PART:
            blend, weight = rng.choice(own), float(rng.uniform(0.35, 0.65))
        luma = LUMA * rng.uniform(0.8, 1.2, 3).astype(np.float32) if rng.random() < 0.6 else LUMA
        index, texture = rng.choice(own), rng.choice(own)
        for name, value in zip(fields, masked(faces, index, texture, rng, blend, weight, luma)):
            row[name][...] = value

    return Pool(fields, draw, CHUNK, workers, seed)
