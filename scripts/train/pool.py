"""Faces drawn all the time by processes beside the training, and the last of them on its device."""

import multiprocessing
import os
import queue

import cv2
import numpy as np
import torch

AHEAD = 8  # chunks a process draws in advance
PATIENCE = 120.0  # seconds for a chunk


class Pool:
    """`draw(row, rng)` fills one row (arrays by name) again and again; `fields` has its arrays: {name: (shape, type)}.

    Rows are handed over in chunks of `chunk`, the processes' in turn, so that the same seed gives the same rows in the
    same order. Start it before anything touches the GPU: the processes are forks of this one.
    """

    def __init__(self, fields, draw, chunk, workers, seed):
        context = multiprocessing.get_context("fork")
        self.fields, self.chunk, self.turn = fields, chunk, 0
        shape = lambda own: (workers, AHEAD, chunk, *own)
        self.memory = {name: shared(context, shape(own), kind) for name, (own, kind) in fields.items()}
        self.free, self.full = ([context.Queue() for _ in range(workers)] for _ in range(2))
        self.workers = []
        for n in range(workers):
            for place in range(AHEAD):
                self.free[n].put(place)
            self.workers.append(context.Process(target=self._work, args=(n, draw, [seed, n], os.getpid()), daemon=True))
            self.workers[-1].start()

    def _work(self, n, draw, seed, parent):
        cv2.setNumThreads(1)
        rng = np.random.default_rng(seed)
        while os.getppid() == parent:
            try:
                place = self.free[n].get(timeout=5)
            except queue.Empty:
                continue
            for i in range(self.chunk):
                draw({name: array[n, place, i, ...] for name, array in self.memory.items()}, rng)
            self.full[n].put(place)

    def take(self, wait):
        """The next chunk, arrays by name; None where it is not ready and `wait` is false."""
        n = self.turn % len(self.workers)
        try:
            place = self.full[n].get(wait, PATIENCE)
        except queue.Empty:
            if wait:
                raise RuntimeError(f"nothing drawn for {PATIENCE:.0f} s") from None
            return None
        rows = {name: array[n, place].copy() for name, array in self.memory.items()}
        self.free[n].put(place)
        self.turn += 1
        return rows

    def close(self):
        for worker in self.workers:
            worker.terminate()


def shared(context, shape, kind):
    size = int(np.prod(shape)) * np.dtype(kind).itemsize
    return np.frombuffer(context.RawArray("B", size), kind).reshape(shape)


class Drawn:
    """The last `slots` rows of a pool on the device, each used several times; new ones take the place of the oldest.

    `first`: how many are waited for before the first step. `each`: with a schedule by steps, chunks that every step
    waits for, so that it is repeatable; None: a step takes those that are ready. `finish`: what becomes of a chunk's
    tensors.
    """

    def __init__(self, pool, slots, device, first, each=None, finish=lambda rows: rows):
        self.pool, self.slots, self.device, self.each, self.finish = pool, slots, device, each, finish
        self.values, self.drawn = {}, 0
        while self.drawn < first:
            self._take(wait=True)

    def _take(self, wait):
        rows = self.pool.take(wait)
        if rows is None:
            return False
        rows = self.finish({name: torch.from_numpy(array).to(self.device) for name, array in rows.items()})
        places = (torch.arange(self.pool.chunk, device=self.device) + self.drawn) % self.slots
        for name, value in rows.items():
            if name not in self.values:
                self.values[name] = value.new_empty((self.slots, *value.shape[1:]))
            self.values[name][places] = value
        self.drawn += self.pool.chunk
        return True

    def refresh(self, most=None):
        """Takes new chunks, `most` at most where it is by time."""
        if self.each is not None:
            for _ in range(self.each):
                self._take(wait=True)
            return
        taken = 0
        while taken != most and self._take(wait=False):
            taken += 1

    def any(self, count):
        """Indices of `count` rows at random."""
        return torch.randint(min(self.drawn, self.slots), (count,), device=self.device)
