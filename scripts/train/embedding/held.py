"""What the embedding network is measured by: faces of people none of whom is trained on."""

import numpy as np
import torch
import torch.nn.functional as F
from draw import draw_mask
from embedding.people import misaligned

ROUNDS = 3  # masks a face
RATES = (1e-2, 1e-3)
PART = 256  # views at a time


def held_masks(faces):
    """Faces kept aside with drawn masks, ROUNDS of each: M x CANVAS x CANVAS x 3."""
    pictures, points = faces.pictures[faces.held], faces.points[faces.held].astype(np.float64)
    views = []
    for turn in range(ROUNDS):
        for index in range(len(pictures)):
            rng = np.random.default_rng([9 + turn, index])
            views.append(draw_mask(pictures[index], points[index], rng, texture=pictures[rng.integers(len(pictures))]))
    return np.stack(views)


class Held:
    """Faces kept aside: masked as in the training, compared with other pictures of the same people and of others.

    `as_input` makes of pictures what the network takes.
    """

    def __init__(self, masked, faces, as_input, device):
        masked = torch.from_numpy(masked).permute(0, 3, 1, 2).to(device)
        torch.manual_seed(5)
        with torch.no_grad():
            self.views = as_input(torch.cat([misaligned(part.float()) for part in masked.split(PART)]))
        self.bare = F.normalize(torch.from_numpy(faces.embedding)).to(device)
        names = faces.person[faces.held]
        same = names[:, None] == names[None]
        tile = lambda pairs: torch.from_numpy(np.tile(pairs, (ROUNDS, 1))).to(device)
        self.genuine, self.impostor = tile(same & ~np.eye(len(names), dtype=bool)), tile(~same)
        self.targets = self.bare.repeat(ROUNDS, 1)

    def measure(self, network):
        with torch.no_grad():
            found = torch.cat([F.normalize(network(part).float()) for part in self.views.split(PART)])
        near = (1 - (found * self.targets).sum(1)).mean().item()
        scores = found @ self.bare.T
        impostors = scores[self.impostor].sort().values
        parts = []
        for rate in RATES:
            threshold = impostors[int((1 - rate) * len(impostors))].item()
            missed = (scores[self.genuine] < threshold).float().mean().item()
            parts.append(f"{100 * missed:.1f} % missed at FMR {rate:g} ({threshold:.3f})")
        return f"kept aside 1 - cosine {near:.4f}, {', '.join(parts)}"
