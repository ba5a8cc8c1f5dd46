#!/bin/sh
# Trains one of Menshen's own networks and takes it into models/: scripts/train/train.sh mask|landmarks|embedding [DATA]
# Needs python3-torch, python3-onnx, python3-opencv and python3-numpy of Debian 12, and the pictures in DATA.
set -eu
cd "$(dirname "$0")/../.."
data=${2:-../shared/data}
work=.cache/train
mkdir -p "$work"

# Finds the faces of some folders, once.
faces() {
  out=$work/$1
  shift
  [ -s "$out" ] || npx tsx scripts/train/faces.ts "$@" "$out" $folders
}

train() {
  script=$1
  shift
  /usr/bin/python3 "scripts/train/$script.py" "$@"
}

case ${1:-} in
mask)
  folders=$data/train-faces faces faces.jsonl
  folders="$data/pad/celeba-spoof/live $data/pad/tight-crops-a/live $data/pad/tight-crops-b/live $data/afdb-chinese $data/casia-facev5" faces more.jsonl
  folders="$data/masks/crops/mask $data/masks/crops/bare" faces crops.jsonl
  folders="$data/masks/web/mask $data/masks/web/bare" faces web.jsonl
  train mask "$work/mask.onnx" --faces "$work/faces.jsonl" "$work/more.jsonl" --crops "$work/crops.jsonl" --web "$work/web.jsonl"
  npx tsx scripts/train/install.ts mask "$work/mask.onnx"
  ;;
landmarks)
  folders=$data/train-faces faces faces.jsonl
  train landmarks "$work/faces.jsonl" "$work/landmarks.onnx" --epochs 3
  npx tsx scripts/train/install.ts masked-landmark "$work/landmarks.onnx"
  ;;
embedding)
  folders=$data/train-faces faces teacher.jsonl --embeddings
  folders="$data/pad/celeba-spoof/live $data/pad/tight-crops-a/live $data/pad/tight-crops-b/live $data/masks/crops/bare $data/masks/web/bare" faces teacher-more.jsonl --embeddings
  train embedding "$work/embedding.onnx" --faces "$work/teacher.jsonl" "$work/teacher-more.jsonl"
  npx tsx scripts/train/install.ts masked-embedding "$work/embedding.onnx"
  ;;
*)
  echo "Usage: scripts/train/train.sh mask|landmarks|embedding [DATA]" >&2
  exit 2
  ;;
esac
