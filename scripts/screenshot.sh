#!/usr/bin/env bash
# Takes the pictures of the documentation: a real window, a real server, a circle of friends on two days.
#
#     scripts/screenshot.sh                   the program is target/release/parlor, or what PARLOR_BIN names
#
# Writes login.png, conversation.png, group.png and everyone.png into docs/screens. Needs what scripts/e2e.sh needs.

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
serve() {
    "$PARLOR" --server --data-dir "$DATA" --listen "127.0.0.1:$PORT" >>"$TMP/server.log" 2>&1 &
    SERVER=$!
    PROCESSES+=("$SERVER")
    wait_until 30 'the server listens' listening
}
serve
"$ROOT/scripts/scene.py" play "$SCENE" "$PORT"
kill "$SERVER"
wait "$SERVER" || true
"$ROOT/scripts/scene.py" date "$SCENE" "$DATA"
serve
mkfifo "$TMP/hold"
"$ROOT/scripts/scene.py" stay "$SCENE" "$PORT" <"$TMP/hold" >"$TMP/scene.log" 2>&1 &
PROCESSES+=($!)
exec 4>"$TMP/hold"
wait_until 60 'they are there' grep -qx ready "$TMP/scene.log"

STEP='the window'
start_display 1460x960
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

# Rows are clicked: going through the list by keys would read what is to stay unread.
GROUP_ROWS=$((60 + 66 + 38))
PEOPLE_ROWS=$((GROUP_ROWS + 3 * 66 + 38))
# row TOP N: the N-th row of a part of the list, counted from 0.
row() { click "$WINDOW" 120 $(($1 + 66 * $2 + 33)); }
draft() {
    type_text "$1"
    wait_until 10 'the text is in the composer' button_is "$WINDOW" accent_fill
}

STEP='a group'
row "$PEOPLE_ROWS" 2
draft 'Can I bring Jonas along? He'
row "$GROUP_ROWS" 0
wait_until 10 'the group is open, and the draft is kept' button_is "$WINDOW" field
draft 'Save me the one with almonds'
pointer_away
take conversation

STEP='another one, with its details'
row "$GROUP_ROWS" 1
wait_until 10 'the group is open' button_is "$WINDOW" field
xdotool windowsize --sync "$WINDOW" 1400 900
key ctrl+i
pointer_away
take group
key ctrl+i

STEP='the room of everyone'
xdotool windowsize --sync "$WINDOW" 1100 720
row 60 0
draft '@Yael Cohen second floor. And not a word to Priya: cake at four'
pointer_away
take everyone
