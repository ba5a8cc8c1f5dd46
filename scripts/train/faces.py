"""Faces found by faces.ts, and cuts of them."""

import json
import os

import cv2
import numpy as np

ARCFACE = np.array(
    [[38.2946, 51.6963], [73.5318, 51.5014], [56.0252, 71.7366], [41.5493, 92.3655], [70.7299, 92.2041]]
)  # src/vision/align.ts
SIDE = 112


def read_faces(path):
    """Lines of faces.ts as dictionaries; `points` becomes 68 x 2, `person` is the name of the folder."""
    faces = []
    with open(path) as lines:
        for line in lines:
            face = json.loads(line)
            face["points"] = np.array(face["points"]).reshape(68, 2)
            face["person"] = os.path.basename(os.path.dirname(face["path"]))
            faces.append(face)
    return faces


def name_of(face):
    """The end of its path, which tells it from others: three folders and the file."""
    return "/".join(face["path"].split("/")[-4:])


def five_of(points):
    """Five points out of 68, as src/vision/landmarks.ts has them; works on (..., 68, 2)."""
    mean = lambda *indices: points[..., list(indices), :].mean(-2)
    return np.stack(
        [mean(37, 38, 40, 41), mean(43, 44, 46, 47), mean(30), mean(48, 60), mean(54, 64)], -2
    )


def fit_similarity(source, target):
    """2 x 3 matrix of the similarity from `source` to `target` with the least squared error (src/vision/align.ts)."""
    p, q = source - source.mean(0), target - target.mean(0)
    norm = (p**2).sum()
    a = (p * q).sum() / norm
    b = (p[:, 0] * q[:, 1] - p[:, 1] * q[:, 0]).sum() / norm
    linear = np.array([[a, -b], [b, a]])
    return np.hstack([linear, (target.mean(0) - linear @ source.mean(0))[:, None]])


def move(matrix, points):
    return points @ matrix[:, :2].T + matrix[:, 2]


def warp(picture, matrix, width, height, border=cv2.BORDER_CONSTANT):
    """cv2.warpAffine for coordinates in which (0.5, 0.5) is the centre of the first pixel."""
    shifted = matrix.copy()
    shifted[:, 2] += matrix[:, :2] @ np.array([0.5, 0.5]) - 0.5
    return cv2.warpAffine(picture, shifted, (width, height), flags=cv2.INTER_LINEAR, borderMode=border)
