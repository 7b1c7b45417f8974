#!/usr/bin/env bash
# Takes the pictures of the documentation: a real window, a real server, a conversation of two days.
#
#     scripts/screenshot.sh                   the program is target/release/parlor, or what PARLOR_BIN names
#
# Writes docs/screens/login.png and docs/screens/conversation.png. Needs what scripts/e2e.sh needs.

set -euo pipefail
# shellcheck source=scripts/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
need Xvfb openbox xdotool import convert xprop python3
start_script
SCREENS=$ROOT/docs/screens
SCENE=$ROOT/scripts/scene.json
mkdir -p "$SCREENS"

STEP='the server'
PORT=$(free_port)
"$ROOT/scripts/scene.py" prepare "$SCENE" "$DATA"
"$PARLOR" --server --data-dir "$DATA" --listen "127.0.0.1:$PORT" >"$TMP/server.log" 2>&1 &
PROCESSES+=($!)
wait_until 30 'the server listens' listening
mkfifo "$TMP/hold"
"$ROOT/scripts/scene.py" play "$SCENE" "$PORT" <"$TMP/hold" >"$TMP/scene.log" 2>&1 &
PROCESSES+=($!)
exec 4>"$TMP/hold"
wait_until 60 'the scene is played' grep -qx ready "$TMP/scene.log"

STEP='the window'
start_display 1200x800
open_window window 20 30 --data-dir "$TMP/unused" --listen "127.0.0.1:$PORT"
xdotool windowsize --sync "$WINDOW" 1100 720
pointer_away
# resting: the same picture twice in a row, so that nothing is caught in motion.
resting() { local before; before=$(look "$WINDOW"); sleep 0.3; ! changed "$WINDOW" "$before"; }
take() {
    wait_until 30 'the window rests' resting
    import -window "$WINDOW" -depth 8 -strip "$SCREENS/$1.png"
    echo "docs/screens/$1.png"
}

STEP='the login page'
focus "$WINDOW"
type_text 'Nora Lindqvist'
take login
before=$(look "$WINDOW")
key Return
wait_until 10 'Enter moves on from the name' changed "$WINDOW" "$before"
type_text rowboat
wait_until 10 'the password can be submitted' sign_in_ready "$WINDOW"
key Return
wait_until 30 'she is in' signed_in "$WINDOW"

STEP='the conversation'
# row N: the middle of a row in the list of people.
row() { click "$WINDOW" 120 $((60 + 66 * $1 - 33)); }
row 3
type_text 'Can I bring Jonas along? He'
wait_until 10 'the text is in the composer' button_is "$WINDOW" accent_fill
row 1
wait_until 10 'the conversation is open, and the draft is kept' button_is "$WINDOW" field
type_text 'See you at eight'
wait_until 10 'the text is in the composer' button_is "$WINDOW" accent_fill
pointer_away
take conversation
