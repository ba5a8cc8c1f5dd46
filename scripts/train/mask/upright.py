"""The faces the mask network learns from, as upright canvases."""

import cv2
import numpy as np
from canvases import codes_of, stacked
from faces import move, warp

SIDE, WIDE = 144, 1.8  # of a canvas: pixels, and how many face boxes it is wide
BARE, WORN, INCORRECT = range(3)
SKIP, TRAIN, HELD = range(3)
GROUPS = ("people", "web", "crops", "chinese", "pad")
SHARES = {  # how often a face of each group is taken
    "bare": (0.3, 0.25, 0.2, 0.1, 0.15),
    "drawn": (0.42, 0.13, 0.25, 0.1, 0.1),
    "masked": (0.0, 0.5, 0.5, 0.0, 0.0),
}


class Faces:
    """The bare faces of pack.py's file that serve, and those of mask/pack.py's.

    `canvases` (N x SIDE x SIDE x 3, BGR), `points` (N x 68 x 2), `label`, `group` (of GROUPS), `use` and `weight` (the
    part of a turn that it gets beside its copies) of each.
    """

    def __init__(self, faces, masks):
        there, own = np.load(faces), np.load(masks)
        if not np.array_equal(there["name"], own["faces_name"]):
            raise ValueError(f"{masks} was made for another {faces}")
        serves = np.flatnonzero(own["faces_use"] != SKIP)
        matrices = [upright(there["boxes"][i], there["rolls"][i]) for i in serves]
        straighten = lambda i, picture: warp(picture, matrices[i], SIDE, SIDE, cv2.BORDER_REPLICATE)
        codes = codes_of(there)
        self.canvases = np.concatenate([stacked([codes[i] for i in serves], straighten), stacked(codes_of(own))])
        moved = [move(matrix, points) for matrix, points in zip(matrices, there["points"][serves])]
        self.points = np.concatenate([np.array(moved), own["points"]])
        self.label = np.concatenate([np.full(len(serves), BARE), own["label"].astype(np.int64)])
        self.group, self.use, self.weight = (
            np.concatenate([own["faces_" + name][serves], own[name]]) for name in ("group", "use", "weight")
        )

    def pick(self, what, use):
        """A function from a random generator to an index: of the `what` faces for `use`, by the groups' shares."""
        label = WORN if what == "masked" else BARE
        kinds = []
        for group, share in enumerate(SHARES[what]):
            own = np.flatnonzero((self.label == label) & (self.use == use) & (self.group == group))
            if share and len(own):
                weight = self.weight[own] if use == TRAIN else np.ones(len(own))
                kinds.append((share, own, np.cumsum(weight) / weight.sum()))
        shares = np.cumsum([share for share, _, _ in kinds]) / sum(share for share, _, _ in kinds)

        def one(rng):
            _, own, chances = kinds[min(int(np.searchsorted(shares, rng.random())), len(kinds) - 1)]
            return int(own[min(int(np.searchsorted(chances, rng.random())), len(own) - 1)])

        return one

    def real(self, label, use):
        """Indices of all pictures of this label for this use."""
        return np.flatnonzero((self.label == label) & (self.use == use))


def upright(box, roll):
    """From a canvas of faces.npz to one of ours: the box in the middle, the head as it was in the picture."""
    scale = SIDE / (WIDE * box[2])
    a, b = scale * np.cos(-roll), scale * np.sin(-roll)
    linear = np.array([[a, -b], [b, a]])
    return np.hstack([linear, (np.full(2, SIDE / 2) - linear @ box[:2])[:, None]])
