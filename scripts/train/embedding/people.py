"""Faces as the network sees them, a batch at a time in torch: people who do not exist, masks laid over, careless cameras.

Pictures are N x 3 x CANVAS x CANVAS, blue, green, red from 0 to 255, aligned as canvases.py has them.
"""

import math

import torch
import torch.nn.functional as F
from canvases import CANVAS, MARGIN
from faces import ARCFACE, SIDE

GRID = 5
MOVED = 2.2  # pixels by which features are moved, standard deviation; the eyes are 35 apart
EYES = (MARGIN + 30, MARGIN + 63)  # rows of brows and eyes
EDGE = 4.0  # pixels over which the eyes of another fade out


def blended(ones, others, parts):
    """Ones and, by `parts` (N, 0..1), others."""
    return ones.lerp(others, parts.view(-1, 1, 1, 1))


def exchanged(ones, others):
    """The faces with the eyes and brows of others, in their own light."""
    rows = torch.arange(CANVAS, device=ones.device, dtype=torch.float32) + 0.5
    band = torch.sigmoid((rows - EYES[0]) / EDGE) * torch.sigmoid((EYES[1] - rows) / EDGE)
    columns = torch.sigmoid((rows - MARGIN - 14) / EDGE) * torch.sigmoid((CANVAS - MARGIN - 14 - rows) / EDGE)
    part = (band[:, None] * columns[None])[None, None]
    mean = lambda pictures: (pictures * part).sum((2, 3), keepdim=True) / part.sum()
    light = mean(ones) - mean(others)
    return ones + part * (others + light - ones)


def reshaping(count, device):
    """Where to take the pixels (N x CANVAS x CANVAS x 2, -1 to 1) of faces with moved features, aligned again."""
    across, down = MOVED / math.sqrt(2) * torch.randn(2, count, 1, GRID, GRID, device=device)
    moves = torch.cat([across - across.flip(3), down + down.flip(3)], 1)
    moves = F.interpolate(moves, size=(CANVAS, CANVAS), mode="bicubic", align_corners=False)
    five = torch.tensor(ARCFACE + MARGIN, dtype=torch.float32, device=device)
    at = (five / CANVAS * 2 - 1).view(1, 1, 5, 2).expand(count, -1, -1, -1)
    moved = five - F.grid_sample(moves, at, align_corners=False)[:, :, 0].transpose(1, 2)
    # Back from aligned places to the reshaped face, then by the moves to the face there is.
    matrix = similarity(five.expand(count, -1, -1), moved)
    places = pixel_centres(device) @ matrix[:, :, :2].transpose(1, 2) + matrix[:, None, :, 2]
    places = places.view(count, CANVAS, CANVAS, 2)
    grid = places / CANVAS * 2 - 1
    taken = F.grid_sample(moves, grid, align_corners=False, padding_mode="border").permute(0, 2, 3, 1)
    return grid + taken * 2 / CANVAS


def pixel_centres(device):
    steps = torch.arange(CANVAS, device=device, dtype=torch.float32) + 0.5
    ys, xs = torch.meshgrid(steps, steps, indexing="ij")
    return torch.stack([xs, ys], -1).view(-1, 2)


def similarity(source, target):
    """N x 2 x 3: the similarities from N x K x 2 points to others with the least squared error."""
    p, q = source - source.mean(1, keepdim=True), target - target.mean(1, keepdim=True)
    norm = p.pow(2).sum((1, 2))
    a = (p * q).sum((1, 2)) / norm
    b = (p[..., 0] * q[..., 1] - p[..., 1] * q[..., 0]).sum(1) / norm
    linear = torch.stack([torch.stack([a, -b], -1), torch.stack([b, a], -1)], -2)
    offset = target.mean(1) - (linear @ source.mean(1)[..., None])[..., 0]
    return torch.cat([linear, offset[..., None]], -1)


def aligned(pictures):
    """The middle of the canvas, as landmarks of a bare face align it."""
    return pictures[..., MARGIN : MARGIN + SIDE, MARGIN : MARGIN + SIDE]


def misaligned(pictures):
    """N x 3 x SIDE x SIDE, with an alignment as far off as landmarks under a mask are; half of them mirrored."""
    count, device = len(pictures), pictures.device
    far = torch.where(torch.rand(count, device=device) < 0.8, 1.0, 2.0)
    normal = lambda deviation: torch.randn(count, device=device) * deviation * far
    angle, scale = torch.deg2rad(normal(2.0)), normal(0.03).exp() * SIDE / CANVAS
    flip = torch.where(torch.rand(count, device=device) < 0.5, 1.0, -1.0)
    a, b = scale * torch.cos(angle), scale * torch.sin(angle)
    dx, dy = normal(1.2) * 2 / CANVAS, normal(1.8) * 2 / CANVAS
    theta = torch.stack([torch.stack([a * flip, -b, dx], -1), torch.stack([b * flip, a, dy], -1)], -2)
    grid = F.affine_grid(theta, (count, 3, SIDE, SIDE), align_corners=False)
    return F.grid_sample(pictures, grid, align_corners=False)


def careless(views):
    """Blur, low resolution, light, colour and noise, as cameras at doors have them; each on a part of the views."""
    count, device = len(views), views.device
    some = lambda part: torch.rand(count, 1, 1, 1, device=device) < part
    between = lambda low, high, planes=1: low + (high - low) * torch.rand(count, planes, 1, 1, device=device)
    views = torch.where(some(0.25), blurred(views, between(0.4, 1.4)), views)
    side = int(torch.randint(40, 96, (1,)))
    small = F.interpolate(F.interpolate(views, size=(side, side), mode="area"), size=(SIDE, SIDE), mode="bilinear", align_corners=False)
    views = torch.where(some(0.15), small, views)
    views = torch.where(some(0.4), views * between(0.7, 1.3) + between(-25, 25), views)
    views = torch.where(some(0.3), views * between(0.88, 1.12, 3), views)
    views = torch.where(some(0.1), views.mean(1, keepdim=True), views)
    slope = torch.linspace(-1, 1, SIDE, device=device).view(1, 1, 1, SIDE)
    views = torch.where(some(0.2), views * (1 + between(-0.35, 0.35) * slope), views)
    views = torch.where(some(0.2), 255 * (views.clamp(0, 255) / 255 + 1e-4) ** between(-0.5, 0.5).exp(), views)
    views = torch.where(some(0.25), views + between(1, 9) * torch.randn_like(views), views)
    return views.clamp(0, 255)


def blurred(views, sigma):
    """Gauss of a deviation (N x 1 x 1 x 1, pixels) of each its own."""
    count, planes, side, _ = views.shape
    steps = torch.arange(-4, 5, device=views.device, dtype=torch.float32)
    taps = torch.exp(-0.5 * (steps / sigma.view(-1, 1)) ** 2)
    taps = (taps / taps.sum(1, keepdim=True)).repeat_interleave(planes, 0)
    flat = views.reshape(1, count * planes, side, side)
    flat = F.conv2d(F.pad(flat, (4, 4, 0, 0), mode="reflect"), taps[:, None, None], groups=count * planes)
    flat = F.conv2d(F.pad(flat, (0, 0, 4, 4), mode="reflect"), taps[:, None, :, None], groups=count * planes)
    return flat.view(views.shape)
