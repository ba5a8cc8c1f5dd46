"""JPEG as a coder of cameras leaves pictures, on any device."""

import math

import numpy as np
import torch

# Luminance table of the JPEG standard (annex K), for quality 50.
TABLE = np.array(
    [[16, 11, 10, 16, 24, 40, 51, 61], [12, 12, 14, 19, 26, 58, 60, 55], [14, 13, 16, 24, 40, 57, 69, 56],
     [14, 17, 22, 29, 51, 87, 80, 62], [18, 22, 37, 56, 68, 109, 103, 77], [24, 35, 55, 64, 81, 104, 113, 92],
     [49, 64, 78, 87, 103, 121, 120, 101], [72, 92, 95, 98, 112, 100, 103, 99]], np.float32)
COSINES = np.array(
    [[math.sqrt((1 if k == 0 else 2) / 8) * math.cos(math.pi * (2 * n + 1) * k / 16) for n in range(8)] for k in range(8)],
    np.float32)


def coded(views, quality):
    """What JPEG of these qualities (one a view, 1..100) leaves of grey views (B x 1 x N x N, N a multiple of 8, 0..255)."""
    device, side = views.device, views.shape[-1] // 8
    cosines, table = torch.from_numpy(COSINES).to(device), torch.from_numpy(TABLE).to(device)
    scale = torch.where(quality < 50, 50 / quality, 2 - quality / 50).view(-1, 1, 1, 1, 1)
    steps = (table * scale).round().clamp(min=1)
    blocks = views.reshape(-1, side, 8, side, 8).transpose(2, 3) - 128
    figures = cosines @ blocks @ cosines.t()
    blocks = cosines.t() @ ((figures / steps).round() * steps) @ cosines + 128
    return blocks.transpose(2, 3).reshape(views.shape)
