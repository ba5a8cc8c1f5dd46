"""Views of aligned faces as the landmark network gets them, a batch at a time on any device.

Canvases are grey, 128 x 128; a view is the upright crop of the detector's box (src/vision/landmarks.ts), 64 x 64.
Coordinates have (0.5, 0.5) as the centre of the first pixel.
"""

import math

import torch
import torch.nn.functional as F
from landmarks.jpeg import coded

SIDE = 64
CANVAS = 128
NEVER = 1e6


def normal(size, spread, device):
    return torch.randn(size, device=device) * spread


def uniform(size, low, high, device):
    return torch.rand(size, device=device) * (high - low) + low


def turn(angles):
    """Rotations, B x 2 x 2."""
    c, s = angles.cos(), angles.sin()
    return torch.stack([torch.stack([c, -s], 1), torch.stack([s, c], 1)], 1)


def crops(boxes, rolls, shift=None, zoom=None, angle=None, stretch=None):
    """B x 2 x 3 matrices from the pixels of a view to those of the canvas.

    `boxes`: centre and side in the canvas; `rolls`: by which angle the picture was turned to give the canvas. `shift`
    (parts of the side, B x 2), `zoom` (factor of the side), `angle` (radians) and `stretch` (B x 2 x 2) disturb them.
    """
    step = boxes[:, 2] / SIDE * (1 if zoom is None else zoom)
    linear = turn(rolls if angle is None else rolls + angle) * step[:, None, None]
    if stretch is not None:
        linear = linear @ stretch
    centre = boxes[:, :2]
    if shift is not None:
        centre = centre + (turn(rolls) @ (shift * boxes[:, 2:])[:, :, None])[:, :, 0]
    middle = torch.full((2, 1), SIDE / 2, device=boxes.device)
    return torch.cat([linear, centre[:, :, None] - linear @ middle], 2)


def jittered(boxes, rolls, shift, zoom, angle, stretch=0.0):
    """crops() disturbed at random by these standard deviations (parts of the side, of the logarithm, degrees)."""
    size, device = len(boxes), boxes.device
    skew = None
    if stretch > 0:
        skew = torch.eye(2, device=device) + normal((size, 2, 2), stretch, device)
    return crops(
        boxes,
        rolls,
        normal((size, 2), shift, device),
        normal(size, zoom, device).exp(),
        normal(size, math.radians(angle), device),
        skew,
    )


def to_canvas(matrices, points):
    """Points in parts of the view, in pixels of the canvas."""
    return SIDE * points @ matrices[:, :, :2].transpose(1, 2) + matrices[:, None, :, 2]


def to_view(matrices, points):
    """Points in pixels of the canvas, in parts of the view."""
    a, b, c, d = matrices[:, :, :2].reshape(-1, 4, 1).unbind(1)
    x, y = (points - matrices[:, None, :, 2]).unbind(2)
    return torch.stack([d * x - b * y, a * y - c * x], 2) / (SIDE * (a * d - b * c))[:, :, None]


def take(canvases, matrices, ends=None):
    """Views (B x 1 x 64 x 64, 0..255) of canvases (B x 128 x 128); each pixel the mean of four samples, as shrinking
    takes in its whole area. `ends` (B x 4, pixels of the view: left, top, right, bottom): where the picture ends."""
    fine = (torch.arange(2 * SIDE, device=canvases.device) + 0.5) / 2
    grid = torch.stack(torch.meshgrid(fine, fine, indexing="xy"), -1).view(1, -1, 2)
    if ends is not None:
        grid = torch.minimum(torch.maximum(grid, ends[:, None, :2]), ends[:, None, 2:])
    places = grid @ matrices[:, :, :2].transpose(1, 2) + matrices[:, None, :, 2]
    places = (2 / CANVAS * places - 1).view(-1, 2 * SIDE, 2 * SIDE, 2)
    samples = F.grid_sample(canvases[:, None].float(), places, padding_mode="border", align_corners=False)
    return F.avg_pool2d(samples, 2)


def cut_ends(size, part, device):
    """Ends of the picture for take(): for `part` of the views each, the picture ends within the view."""
    far = torch.tensor([-NEVER, -NEVER, NEVER, NEVER], device=device).expand(size, 4)
    inside = torch.tensor([0.0, 0.0, 0.75, 0.78], device=device) + 0.25 * torch.rand(size, 4, device=device)
    chosen = torch.rand(size, 4, device=device) < part
    return torch.where(chosen, SIDE * inside, far)


def disturb(views, rng):
    """Light, resolution, blur, noise, bands over the eyes and compression, as cameras at doors have them.

    What one kernel does for many views (resolution, blur) it does for a run of them: the batch is in random order.
    """
    size, device = len(views), views.device
    some = lambda part: (torch.rand(size, 1, 1, 1, device=device) < part).float()
    spread = lambda low, high: uniform((size, 1, 1, 1), low, high, device)
    views = views.clamp(0, 255) * (1 + some(0.6) * (spread(0.8, 1.2) - 1))
    gamma = torch.exp(some(0.5) * normal((size, 1, 1, 1), 0.4, device))
    views = 255 * (views.clamp(0, 255) / 255 + 1e-6) ** gamma
    along = torch.linspace(0, 1, SIDE, device=device).view(1, 1, 1, SIDE)
    first, last = spread(0.5, 1.4), spread(0.5, 1.4)
    views = views * (1 + some(0.3) * (first + (last - first) * along - 1))
    views = coarse(views, rng)
    views = views + some(0.4) * spread(0.6, 7) * torch.randn_like(views)
    rows = torch.arange(SIDE, device=device).view(1, 1, SIDE, 1)
    top = spread(0, SIDE / 3)
    band = (rows >= top) & (rows < top + spread(4, 14)) & (some(0.12) > 0)
    views = torch.where(band, spread(0, 200), views).clamp(0, 255).round()
    count = int(0.3 * size)
    last = coded(views[size - count :], uniform(count, 30, 90, device))
    return torch.cat([views[: size - count], last]).clamp(0, 255).round()


def coarse(views, rng):
    """Fewer pixels for three tenths of the views, blur for another seventh."""
    size = len(views)
    edges = [int(size * part) for part in (0, 0.1, 0.2, 0.3, 0.37, 0.44)]
    parts = []
    for i, (begin, end) in enumerate(zip(edges, edges[1:])):
        part = views[begin:end]
        if i < 3:
            small = int(rng.integers(20, SIDE))
            part = F.interpolate(F.adaptive_avg_pool2d(part, small), size=(SIDE, SIDE), mode="bilinear", align_corners=False)
        else:
            part = blurred(part, rng.uniform(0.4, 1.5))
        parts.append(part)
    return torch.cat([*parts, views[edges[-1] :]])


def blurred(views, sigma):
    reach = torch.arange(-4, 5, device=views.device, dtype=torch.float32)
    kernel = torch.exp(-0.5 * (reach / sigma) ** 2)
    kernel = kernel / kernel.sum()
    padded = F.pad(views, (4, 4, 4, 4), mode="replicate")
    return F.conv2d(F.conv2d(padded, kernel.view(1, 1, 1, 9)), kernel.view(1, 1, 9, 1))
