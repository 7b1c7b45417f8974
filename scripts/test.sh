#!/usr/bin/env bash
# Runs every test of the project. The one command for people and for continuous integration.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

step() {
    printf '\n== %s\n' "$*"
    "$@"
}

step cargo fmt --check
step cargo clippy --all-targets --locked -- -D warnings
step cargo test --locked
step cargo build --release --locked
step ./scripts/e2e.sh
