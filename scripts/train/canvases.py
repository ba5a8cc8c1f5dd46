"""Faces cut out and coded, many in one file that travels, and read from it; pack.py and mask/pack.py write such files."""

from concurrent.futures import ThreadPoolExecutor

import cv2
import numpy as np
from faces import SIDE

MARGIN = 32
CANVAS = SIDE + 2 * MARGIN  # pixels; the face lies in its middle as the embedding network wants it
THREADS = 4


class Canvases:
    """The aligned faces of pack.py, canvases of `side` pixels.

    `pictures` (N x side x side x 3, BGR), `points` (N x 68 x 2, as faces.ts finds them), `boxes` (N x 3: centre
    and side of the detector's box), `rolls` (N: radians by which the picture was turned), `person` (N), `held` (N: kept
    aside), `embedding` (512 of each one kept aside, as enrolment takes it).
    """

    def __init__(self, path, side=CANVAS):
        with np.load(path) as pack:
            codes = codes_of(pack)
            scale = np.float32(side / CANVAS)
            self.points, self.boxes = pack["points"] * scale, pack["boxes"] * scale
            self.rolls, self.person, self.held = pack["rolls"], pack["person"], pack["held"]
            self.embedding = pack["embedding"].astype(np.float32)
        shrink = lambda _, picture: cv2.resize(picture, (side, side), interpolation=cv2.INTER_AREA)
        self.pictures = stacked(codes, shrink) if side != CANVAS else stacked(codes)


def codes_of(pack):
    """The coded canvases of a file, one array each."""
    return np.split(pack["codes"], pack["ends"][:-1])


def stacked(codes, change=lambda i, picture: picture):
    """The canvases decoded, as change(i, picture) leaves them."""
    with ThreadPoolExecutor(THREADS) as threads:
        decode = lambda pair: change(pair[0], cv2.imdecode(pair[1], cv2.IMREAD_COLOR))
        return np.stack(list(threads.map(decode, enumerate(codes))))


def coded(canvases):
    """What codes_of reads: the pictures as WebP, one behind the other, and where each ends."""
    codes = [cv2.imencode(".webp", canvas, [cv2.IMWRITE_WEBP_QUALITY, 84])[1].tobytes() for canvas in canvases]
    return {"codes": np.frombuffer(b"".join(codes), np.uint8), "ends": np.cumsum([len(code) for code in codes])}


def soft(picture, scale):
    """The picture averaged before it is made smaller by `scale`."""
    return cv2.GaussianBlur(picture, (0, 0), 0.4 / scale)
