"""Answers each path of a picture on stdin with {ms, vector}: CPU time of OpenCV's DNN module, one thread, on our own ONNX
files: detection, landmarks, alignment, embedding of the best face, reading the file left out.

    opencv.py MODELS DETECTOR

DETECTOR is the detection network as it is shipped, which decodes all boxes itself.
"""
import json
import sys
import time
from pathlib import Path

import cv2
import numpy as np

models, detector = (Path(path) for path in sys.argv[1:])
cv2.setNumThreads(1)
detection, landmarks, embedding = (
    cv2.dnn.readNetFromONNX(str(path)) for path in (detector, models / 'menshen_landmark.onnx', models / 'fr_feature.onnx')
)
# Where ArcFace wants eyes, nose and corners of the mouth in 112 x 112.
ARCFACE = np.array([[38.2946, 51.6963], [73.5318, 51.5014], [56.0252, 71.7366], [41.5493, 92.3655], [70.7299, 92.2041]])


def look(picture):
    height, width = picture.shape[:2]
    scale = max(width / 320, height / 240)
    canvas = np.zeros((240, 320, 3), np.uint8)
    shown = cv2.resize(picture, (round(width / scale), round(height / scale)), interpolation=cv2.INTER_AREA)
    top, left = (240 - shown.shape[0]) // 2, (320 - shown.shape[1]) // 2
    canvas[top : top + shown.shape[0], left : left + shown.shape[1]] = shown
    detection.setInput(cv2.dnn.blobFromImage(canvas, 1 / 128, (320, 240), (127, 127, 127), swapRB=True))
    scores, boxes = detection.forward(['scores', 'boxes'])
    best = int(np.argmax(scores[0, :, 1]))
    if scores[0, best, 1] < 0.7:
        return None
    x0, y0, x1, y1 = boxes[0, best] * [320, 240, 320, 240]
    x0, x1 = ((x - left) * scale for x in (x0, x1))
    y0, y1 = ((y - top) * scale for y in (y0, y1))
    side = max(x1 - x0, y1 - y0)
    x0, y0 = (x0 + x1 - side) / 2, (y0 + y1 - side) / 2
    grey = cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY)
    zoom = 64 / side
    face = cv2.warpAffine(grey, np.array([[zoom, 0, -x0 * zoom], [0, zoom, -y0 * zoom]]), (64, 64), borderMode=cv2.BORDER_REPLICATE)
    landmarks.setInput(cv2.dnn.blobFromImage(face, 1 / 256))
    points = landmarks.forward().reshape(-1)[:136].reshape(68, 2) * side + [x0, y0]
    five = np.array([points[36:42].mean(0), points[42:48].mean(0), points[30], points[48], points[54]])
    warp, _ = cv2.estimateAffinePartial2D(five, ARCFACE)
    aligned = cv2.warpAffine(picture, warp, (112, 112), flags=cv2.INTER_LINEAR)
    embedding.setInput(cv2.dnn.blobFromImage(aligned, 1 / 128, (112, 112), (127.5, 127.5, 127.5)))
    return embedding.forward().reshape(-1)


print(json.dumps({'ready': True}), flush=True)
for line in sys.stdin:
    picture = cv2.imread(line.strip())
    begun = time.process_time()
    vector = look(picture)
    ms = 1000 * (time.process_time() - begun)
    print(json.dumps({'ms': ms, 'vector': None if vector is None else [float(value) for value in vector]}), flush=True)
