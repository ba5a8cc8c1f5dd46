#!/bin/sh
# Trains one of Menshen's own networks and takes it into models/:
# scripts/train/train.sh mask|landmark|masked-landmark|embedding [DATA]
# Needs the pictures in DATA, and python3 with torch (1.13 or newer), onnx, numpy and opencv: of Debian 12 or others by
# PYTHON. Trains on a GPU where torch finds one, else on the processor, which is far slower. The lengths below are
# those by which the networks in models/ were made, on one H100 with 16 cores. LENGTH="--seconds N" or "--steps N" gives the training another length, WORKERS as many processes that draw.
set -eu
cd "$(dirname "$0")/../.."
data=${2:-../shared/data}
python=${PYTHON:-/usr/bin/python3}
work=.cache/train
mkdir -p "$work"
export PYTHONPATH=scripts/train PYTHONUNBUFFERED=1 OPENBLAS_NUM_THREADS=1

# Finds the faces of some folders, once.
faces() {
  out=$work/$1.jsonl
  shift
  [ -s "$out" ] || npx tsx scripts/train/faces.ts "$out" "$@"
}

# Packs the bare faces that all learn from, once.
pack() {
  pad="$data/pad/celeba-spoof $data/pad/tight-crops-a $data/pad/tight-crops-b"
  faces people "$data/train-faces"
  # shellcheck disable=SC2046
  faces portraits $(printf '%s/live ' $pad) "$data/masks/crops/bare" "$data/masks/web/bare"
  # shellcheck disable=SC2046
  faces prints $(printf '%s/spoof ' $pad)
  [ -s "$work/faces.npz" ] ||
    $python scripts/train/pack.py "$work/faces.npz" \
      --faces "$work/people.jsonl" "$work/portraits.jsonl" --more "$work/prints.jsonl"
}

pack_masks() {
  faces masked "$data/masks/crops/mask" "$data/masks/web/mask"
  faces chinese "$data/afdb-chinese" "$data/casia-facev5"
  [ -s "$work/masks.npz" ] ||
    $python -m mask.pack "$work/masks.npz" "$work/faces.npz" \
      "$work/people.jsonl" "$work/portraits.jsonl" "$work/masked.jsonl" "$work/chinese.jsonl"
}

# train ID MODULE LENGTH [OPTION...]
train() {
  id=$1
  module=$2
  length=${LENGTH:-$3}
  shift 3
  # shellcheck disable=SC2086
  $python -m "$module" "$work/faces.npz" "$work/$id.onnx" $length "$@"
  npx tsx scripts/train/install.ts "$id" "$work/$id.onnx"
}

case ${1:-} in
mask)
  pack
  pack_masks
  train mask mask.train "--seconds 280" --masks "$work/masks.npz" --workers "${WORKERS:-3}"
  ;;
landmark)
  pack
  train landmark landmarks.bare "--seconds 209"
  ;;
masked-landmark)
  pack
  train masked-landmark landmarks.masked "--seconds 209" --workers "${WORKERS:-4}"
  ;;
embedding)
  pack
  train masked-embedding embedding.train "--seconds 515" --workers "${WORKERS:-9}"
  ;;
*)
  echo "Usage: scripts/train/train.sh mask|landmark|masked-landmark|embedding [DATA]" >&2
  exit 2
  ;;
esac
