"""Draws masks over faces: many shapes, colours, textures and placements, from the 68 landmarks of the bare face."""

import cv2
import numpy as np

COMMON = [  # blue, green, red of what is worn most
    (235, 235, 235), (220, 190, 150), (200, 160, 110), (190, 200, 150), (30, 30, 30), (60, 55, 50),
    (130, 130, 130), (190, 170, 235), (120, 70, 40), (245, 240, 230), (90, 60, 130), (60, 110, 60),
]


def draw_mask(picture, points, rng, worn=True, texture=None, lowest=0.6, slung=0.0):
    """The picture (H x W x 3, BGR) with a mask over the face with these 68 `points`; see mask_layers."""
    keep, cover = mask_layers(picture, points, rng, worn, texture, lowest, slung)
    return np.clip(keep * picture + cover, 0, 255).astype(np.uint8)


def mask_layers(picture, points, rng, worn=True, texture=None, lowest=0.6, slung=0.0):
    """A mask for the face with these 68 `points` in the picture (H x W x 3, BGR), as what to keep of the picture (H x W x 1,
    0..1) and what to add to it (H x W x 3, 0..255).

    `worn`: over nose and mouth; otherwise the nose stays out, and sometimes the mouth too. `texture`: another picture,
    whose pixels may serve as a pattern. `lowest`: how far down the nose the upper edge of a worn mask may lie, 0 under
    its root and 1 at the tip. `slung`: how many of the low ones run from below the nose up to the ears, as worn ones do.
    """
    outline, corners = outline_worn(points, rng, lowest) if worn else outline_low(points, rng, slung)
    height, width = picture.shape[:2]
    keep, cover = np.ones((height, width, 1), np.float32), np.zeros((height, width, 3), np.float32)
    alpha = fill(outline, (height, width), rng)
    if alpha.max() <= 0:
        return keep, cover
    cloth = _cloth(picture, points, outline, rng, texture)
    cloth = light(cloth, picture, alpha, rng)
    if rng.random() < 0.5:  # the shadow along the upper edge
        shift = max(1, round(0.03 * size_of(points)))
        shade = cv2.GaussianBlur(np.roll(alpha, -shift, 0), (0, 0), shift)
        keep *= 1 - rng.uniform(0.1, 0.5) * shade[..., None]
    if rng.random() < 0.7:
        _straps(keep, cover, points, corners, rng)
    keep *= 1 - alpha[..., None]
    cover += alpha[..., None] * (cloth - cover)
    return keep, cover


def size_of(points):
    """Distance of the eyes from the chin, pixels."""
    eyes = points[36:48].mean(0)
    return float(np.hypot(*(points[8] - eyes))) + 1e-3


def _between(a, b, t):
    return a + (b - a) * t


def outline_worn(points, rng, lowest):
    p = points
    up = p[27] - p[8]
    unit = up / (np.hypot(*up) + 1e-6)
    top = _between(p[28], p[30], rng.uniform(-0.55, lowest)) + unit * 0.02 * size_of(p)
    return _outline(p, rng, top, low=False)


def outline_low(points, rng, slung):
    p = points
    if slung and rng.random() < slung:
        return _outline(p, rng, _between(p[33], p[51], rng.uniform(0.05, 0.7)), low=False)
    if rng.random() < 0.8:  # over the mouth, below the nose
        top = _between(p[33], p[51], rng.uniform(0.05, 0.9))
    else:  # on the chin
        top = _between(p[57], p[8], rng.uniform(0.05, 0.45))
    return _outline(p, rng, top, low=True)


def _outline(p, rng, top, low):
    size = size_of(p)
    down = (p[8] - p[27]) / (np.hypot(*(p[8] - p[27])) + 1e-6)
    across = np.array([down[1], -down[0]])
    kind = rng.choice(["jaw", "narrow", "box", "cup", "scarf"], p=[0.42, 0.16, 0.2, 0.12, 0.1])
    first = rng.uniform(3.0, 5.0) if low else rng.uniform(1.2, 4.0)
    skew = rng.normal(0, 0.25)
    left = _jaw(p, first + skew)
    right = _jaw(p, 16 - first + skew)
    inset = {"jaw": rng.uniform(-0.04, 0.08), "narrow": rng.uniform(0.1, 0.28), "box": rng.uniform(0.02, 0.2),
             "cup": rng.uniform(0.08, 0.25), "scarf": rng.uniform(-0.1, 0.02)}[kind]
    centre = (left + right) / 2
    left, right = _between(left, centre, inset), _between(right, centre, inset)
    if low:  # the corners follow the upper edge
        lift = max(0.0, float((left + right - 2 * top) @ down) / 2 - rng.uniform(-0.05, 0.2) * size)
        left, right = left - down * lift, right - down * lift
    sag = rng.uniform(-0.1, 0.08) * size  # how the edge runs over the cheeks
    bridge = rng.uniform(0.03, 0.14) * size
    cheek = rng.uniform(0.3, 0.6)
    upper = [
        left,
        _between(left, top, cheek) + down * sag,
        top - across * bridge + down * rng.uniform(0, 0.03) * size,
        top + across * bridge + down * rng.uniform(0, 0.03) * size,
        _between(right, top, cheek) + down * sag,
        right,
    ]
    if across @ (right - left) < 0:
        upper[2], upper[3] = upper[3], upper[2]
    chin = p[8] + down * rng.uniform(-0.1, 0.12) * size
    if kind == "box":
        half = rng.uniform(0.35, 0.9)
        lower = [_between(right, chin + (right - centre) * half, 0.9), _between(left, chin + (left - centre) * half, 0.9)]
        lower.insert(1, chin + down * rng.uniform(0, 0.05) * size)
    elif kind == "cup":
        lower = [_between(right, chin, 0.5) + down * 0.1 * size, chin, _between(left, chin, 0.5) + down * 0.1 * size]
    elif kind == "scarf":
        fall = down * rng.uniform(0.3, 0.8) * size
        lower = [right + fall * 0.8, chin + fall, left + fall * 0.8]
    else:
        swell = rng.uniform(0.0, 0.12)
        indices = np.linspace(16 - first + skew, first + skew, 9)[1:-1]
        lower = [_between(_jaw(p, i), centre, inset * 0.8 - swell) for i in indices]
        lower[3] = chin
    outline = np.array(upper + lower)
    outline += rng.normal(0, 0.012 * size, outline.shape)
    return (_smooth(outline) if rng.random() < 0.75 else outline), (left, right)


def _jaw(p, index):
    index = min(max(index, 0), 16)
    low = min(int(index), 15)
    return _between(p[low], p[low + 1], index - low)


def _smooth(outline):
    """Chaikin's corner cutting, twice."""
    for _ in range(2):
        following = np.roll(outline, -1, 0)
        outline = np.stack([0.75 * outline + 0.25 * following, 0.25 * outline + 0.75 * following], 1).reshape(-1, 2)
    return outline


def fill(outline, shape, rng):
    alpha = np.zeros(shape, np.uint8)
    cv2.fillPoly(alpha, [np.round(outline * 16).astype(np.int32)], 255, cv2.LINE_AA, 4)
    alpha = alpha.astype(np.float32) / 255
    if rng.random() < 0.6:
        alpha = cv2.GaussianBlur(alpha, (0, 0), rng.uniform(0.4, 1.4))
    return alpha * (1.0 if rng.random() < 0.9 else rng.uniform(0.8, 1.0))


def _colour(rng):
    if rng.random() < 0.6:
        return np.array(COMMON[rng.integers(len(COMMON))], np.float32) + rng.normal(0, 12, 3).astype(np.float32)
    return rng.uniform(0, 255, 3).astype(np.float32)


def _cloth(picture, points, outline, rng, texture):
    shape = picture.shape
    height, width = shape[:2]
    size = size_of(points)
    cloth = np.empty(shape, np.float32)
    cloth[:] = _colour(rng)
    if rng.random() < 0.12:  # the colour of the skin, more or less
        skin = picture[tuple(np.clip(points[[1, 15, 27]].astype(int)[:, ::-1].T, 0, np.array(shape[:2])[:, None] - 1))]
        cloth[:] = skin[rng.integers(3)] + rng.normal(0, 15, 3)
    angle = np.arctan2(*(points[45] - points[36])[::-1]) + rng.normal(0, 0.05)
    ys, xs = np.mgrid[:height, :width].astype(np.float32)
    along = (xs - points[33][0]) * np.cos(angle) + (ys - points[33][1]) * np.sin(angle)
    below = -(xs - points[33][0]) * np.sin(angle) + (ys - points[33][1]) * np.cos(angle)
    kind = rng.choice(["plain", "pleats", "stripes", "checks", "dots", "blotches", "picture", "seam"],
                      p=[0.24, 0.2, 0.09, 0.08, 0.08, 0.1, 0.13, 0.08])
    period = size * rng.uniform(0.06, 0.35)
    other = _colour(rng)
    if kind == "pleats":
        cloth += (rng.uniform(8, 30) * np.sin(2 * np.pi * below / (size * rng.uniform(0.12, 0.3))))[..., None]
    elif kind == "stripes":
        turn = rng.uniform(0, np.pi)
        cloth[np.sin(2 * np.pi * (along * np.cos(turn) + below * np.sin(turn)) / period) > rng.uniform(-0.5, 0.7)] = other
    elif kind == "checks":
        cloth[(np.sin(2 * np.pi * along / period) > 0) ^ (np.sin(2 * np.pi * below / period) > 0)] = other
    elif kind == "dots":
        cloth[np.sin(2 * np.pi * along / period) * np.sin(2 * np.pi * below / period) > rng.uniform(0.2, 0.8)] = other
    elif kind == "blotches":
        noise = cv2.resize(rng.normal(0, 1, (rng.integers(3, 12),) * 2).astype(np.float32), (width, height), interpolation=cv2.INTER_CUBIC)
        weight = 1 / (1 + np.exp(-noise * rng.uniform(1, 8)))
        cloth += weight[..., None] * (other - cloth)
    elif kind == "picture" and texture is not None:
        side = min(texture.shape[:2])
        cut = int(rng.integers(side // 3, side + 1))
        x, y = rng.integers(0, texture.shape[1] - cut + 1), rng.integers(0, texture.shape[0] - cut + 1)
        cloth = cv2.resize(texture[y : y + cut, x : x + cut], (width, height)).astype(np.float32)
        cloth = cloth[:, :, rng.permutation(3)]
    elif kind == "seam":
        cloth *= (1 - rng.uniform(0.1, 0.4) * np.exp(-((along / (0.02 * size + 0.5)) ** 2)))[..., None]
    # Round the head: darker to the sides, and to one of them.
    reach = np.abs(outline[:, 0] - points[33][0]).max() + 1
    bend = np.clip(along / reach, -1, 1)
    cloth *= (1 - rng.uniform(0, 0.4) * bend**2 + rng.uniform(-0.25, 0.25) * bend)[..., None]
    return cloth + rng.normal(0, rng.uniform(0, 6), (height, width, 1)).astype(np.float32)


def light(cloth, picture, alpha, rng):
    """Some of the light and shade of the face lies on the mask too."""
    grey = picture.astype(np.float32).mean(2)
    inside = float((grey * alpha).sum() / (alpha.sum() + 1e-6)) + 1
    level = (inside / 120) ** rng.uniform(0, 0.8)
    small = cv2.resize(grey, (24, 24), interpolation=cv2.INTER_AREA)
    soft = cv2.resize(cv2.GaussianBlur(small, (0, 0), rng.uniform(0.5, 2)), grey.shape[::-1])
    relief = np.clip(soft / inside, 0.4, 1.8) ** rng.uniform(0, 0.8)
    return np.clip(cloth * level * relief[..., None], 0, 255)


def _straps(keep, cover, points, corners, rng):
    colour = tuple(float(v) for v in np.clip(_colour(rng), 0, 255))
    thick = max(1, round(0.02 * size_of(points)))
    for corner, ear in zip(corners, (points[0], points[16])):
        outward = ear + (ear - points[30]) * rng.uniform(0, 0.1)
        ends = tuple(int(v) for v in corner), tuple(int(v) for v in outward)
        cv2.line(cover, *ends, colour, thick, cv2.LINE_AA)
        cv2.line(keep, *ends, 0.0, thick, cv2.LINE_AA)
