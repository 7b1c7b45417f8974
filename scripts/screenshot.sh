#!/usr/bin/env bash
# Takes the pictures of the documentation: a real window, a real server, a circle of friends on two days.
#
#     scripts/screenshot.sh                   the program is target/release/parlor, or what PARLOR_BIN names
#
# Writes twenty-two pictures into docs/screens: in the light and in the dark, 360, 900 and 1400 points wide. Needs what
# scripts/e2e.sh needs, and fonts for all that people write (Debian: fonts-noto-core, fonts-droid-fallback).

set -euo pipefail
# shellcheck source=scripts/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
need Xvfb openbox xdotool import convert xprop python3
start_script
SCREENS=$ROOT/docs/screens
SCENE=$ROOT/scripts/scene.json
# A page of documentation is opened on a slow line, too.
MOST_BYTES=250000
mkdir -p "$SCREENS"

STEP='the server'
PORT=$(free_port)
"$ROOT/scripts/scene.py" prepare "$SCENE" "$DATA"
LISTEN=127.0.0.1
serve() {
    "$PARLOR" --server --data-dir "$DATA" --listen "$LISTEN:$PORT" --message-rate 0 >>"$TMP/server.log" 2>&1 &
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
start_display 1460x960

# window THEME SIZE [NAME@SERVER...]: a window in which these signed in before; nothing after the @ is this computer.
# Each theme has a folder of its own, unless PLACE names another.
PLACE=
window() {
    local theme=$1 size=$2 place=${PLACE:-$1}
    shift 2
    mkdir -p "$TMP/$place/window"
    chmod 700 "$TMP/$place"
    python3 - "$theme" "$@" >"$TMP/$place/window/settings.json" <<'END'
import json, sys
theme, *accounts = sys.argv[1:]
accounts = [dict(zip(("name", "server"), account.split("@"))) for account in accounts]
print(json.dumps({"theme": theme, "accounts": accounts}))
END
    open_window "$theme" 20 30 --data-dir "$TMP/$place" --listen "127.0.0.1:$PORT"
    [[ $THEME == "${theme^^}" ]] || fail "the window is not $theme"
    size "$size"
    pointer_away
    focus "$WINDOW"
}
size() { xdotool windowsize --sync "$WINDOW" "${1%x*}" "${1#*x}"; }
close() {
    kill "$PID"
    wait "$PID" || true
}
# resting: the same picture twice in a row, so that nothing is caught in motion.
resting() { local before; before=$(look "$WINDOW"); sleep 0.3; ! changed "$WINDOW" "$before"; }
take() {
    wait_until 30 'the window rests' resting
    import -window "$WINDOW" -depth 8 ppm:- |
        convert ppm:- +dither -colors 256 -strip -define png:compression-level=9 "PNG8:$SCREENS/$1.png"
    local bytes
    bytes=$(stat -c %s "$SCREENS/$1.png")
    ((bytes <= MOST_BYTES)) || fail "$1.png has $bytes bytes"
    echo "docs/screens/$1.png ($bytes bytes)"
}
# does WHAT COMMAND...: something that the window shows.
does() {
    local what=$1 before
    shift
    before=$(look "$WINDOW")
    "$@"
    wait_until 10 "$what" changed "$WINDOW" "$before"
    wait_until 30 'the window rests' resting
}
press() { does "$* is answered" key "$@"; }
write() { does "it is written: $1" type_text "$1"; }
# The account that was used last has the focus.
come_in() {
    press Return
    type_text rowboat
    key Return
    wait_until 30 'she is in' signed_in "$WINDOW"
    wait_until 30 'the window rests' resting
}
# open_chat LETTERS: with the palette, since going through the list by keys would read what is to stay unread.
open_chat() {
    press ctrl+k
    write "$1"
    press Return
}

STEP='the first start'
window light 900x600
take first
close

STEP='somebody who was here before'
window dark 360x480 'Nora Lindqvist@' 'Nora@chess.example.org' 'Captain@192.168.1.20'
take accounts
come_in

STEP='a conversation in many scripts'
size 900x600
open_chat jonas
write 'Eight it is. I bring the '
open_chat tea
pointer_away
take conversation

STEP='an answer'
open_chat sunday
press ctrl+r
write 'Bring the ones with the crackle, please'
pointer_away
take answer
press ctrl+a
press Delete
press Escape
open_chat tea

STEP='the palette'
press ctrl+k
write 'sa'
take palette
press Escape

STEP='a search'
size 1400x900
open_chat saturday
press ctrl+f
write 'line'
press Return
take search
press Escape

STEP='emoji'
size 360x480
press ctrl+e
write 'boat'
take emoji
close

STEP='a group with its details'
# With an address of its own: a window on this computer would become the server when that is away.
window light 1400x900 "Nora Lindqvist@127.0.0.1:$PORT"
come_in
open_chat priya
write 'Just looked. Take the '
open_chat saturday
write 'Save me the one with almonds'
press ctrl+i
pointer_away
take group
press ctrl+i

STEP='the room of everyone'
size 900x600
open_chat everyone
write '@Yael Cohen second floor, please'
take everyone

STEP='settings'
press ctrl+comma
does 'the fifth part is open' click "$WINDOW" 118 270
pointer_away
take settings
press Escape

STEP='a server that is away'
size 360x480
open_chat jonas
kill "$SERVER"
wait "$SERVER" || true
write 'Leaving now. Line is in the bag'
press Return
take reconnecting
close

STEP='the first contact'
# By an address as other computers write it, and so encrypted.
LISTEN=0.0.0.0
ADDRESS=$(hostname -I | cut -d ' ' -f 1):$PORT
serve
window light 900x600 "Nora Lindqvist@$ADDRESS"
press Return
type_text rowboat
does 'the fingerprint is shown' key Return
pointer_away
take contact
key ctrl+Return
wait_until 30 'she is in' signed_in "$WINDOW"
wait_until 30 'the window rests' resting
NORA=$WINDOW NORA_PID=$PID

STEP='those who look after people'
press ctrl+shift+a
pointer_away
take people
does 'the invites are shown' click "$WINDOW" 80 138
does 'a new one is asked for' click "$WINDOW" 800 92
press Return
clip ''
copied() { link=$(timeout 5 xclip -o -selection clipboard 2>/dev/null) && [[ $link == parlor://* ]]; }
does 'the link is taken' click "$WINDOW" 601 211
wait_until 10 'the link is copied' copied
pointer_away
take invite

STEP='somebody who was invited'
window dark 900x600
press Tab
press Return
write "$link"
press Tab
write 'Tove Holm'
press Tab
write 'eleven blue boats'
press Tab
write 'eleven blue boats'
take join
key Return
wait_until 30 'she is in' signed_in "$WINDOW"
open_chat everyone
take joined
close

STEP='a certificate that has changed'
WINDOW=$NORA PID=$NORA_PID
focus "$WINDOW"
press Escape
press Escape
open_chat everyone
kill "$SERVER"
wait "$SERVER" || true
rm "$DATA/certificate.pem" "$DATA/key.pem"
serve
wait_until 60 'the alarm' dimmed "$WINDOW"
wait_until 30 'the window rests' resting
take changed
close

STEP='a wrong password'
PLACE=refused
window light 360x480 "Nora Lindqvist@127.0.0.1:$PORT"
press Return
type_text rowing
key Return
wait_until 30 'the refusal is shown' more_than "$WINDOW" danger 60
pointer_away
take refused
close

STEP='a server that does not answer'
SILENT=$(free_port)
python3 -c "import socket, time; s = socket.create_server(('127.0.0.1', $SILENT)); time.sleep(600)" &
PROCESSES+=($!)
PLACE=silent
window dark 900x600 "Nora Lindqvist@127.0.0.1:$SILENT"
press Return
type_text rowboat
does 'the attempt is shown' key Return
pointer_away
take connecting
close

STEP='a server in the window'
PORT=$(free_port)
PLACE=here
window light 900x600
press Return
type_text 123
key Return
wait_until 30 'she is in' signed_in "$WINDOW"
wait_until 30 'the window rests' resting
pointer_away
take hosting

STEP='nothing was said yet'
open_chat bob
pointer_away
take empty

STEP='nobody of that name'
press ctrl+shift+k
write 'zebedee'
pointer_away
take nothing
