"""What the networks see of a batch of canvases: the same jitter, border and light for all of them, on the GPU."""

import torch
import torch.nn.functional as F
from mask.upright import SIDE, WIDE


class Views:
    """A batch of canvases (uint8, N x SIDE x SIDE x 3, BGR) as tensors of 0..255 in RGB, disturbed unless `plain`."""

    def __init__(self, canvases, floors=None, plain=False):
        self.colour = canvases.flip(3).permute(0, 3, 1, 2).float()
        self.count, self.device, self.plain = len(canvases), canvases.device, plain
        zero = torch.zeros(self.count, device=self.device)
        self.scale, self.angle, self.dx, self.dy, self.mirror = zero + 1, zero, zero, zero, zero + 1
        self.limits = None
        if not plain:
            self._jitter()
            self._cut(floors)
            self._light()

    def _some(self, chance):
        return torch.rand(self.count, device=self.device) < chance

    def _uniform(self, low, high, *shape):
        return low + (high - low) * torch.rand(self.count, *shape, device=self.device)

    def _normal(self, deviation):
        return deviation * torch.randn(self.count, device=self.device)

    def _jitter(self):
        """Shifted, scaled and turned as detectors and heads do."""
        self.scale = torch.exp(self._normal(0.1))
        self.angle = torch.deg2rad(torch.where(self._some(0.92), self._normal(8), self._uniform(-45, 45)))
        self.dx, self.dy = self._normal(0.05), self._normal(0.05)
        high = torch.where(self._some(0.25), self._uniform(0, 0.2), torch.zeros_like(self.dx))
        self.scale, self.dy = self.scale * (1 + high), self.dy + high / 2  # the detector took the part above the mask
        self.mirror = torch.where(self._some(0.5), -1.0, 1.0)

    def _cut(self, floors):
        """The picture's border runs through the face: left, top, right and bottom, in canvas pixels."""
        box = SIDE / WIDE
        left, top = SIDE / 2 - box * self._uniform(0.22, 0.55), SIDE / 2 - box * self._uniform(0.2, 0.55)
        right = SIDE / 2 + box * self._uniform(0.22, 0.55)
        bottom = torch.maximum(floors, SIDE / 2 + box * self._uniform(0.1, 0.55))
        wide = torch.full_like(left, SIDE)
        self.limits = (
            torch.where(self._some(0.12), left, -wide), torch.where(self._some(0.15), top, -wide),
            torch.where(self._some(0.12), right, 2 * wide), torch.where(self._some(0.25), bottom, 2 * wide),
        )  # fmt: skip

    def _light(self):
        """Colour, light from a side, and a band over the eyes (sunglasses, a fringe, a cap)."""
        x = self.colour
        pick = lambda chance: self._some(chance).view(-1, 1, 1, 1)
        x = torch.where(pick(0.12), x.mean(1, keepdim=True).expand_as(x), x)
        strong = torch.where(self._some(0.15), 0.5, 0.2).view(-1, 1, 1, 1)
        x = torch.where(pick(0.6), x * (1 + strong * (2 * torch.rand(self.count, 3, 1, 1, device=self.device) - 1)), x)
        power = torch.exp(self._normal(0.4)).view(-1, 1, 1, 1)
        x = torch.where(pick(0.5), 255 * (x.clamp(1, 255) / 255) ** power, x)
        ends = self._uniform(0.45, 1.4, 2).view(-1, 1, 1, 2)
        ramp = torch.linspace(0, 1, SIDE, device=self.device)
        across = ends[..., :1] + (ends[..., 1:] - ends[..., :1]) * ramp.view(1, 1, 1, -1)
        x = torch.where(pick(0.2), x * across, torch.where(pick(0.12), x * across.transpose(2, 3), x))
        rows = torch.arange(SIDE, device=self.device).view(1, 1, -1, 1)
        first = self._uniform(0.24, 0.42).view(-1, 1, 1, 1) * SIDE
        band = (rows >= first) & (rows < first + self._uniform(4, 16).view(-1, 1, 1, 1)) & pick(0.1)
        x = torch.where(band, self._uniform(0, 200, 3, 1, 1), x)
        self.colour = x.clamp(0, 255)

    def mix(self, share):
        """Blends some with the next one; the part of itself each keeps (1 for most)."""
        keep = torch.where(self._some(share), self._uniform(0.5, 1), torch.ones_like(self.dx))
        weight = keep.view(-1, 1, 1, 1)
        self.colour = weight * self.colour + (1 - weight) * self.colour.roll(1, 0)
        return keep

    def at(self, side, factor):
        """The square `factor` times the box, `side` pixels wide: N x 3 x side x side, 0..255."""
        steps = (torch.arange(side, device=self.device) + 0.5) / side - 0.5
        y, x = torch.meshgrid(steps, steps, indexing="ij")
        x, y = x.unsqueeze(0) * self.mirror.view(-1, 1, 1), y.unsqueeze(0).expand(self.count, -1, -1)
        reach = factor / WIDE * SIDE / self.scale.view(-1, 1, 1)
        x, y = x * reach, y * reach
        cos, sin = (f(self.angle).view(-1, 1, 1) for f in (torch.cos, torch.sin))
        box = SIDE / WIDE
        column = SIDE / 2 + cos * x - sin * y - (self.dx * box).view(-1, 1, 1)
        row = SIDE / 2 + sin * x + cos * y - (self.dy * box).view(-1, 1, 1)
        if self.limits is not None:
            left, top, right, bottom = (limit.view(-1, 1, 1) for limit in self.limits)
            column = torch.minimum(torch.maximum(column, left), right)
            row = torch.minimum(torch.maximum(row, top), bottom)
        grid = torch.stack([column, row], -1) / SIDE * 2 - 1
        view = F.grid_sample(self.colour, grid, mode="bilinear", padding_mode="border", align_corners=False)
        return view if self.plain else self._sense(view)

    def _sense(self, view):
        """As a sensor has it: sharper or softer, and noise."""
        soft = F.avg_pool2d(F.pad(view, (1, 1, 1, 1), mode="replicate"), 3, 1)
        amount = torch.where(self._some(0.6), self._uniform(-0.9, 0.9), torch.zeros_like(self.dx)).view(-1, 1, 1, 1)
        view = view + amount * (view - soft)
        noise = torch.where(self._some(0.4), self._uniform(1, 10), torch.zeros_like(self.dx)).view(-1, 1, 1, 1)
        return (view + noise * torch.randn_like(view)).clamp(0, 255)
