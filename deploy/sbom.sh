#!/usr/bin/env bash
# Writes the bill of materials of the binary `prima`, as built for an image: CycloneDX in JSON, from Cargo.lock.
#   deploy/sbom.sh FILE.json
# Needs cargo-cyclonedx, as pinned in the Containerfile.
set -euo pipefail
out=$(realpath -m "${1:?the file to write}")
cd "$(dirname "${BASH_SOURCE[0]}")/.."

# It writes a file beside the manifest of every package; nothing of them stays.
name=prima-sbom-$$
trap 'find proto services tests -maxdepth 2 -name "$name.json" -delete' EXIT
cargo cyclonedx --quiet --manifest-path services/prima/Cargo.toml --format json --spec-version 1.5 \
    --target x86_64-unknown-linux-gnu --no-build-deps --override-filename "$name" >&2
mkdir -p "$(dirname "$out")"
cp "services/prima/$name.json" "$out"
