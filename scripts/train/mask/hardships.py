"""What makes masks hard to tell: faces small, coded or dark, and things that hide a bare mouth."""

import cv2
import numpy as np


def far(view, rng):
    """A face far off, 14 to 40 pixels wide, as video coders leave it: blocks and all."""
    side = view.shape[0]
    small = int(rng.integers(14, 41))
    view = cv2.resize(view, (small, small), interpolation=cv2.INTER_AREA)
    if rng.random() < 0.6:
        view = coded(view, rng, 25, 80)
    how = cv2.INTER_LINEAR if rng.random() < 0.7 else cv2.INTER_CUBIC
    return cv2.resize(view, (side, side), interpolation=how)


def dark(view, rng):
    """A little of the light, with the noise of a sensor that amplifies it more or less."""
    light = rng.uniform(0.06, 0.4)
    view = view.astype(np.float32) * light + rng.normal(0, rng.uniform(1, 5), view.shape)
    return np.clip(view * rng.uniform(1, 0.7 / light), 0, 255).astype(np.uint8)


def coded(view, rng, lowest, highest):
    _, data = cv2.imencode(".jpg", view, [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(lowest, highest))])
    return cv2.imdecode(data, cv2.IMREAD_COLOR)


def bearded(picture, points, rng):
    """A beard or the shadow of one over the lower face: dark, without an edge at its top."""
    size = float(np.hypot(*(points[8] - points[36:48].mean(0)))) + 1e-3
    low, high = points[3:14], points[[12, 54, 53, 51, 49, 48, 4]]
    height, width = picture.shape[:2]
    alpha = np.zeros((height, width), np.uint8)
    cv2.fillPoly(alpha, [np.round(np.concatenate([low, high]) * 16).astype(np.int32)], 255, cv2.LINE_AA, 4)
    cv2.fillPoly(alpha, [np.round(points[48:60] * 16).astype(np.int32)], int(rng.integers(0, 120)), cv2.LINE_AA, 4)
    alpha = cv2.GaussianBlur(alpha.astype(np.float32) / 255, (0, 0), size * rng.uniform(0.03, 0.1)) * rng.uniform(0.3, 0.9)
    hair = np.array([25, 30, 38], np.float32) * rng.uniform(0.4, 4)
    strands = cv2.resize(rng.normal(0, 12, (height // 2, width // 2)).astype(np.float32), (width, height))
    out = picture + alpha[..., None] * (hair + strands[..., None] - picture)
    return np.clip(out, 0, 255).astype(np.uint8)


def handed(picture, points, rng):
    """Fingers of the skin's colour before mouth or chin."""
    size = float(np.hypot(*(points[8] - points[36:48].mean(0)))) + 1e-3
    height, width = picture.shape[:2]
    x, y = np.clip(points[rng.choice([2, 14, 30])].astype(int), 0, [width - 1, height - 1])
    skin = picture[y, x].astype(np.float32) * rng.uniform(0.6, 1.15)
    tip = points[rng.choice([48, 54, 57, 33, 30, 8])] + rng.normal(0, 0.12 * size, 2)
    toward = rng.uniform(-0.05 * np.pi, 1.05 * np.pi)  # the hand comes from below or from a side
    along = np.array([np.cos(toward), np.sin(toward)])
    across = np.array([-along[1], along[0]])
    thick = size * rng.uniform(0.1, 0.17)
    out = picture.copy()
    for finger in range(int(rng.integers(1, 6))):
        end = tip + across * thick * (finger - 1.5) + along * rng.normal(0, 0.1 * size)
        line = [tuple(int(v) for v in end), tuple(int(v) for v in end + along * 2 * size)]
        cv2.line(out, *line, tuple(float(v) for v in skin * rng.uniform(0.65, 0.95)), max(2, round(thick * 1.15)), cv2.LINE_AA)
        cv2.line(out, *line, tuple(float(v) for v in skin * rng.uniform(0.95, 1.05)), max(1, round(thick)), cv2.LINE_AA)
    return cv2.GaussianBlur(out, (0, 0), 0.6)
