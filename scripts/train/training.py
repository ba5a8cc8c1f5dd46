"""What every training has: its command line, its schedule, a learner with a running mean of the weights, and the loop."""

import argparse
import contextlib
import time

import cv2
import torch

TOLD_EVERY = 30.0  # seconds


def options_of(description, batch, workers=None):
    """A parser of FACES.npz OUT.onnx (--steps N | --seconds N) [--batch N], and [--workers N] where some draw."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("faces")
    parser.add_argument("out")
    length = parser.add_mutually_exclusive_group(required=True)
    length.add_argument("--steps", type=int, help="of the training; repeatable as far as the device's sums are")
    length.add_argument("--seconds", type=float, help="of the training, after all is read; another network each time")
    parser.add_argument("--batch", type=int, default=batch)
    if workers is not None:
        parser.add_argument("--workers", type=int, default=workers, help="processes that draw beside the training")
    return parser


def prepare():
    """Sets libraries up, before anything is drawn or trained."""
    cv2.setNumThreads(1)
    torch.set_flush_denormal(True)


def device_of(exact=False):
    """The GPU where torch finds one, else the processor. `exact`: no sums of fewer bits (TF32)."""
    torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = not exact
    torch.backends.cudnn.benchmark = not exact
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


class Learner:
    """Weights in training and their running mean, which is what counts in the end.

    `groups`: [{"params": tensors, "share": of the rate}]. `keep`: from the number of steps to the part of the mean that
    stays. `largest`: norm above which gradients are made smaller; steps whose gradients are no figures are left out.
    """

    def __init__(self, groups, decay, keep, largest=float("inf")):
        self.optimiser = torch.optim.AdamW(groups, weight_decay=decay)
        self.weights = [weight for group in groups for weight in group["params"]]
        self.means = [weight.detach().clone() for weight in self.weights]
        self.keep, self.largest, self.steps = keep, largest, 0

    def step(self, loss, rate):
        for group in self.optimiser.param_groups:
            group["lr"] = rate * group["share"]
        self.optimiser.zero_grad()
        loss.backward()
        if not torch.isfinite(torch.nn.utils.clip_grad_norm_(self.weights, self.largest)):
            return
        self.optimiser.step()
        self.steps += 1
        keep = self.keep(self.steps)
        with torch.no_grad():
            torch._foreach_mul_(self.means, keep)
            torch._foreach_add_(self.means, [weight.detach() for weight in self.weights], alpha=1 - keep)

    def settle(self):
        """Makes the mean weights the weights."""
        put(self.weights, self.means)

    @contextlib.contextmanager
    def averaged(self):
        """The weights are the mean ones meanwhile."""
        own = [weight.detach().clone() for weight in self.weights]
        put(self.weights, self.means)
        try:
            yield
        finally:
            put(self.weights, own)


def put(weights, values):
    with torch.no_grad():
        for weight, value in zip(weights, values):
            weight.copy_(value)


def young(longest):
    """A `keep` of Learner: `longest` in the end, less while the weights are young."""
    return lambda steps: min(longest, (1 + steps) / (10 + steps))


def run(task, options):
    """Steps until the schedule is done: task.step(part of it, 0..1). Tells task.report() and writes task.save(OUT)
    before, after, and about every half minute."""
    begun, told, step = time.time(), 0.0, 0
    gone = lambda: time.time() - begun

    def tell():
        print(f"{gone():.0f} s, step {step}: {task.report()}", flush=True)
        task.save(options.out)

    tell()
    while (part := step / options.steps if options.steps else gone() / options.seconds) < 1:
        task.step(part)
        step += 1
        if gone() - told > TOLD_EVERY:
            tell()
            told = gone()
    tell()
    print(options.out)
