"""Packs what the training of the mask network needs beside pack.py's file into another one that travels.

PYTHONPATH=scripts/train python3 -m mask.pack OUT.npz FACES.npz FILE...

FILES come from faces.ts, masked faces too. OUT holds the masked faces and those that FACES.npz lacks as
canvases (SIDE pixels, WIDE times the face box), and of each face of FACES.npz whether and how it serves. Nothing that
shows a picture kept for the test, or a copy of one, serves.
"""

import sys

import cv2
import numpy as np
from canvases import coded, soft
from faces import move, name_of, read_faces, warp
from mask.labels import NOSE_OUT, UNSURE
from mask.upright import BARE, GROUPS, HELD, INCORRECT, SIDE, SKIP, TRAIN, WIDE, WORN

TEST = 300  # pictures of masks/web from this number on are the test
VALIDATION = 250  # and from this one on are kept aside
COPY_BARE, COPY_MASKED, CLUSTER, SAME = 0.75, 0.7, 0.65, 0.8  # cosines
LARGE_CLUSTER = 60  # faces; such are trained on, for they are most of a set
FOLDERS = {"/train-faces/": "people", "/masks/web/": "web", "/masks/crops/": "crops", "/pad/": "pad"}


def main():
    out, packed, *paths = sys.argv[1:]
    faces = [face for path in paths for face in read_faces(path)]
    labels, groups = (np.array([of(face) for face in faces], np.int8) for of in (label_of, group_of))
    use, weight = uses_of(faces, labels, groups)
    there = np.load(packed)
    number = {name_of(face): i for i, face in enumerate(faces)}
    index = np.array([number.get(str(name), -1) for name in there["name"]])
    own = np.flatnonzero((use != SKIP) & (~np.isin(np.arange(len(faces)), index) | (labels != BARE)))
    canvases, points = zip(*[canvas_of(faces[i]) for i in own])
    faces_use = np.where((index < 0) | (labels[index] != BARE), SKIP, use[index]).astype(np.int8)
    faces_use[(faces_use == TRAIN) & there["held"]] = HELD
    np.savez(
        out,
        **coded(canvases),
        points=np.array(points, np.float32),
        **{"label": labels[own], "group": groups[own], "use": use[own], "weight": weight[own]},
        **{"faces_name": there["name"], "faces_group": groups[index], "faces_use": faces_use, "faces_weight": weight[index]},
    )
    tell("own", groups[own], labels[own], use[own])
    tell(packed, groups[index], labels[index], faces_use)


def tell(what, groups, labels, use):
    for group, name in enumerate(GROUPS):
        for label in (BARE, WORN, INCORRECT):
            here = use[(groups == group) & (labels == label)]
            if (here != SKIP).any():
                print(f"{what} {name} {label}: train {(here == TRAIN).sum()}, held {(here == HELD).sum()}")


def group_of(face):
    name = next((name for folder, name in FOLDERS.items() if folder in face["path"]), "chinese")
    return GROUPS.index(name)


def number_of(face):
    """The number in the name of a picture of masks/; -1 of others."""
    return int(face["path"][-8:-4]) if "/masks/" in face["path"] else -1


def label_of(face):
    if name_of(face) in NOSE_OUT:
        return INCORRECT
    return WORN if "/mask/" in face["path"] else BARE


def canvas_of(face):
    """The square around the face box, and the points in it."""
    picture, box = cv2.imread(face["path"]), face["box"]
    side = max(box["width"], box["height"]) * WIDE
    scale = SIDE / side
    x, y = box["x"] + box["width"] / 2 - side / 2, box["y"] + box["height"] / 2 - side / 2
    matrix = np.array([[scale, 0, -x * scale], [0, scale, -y * scale]])
    picture = soft(picture, scale) if scale < 0.7 else picture
    return warp(picture, matrix, SIDE, SIDE, cv2.BORDER_REPLICATE), move(matrix, face["points"])


def clusters(vectors, cosine):
    """A number for each vector; those linked by cosines above `cosine` share it (the first's index)."""
    number = np.arange(len(vectors))
    alike = vectors @ vectors.T > cosine
    changed = True
    while changed:
        least = np.where(alike, number[None], len(vectors)).min(1)
        changed = bool((least < number).any())
        number = least
    return number


def uses_of(faces, labels, groups):
    """SKIP, TRAIN or HELD for each face, and a weight that shares the turn of one among its copies."""
    vectors = np.array([face["embedding"] for face in faces], np.float32)
    number = np.array([number_of(face) for face in faces])
    masked = labels != BARE
    web, crops = (groups == GROUPS.index(name) for name in ("web", "crops"))
    test = web & (number >= TEST)
    unsure = np.array([name_of(face) in UNSURE for face in faces])
    copies = np.zeros(len(faces), bool)
    for kind, cosine in ((masked, COPY_MASKED), (~masked, COPY_BARE)):
        copies[kind] = (vectors[kind] @ vectors[test].T).max(1) > cosine
    use = np.where(test | copies | unsure, SKIP, TRAIN).astype(np.int8)
    print(f"{test.sum()} for the test, {(copies & ~test).sum()} copies of them, {unsure.sum()} unsure")
    for kind in (crops & masked & (use == TRAIN), crops & ~masked & (use == TRAIN)):
        indices = np.flatnonzero(kind)
        cluster = clusters(vectors[indices], CLUSTER)
        sizes = np.bincount(cluster)
        use[indices[(cluster % 10 == 7) & (sizes[cluster] < LARGE_CLUSTER)]] = HELD
    use[web & (use == TRAIN) & (number >= VALIDATION)] = HELD
    weight = np.zeros(len(faces), np.float32)
    for kind in (masked, ~masked):
        for group in range(len(GROUPS)):
            own = np.flatnonzero(kind & (use == TRAIN) & (groups == group))
            if len(own):
                weight[own] = 1 / (vectors[own] @ vectors[own].T > SAME).sum(1)
    return use, weight


if __name__ == "__main__":
    main()
