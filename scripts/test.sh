#!/usr/bin/env bash
# Runs every test of the project. The one command for people and for continuous integration.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

step() {
    printf '\n== %s\n' "$*"
    "$@"
}

# What the program is made of: licences, sources, and crates that are known to be broken. The list of those is not in
# the registry; where it cannot be had, that is said, and the rest is checked.
supply_chain() {
    if ! cargo deny --version >/dev/null 2>&1; then
        echo 'not checked, as cargo-deny is not here: cargo install cargo-deny --locked'
        return
    fi
    cargo deny --locked check --hide-inclusion-graph licenses bans sources
    if GIT_TERMINAL_PROMPT=0 timeout 60 cargo deny --locked fetch db >/dev/null 2>&1; then
        cargo deny --locked check --disable-fetch --hide-inclusion-graph advisories
    else
        echo 'advisories not checked: the list of known holes cannot be fetched from here'
    fi
}

step cargo fmt --check
step supply_chain
step cargo clippy --all-targets --locked -- -D warnings
step cargo test --locked
step cargo build --release --locked
step ./scripts/e2e.sh
step ./scripts/doors.sh
