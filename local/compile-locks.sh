#!/bin/sh
# Compile every requirements .in file into a universal, hash-pinned lock without index addresses.
set -eu
cd "$(dirname "$0")/.."
for source in layers/*/requirements.in requirements/*.in; do
  uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-emit-index-url --no-annotate \
    "$source" -o "${source%.in}.txt"
  echo "compiled ${source%.in}.txt"
done
