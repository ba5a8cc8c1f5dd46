"""Answers each line on stdin with the CPU milliseconds of one search of FAISS's exact index, one thread.

    faiss-server.py REFERENCES DIMENSIONS
"""
import sys
import time

import faiss
import numpy as np

references, dimensions = int(sys.argv[1]), int(sys.argv[2])
faiss.omp_set_num_threads(1)
random = np.random.default_rng(1)
index = faiss.IndexFlatIP(dimensions)
for first in range(0, references, 50_000):
    rows = random.standard_normal((min(50_000, references - first), dimensions), dtype=np.float32)
    index.add(rows / np.linalg.norm(rows, axis=1, keepdims=True))
print('ready', flush=True)
for _ in sys.stdin:
    probe = random.standard_normal((1, dimensions), dtype=np.float32)
    begun = time.process_time()
    index.search(probe / np.linalg.norm(probe), 3)
    print(1000 * (time.process_time() - begun), flush=True)
