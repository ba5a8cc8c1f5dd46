"""Masks over faces that draw.py does not draw: real cloth, moved from a masked face to another, and skin-coloured prints."""

import cv2
import numpy as np
from draw import fill, light, outline_low, outline_worn, size_of

SLUNG = 0.5  # of the masks below the nose run up to the ears
ANCHORS = [*range(17), 27, 36, 39, 42, 45]  # the jaw, the root of the nose, the corners of the eyes


def sew(picture, points, cloth, cloth_points, rng, worn):
    """The bare face `picture` with what the masked face `cloth` (worn, same size, BGR) shows below an edge.

    The edge lies between the root of the nose and its tip (`worn`) or below the nose; above a real mask's own edge it
    takes the other one's nose along, so that what lies below is a mask worn right all the same.
    """
    lowest = 0.95 if rng.random() < 0.5 else 0.4
    outline, _ = outline_worn(points, rng, lowest) if worn else outline_low(points, rng, SLUNG)
    alpha = fill(outline, picture.shape[:2], rng)
    matrix, _ = cv2.estimateAffine2D(cloth_points[ANCHORS], points[ANCHORS], ransacReprojThreshold=1e3)
    if matrix is None or alpha.max() <= 0:
        return None
    size = size_of(points)
    matrix[:, 2] += rng.normal(0, 0.03 * size, 2)
    if not worn:  # the cloth over the mouth, not its upper edge, which a low mask would show above the mouth
        matrix[:, 2] -= (points[8] - points[27]) * rng.uniform(-0.05, 0.12)
    moved = cv2.warpAffine(cloth, matrix, picture.shape[1::-1], flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    moved = moved.astype(np.float32)
    if rng.random() < 0.5:  # as bright as the face
        moved *= np.clip(_level(picture, points) / _level(cloth, cloth_points), 0.5, 2)
    if rng.random() < 0.4:  # another dye
        moved = moved[:, :, rng.permutation(3)] * rng.uniform(0.7, 1.3, 3)
    out = _shaded(picture, alpha, size, rng)
    out += alpha[..., None] * (moved - out)
    return np.clip(out, 0, 255).astype(np.uint8)


def print_skin(picture, points, rng, worn):
    """A mask of the skin's colour, more or less, often with a mouth, a smile or a beak painted on."""
    outline, _ = outline_worn(points, rng, 0.95) if worn else outline_low(points, rng, SLUNG)
    height, width = picture.shape[:2]
    alpha = fill(outline, (height, width), rng)
    if alpha.max() <= 0:
        return picture
    places = np.clip(points[[1, 15, 27, 30]].astype(int), 0, [width - 1, height - 1])
    skin = picture[places[:, 1], places[:, 0]].astype(np.float32)
    cloth = np.empty(picture.shape, np.float32)
    cloth[:] = skin[rng.integers(4)] * rng.uniform(0.75, 1.25) + rng.normal(0, 10, 3)
    cloth += rng.normal(0, rng.uniform(0, 5), (height, width, 1))
    size = size_of(points)
    if rng.random() < 0.75:
        _paint(cloth, points, size, rng)
    cloth = light(cloth, picture, alpha, rng)
    out = _shaded(picture, alpha, size, rng)
    out += alpha[..., None] * (cloth - out)
    return np.clip(out, 0, 255).astype(np.uint8)


def _paint(cloth, points, size, rng):
    """Lips, a smile's bow or a filled shape near where the mouth is."""
    x, y = points[62] + (points[8] - points[62]) * rng.uniform(-0.2, 0.5) + rng.normal(0, 0.03 * size, 2)
    axes = (max(2, round(size * rng.uniform(0.1, 0.32))), max(1, round(size * rng.uniform(0.03, 0.16))))
    colour = tuple(float(v) for v in rng.uniform([0, 0, 40], [120, 110, 230]))
    thick = -1 if rng.random() < 0.4 else max(1, round(size * rng.uniform(0.015, 0.05)))
    turn = float(np.degrees(np.arctan2(*(points[45] - points[36])[::-1])))
    begin, end = (0, 360) if rng.random() < 0.4 else (float(rng.uniform(0, 30)), float(rng.uniform(150, 180)))
    cv2.ellipse(cloth, (round(float(x)), round(float(y))), axes, turn, begin, end, colour, thick, cv2.LINE_AA)


def _shaded(picture, alpha, size, rng):
    """The picture with the shadow along the upper edge, half of the time."""
    out = picture.astype(np.float32)
    if rng.random() < 0.5:
        shift = max(1, round(0.03 * size))
        shade = cv2.GaussianBlur(np.roll(alpha, -shift, 0), (0, 0), shift)
        out *= 1 - rng.uniform(0.1, 0.5) * shade[..., None]
    return out


def _level(picture, points):
    """Mean brightness around the eyes."""
    left, top = np.maximum(points[17:48].min(0).astype(int), 0)
    right, bottom = points[36:48].max(0).astype(int) + 1
    part = picture[top:bottom, left:right]
    return float(part.mean()) + 5 if part.size else 128.0
