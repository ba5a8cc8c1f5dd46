"""Packs the faces that faces.ts found, aligned and coded, into one file that travels.

python3 scripts/train/pack.py OUT.npz --faces FILE... [--more FILE...]

Every twelfth person of FACES is kept aside: trained on by nothing, measured by all. MORE (faces on prints and screens)
is trained on only. 9,500 faces are 33 MB.
"""

import argparse
import math

import cv2
import numpy as np
from canvases import CANVAS, MARGIN, coded, soft
from faces import ARCFACE, fit_similarity, five_of, move, name_of, read_faces, warp

ASIDE = 12


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("out")
    parser.add_argument("--faces", nargs="+", required=True)
    parser.add_argument("--more", nargs="+", default=[])
    options = parser.parse_args()
    faces, more = ([face for path in paths for face in read_faces(path)] for paths in (options.faces, options.more))
    aside = set(sorted({face["person"] for face in faces})[::ASIDE])
    own, held = ([face for face in faces if (face["person"] in aside) == kept] for kept in (False, True))
    faces = [*own, *more, *held]
    number = {person: i for i, person in enumerate(sorted({face["person"] for face in faces}))}
    canvases, points, boxes, rolls = zip(*map(aligned, faces))
    np.savez(
        options.out,
        **coded(canvases),
        points=np.array(points, np.float32),
        boxes=np.array(boxes, np.float32),
        rolls=np.array(rolls, np.float32),
        person=np.array([number[face["person"]] for face in faces], np.int32),
        name=np.array([name_of(face) for face in faces]),
        held=np.arange(len(faces)) >= len(faces) - len(held),
        embedding=np.array([face["embedding"] for face in held], np.float16),
    )
    print(f"{options.out}: {len(faces)} faces, {len(held)} of them kept aside")


def aligned(face):
    """The canvas, and in it the points and the box (centre and side); and the roll."""
    picture, box = cv2.imread(face["path"]), face["box"]
    matrix = fit_similarity(five_of(face["points"]), ARCFACE + MARGIN)
    scale = math.hypot(matrix[0, 0], matrix[1, 0])
    canvas = warp(soft(picture, scale) if scale < 0.6 else picture, matrix, CANVAS, CANVAS, cv2.BORDER_REPLICATE)
    centre = move(matrix, np.array([[box["x"] + box["width"] / 2, box["y"] + box["height"] / 2]]))[0]
    side = max(box["width"], box["height"]) * scale
    return canvas, move(matrix, face["points"]), [*centre, side], math.atan2(matrix[1, 0], matrix[0, 0])


if __name__ == "__main__":
    main()
