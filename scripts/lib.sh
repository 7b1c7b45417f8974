# Helpers of the scripts that drive real windows: a display of their own, waits for events, keys, pixels, history.json.
#
# Nothing here sleeps except the polling in `wait_until` and the measuring in `ticks_in`. Sourced, not run.
# shellcheck shell=bash

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
PARLOR=$(realpath -m -- "${PARLOR_BIN:-$ROOT/target/release/parlor}")
OUT=$ROOT/target/e2e
TMP=$(mktemp -d)
DATA=$TMP/data
HISTORY=$DATA/history.json
PROCESSES=()
PASSED=0
STEP='start'
ENDING=

export LIBGL_ALWAYS_SOFTWARE=1 LC_ALL=C.UTF-8
# The windows that are driven here are none of the desktop's: it gets no notifications and no icons of them.
export DBUS_SESSION_BUS_ADDRESS=unix:path=/nonexistent
unset WAYLAND_DISPLAY WAYLAND_SOCKET

# --- steps and their end ---

need() {
    local tool missing=()
    for tool in "$@"; do command -v "$tool" >/dev/null || missing+=("$tool"); done
    if ((${#missing[@]})); then echo "needed and not found: ${missing[*]}" >&2; exit 2; fi
    if [[ ! -x $PARLOR ]]; then echo "no program at $PARLOR: build it, or say where it is with PARLOR_BIN" >&2; exit 2; fi
}

step() { STEP=$1; }

pass() {
    PASSED=$((PASSED + 1))
    printf 'ok %d - %s%s\n' "$PASSED" "$STEP" "${1:+ ($1)}"
}

fail() {
    trap - ERR
    if [[ $BASHPID != "$$" ]]; then echo "$*" >&2; exit 1; fi
    printf 'FAILED - %s: %s\n' "$STEP" "$*" >&2
    mkdir -p "$OUT"
    if [[ -n ${DISPLAY:-} ]]; then import -window root "$OUT/failed.png" 2>/dev/null || true; fi
    cp "$HISTORY" "$TMP"/*.log "$OUT/" 2>/dev/null || true
    echo "What the screen showed, history.json and what the programs said: $OUT" >&2
    printf '%d passed, 1 failed\n' "$PASSED"
    exit 1
}

clean_up() {
    local status=$? pid
    [[ -z $ENDING ]] || return 0
    ENDING=yes
    trap - ERR
    set +e
    # In the reverse order of starting, so that the display goes last.
    for ((i = ${#PROCESSES[@]} - 1; i >= 0; i--)); do
        pid=${PROCESSES[i]}
        kill "$pid" 2>/dev/null && { wait "$pid" || kill -9 "$pid"; } 2>/dev/null
    done
    rm -rf "$TMP"
    exit "$status"
}

start_script() {
    trap clean_up EXIT
    trap 'exit 130' INT TERM
    trap 'fail "line $LINENO: $BASH_COMMAND"' ERR
    set -E
}

# wait_until SECONDS WHAT COMMAND...: polls the command until it succeeds; the step fails at the deadline.
wait_until() {
    local deadline=$((${EPOCHREALTIME/./} + $1 * 1000000)) what=$2
    shift 2
    until "$@"; do
        if ((${EPOCHREALTIME/./} > deadline)); then fail "waited in vain until $what"; fi
        sleep 0.05
    done
}

alive() { kill -0 "$1" 2>/dev/null; }
gone() { ! alive "$1"; }

# --- the display ---

# start_display SIZE: an X server on a free display, and a window manager on it.
start_display() {
    # Without -noreset it begins anew when its last client leaves: whoever looks before the window manager has come would
    # end the display under it.
    Xvfb -displayfd 3 -screen 0 "$1x24" -nolisten tcp -noreset 3>"$TMP/display" >"$TMP/xvfb.log" 2>&1 &
    PROCESSES+=($!)
    wait_until 20 'the X server is up' test -s "$TMP/display"
    DISPLAY=:$(<"$TMP/display")
    export DISPLAY
    openbox >"$TMP/openbox.log" 2>&1 &
    PROCESSES+=($!)
    wait_until 20 'the window manager is up' managed
}

managed() { [[ $(xprop -root _NET_SUPPORTING_WM_CHECK 2>/dev/null) == *'window id #'* ]]; }

free_port() { python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'; }

# --- windows ---

# open_window LOG X Y ARGUMENT...: sets PID and WINDOW.
open_window() {
    local log=$TMP/$1.log x=$2 y=$3
    shift 3
    "$PARLOR" "$@" >"$log" 2>&1 &
    PID=$!
    PROCESSES+=("$PID")
    wait_until 30 'the window appears' window_of "$PID"
    wait_until 30 'the title is the name of the program' has_title "$WINDOW" 'Parlor'
    xdotool windowmove --sync "$WINDOW" "$x" "$y"
    find_theme() { [[ $(pixel "$WINDOW" 3 3) == @($(colour DARK backdrop)|$(colour LIGHT backdrop)) ]]; }
    wait_until 30 'the login page is drawn' find_theme
    THEME=DARK
    if [[ $(pixel "$WINDOW" 3 3) == "$(colour LIGHT backdrop)" ]]; then THEME=LIGHT; fi
}

window_of() {
    alive "$1" || fail "the program has ended: $(tail -n 3 "$TMP"/*.log)"
    WINDOW=$(xdotool search --onlyvisible --pid "$1" 2>/dev/null | tail -n 1) && [[ -n $WINDOW ]]
}

has_title() { [[ $(xdotool getwindowname "$1" 2>/dev/null) == "$2" ]]; }

focus() {
    xdotool windowactivate "$1"
    wait_until 10 'the window has the focus' is_active "$1"
}
is_active() { [[ $(xdotool getactivewindow 2>/dev/null) == "$1" ]]; }

width_of() { xdotool getwindowgeometry --shell "$1" | sed -n 's/^WIDTH=//p'; }
height_of() { xdotool getwindowgeometry --shell "$1" | sed -n 's/^HEIGHT=//p'; }

# click WINDOW X Y [BUTTON]
click() { xdotool mousemove --window "$1" "$2" "$3" click "${4:-1}"; }
pointer_away() { xdotool mousemove 100000 100000; }

# --- pixels ---

# colour THEME NAME: as the program defines it, in the form that ImageMagick prints.
colour() {
    local hex
    hex=$(sed -n "/^static $1: Palette/,/^};/ s/^ *$2: rgb(0x\([0-9a-f_]*\)).*/\1/p" "$ROOT/src/ui/theme.rs")
    [[ -n $hex ]] || fail "the theme has no colour $2"
    hex=${hex//_/}
    printf '#%s' "${hex^^}"
}

# pixel WINDOW X Y
pixel() {
    import -window "$1" -depth 8 ppm:- 2>/dev/null | convert ppm:- -crop "1x1+$2+$3" -depth 8 txt:- 2>/dev/null |
        grep -o '#[0-9A-F]\{6\}' | head -n 1 || true
}
pixel_is() { [[ $(pixel "$1" "$2" "$3") == "$(colour "$THEME" "$4")" ]]; }

# count WINDOW NAME: how many pixels have exactly that colour.
count() {
    import -window "$1" -depth 8 ppm:- | convert ppm:- -depth 8 -format %c histogram:info:- |
        awk -v colour="$(colour "$THEME" "$2")" 'index($0, colour) { sub(":", "", $1); n += $1 } END { print n + 0 }'
}
more_than() { (($(count "$1" "$2") > $3)); }

# lowest WINDOW X NAME: the lowest pixel of that colour in a column; fails when there is none.
lowest() {
    local y
    y=$(import -window "$1" -depth 8 ppm:- | convert ppm:- -crop "1x100000+$2+0" +repage -depth 8 txt:- |
        awk -v colour="$(colour "$THEME" "$3")" 'index($0, colour) { split($1, at, /[,:]/); y = at[2] } END { print y }')
    [[ -n $y ]] && printf '%s' "$y"
}

look() { import -window "$1" -depth 8 ppm:- | md5sum; }
changed() { [[ $(look "$1") != "$2" ]]; }

# --- what somebody does in a window ---

key() { xdotool key "$@"; }
type_text() { xdotool type --delay 15 "$1"; }

sign_in_ready() { more_than "$1" accent_fill 8000; }
signed_in() { pixel_is "$1" 3 3 surface; }

# open_row N: the N-th chat of the list, counted from 0, which is the room of everyone; groups and people follow.
open_row() {
    local at
    key alt+Up alt+Up alt+Up alt+Up alt+Up alt+Up
    for ((at = 0; at < $1; at++)); do key alt+Down; done
}
# A dialog dims what is behind it.
dimmed() { ! signed_in "$1"; }
nobody_online() { (($(count "$1" online) == 0)); }

# log_in WINDOW NAME PASSWORD: by keys alone; Enter moves on and submits.
log_in() {
    local before
    focus "$1"
    type_text "$2"
    before=$(look "$1")
    key Return
    wait_until 10 'Enter moves on from the name' changed "$1" "$before"
    type_text "$3"
    wait_until 10 'the password can be submitted, so Enter led from the name to the password' sign_in_ready "$1"
    key Return
}

# The button beside the composer tells whether there is something to send.
button_is() {
    local width height
    width=$(width_of "$1") height=$(height_of "$1")
    pixel_is "$1" $((width - 37)) $((height - 18)) "$2"
}

# submit WINDOW: sends what is in the composer.
submit() {
    wait_until 20 'the text is in the composer' button_is "$1" accent_fill
    key Return
    wait_until 20 'the composer is empty again' button_is "$1" field
}

send() {
    type_text "$2"
    submit "$1"
}

# Read means seen: goes back to what has not been seen, and from there down to the end.
read_all() {
    local before
    while before=$(look "$1"); do
        key Page_Up
        sleep 0.2
        changed "$1" "$before" || break
    done
    wait_until 20 'everything has been read on the way down' page_down_to_title "$1" 'Parlor'
}
page_down_to_title() {
    key Page_Down
    sleep 0.2
    has_title "$1" "$2"
}

clip() { printf '%s' "$1" | xclip -i -selection clipboard >/dev/null 2>&1; }
clip_is() { [[ $(timeout 5 xclip -o -selection clipboard 2>/dev/null && printf .) == "$1." ]]; }

paste_and_send() {
    clip "$2"
    key ctrl+v
    submit "$1"
}

# Where the bubbles are in which text begins, by the pane's layout: own ones end at the right, others begin at the left.
own_x() { echo $(($(width_of "$1") - 22)); }
their_x() {
    local list=$(($(width_of "$1") * 3 / 10))
    echo $(((list < 264 ? 264 : list > 340 ? 340 : list) + 64))
}

# shows WINDOW own|their TEXT: copies the lowest bubble of that side with the window's own menu and compares.
shows() {
    local x y aside=60
    clip 'nothing was copied'
    if [[ $2 == own ]]; then
        x=$(own_x "$1") aside=-60
        wait_until 10 'there is a bubble at the right' lowest "$1" "$x" bubble_own >/dev/null
        y=$(lowest "$1" "$x" bubble_own)
    else
        x=$(their_x "$1")
        wait_until 10 'there is a bubble at the left' lowest "$1" "$x" bubble >/dev/null
        y=$(lowest "$1" "$x" bubble)
    fi
    # To copy is the third of six entries of an own message, the second of three of others. A menu for which there is no room
    # below opens to the other side.
    local before item entries=3 at=1
    [[ $2 == own ]] && entries=6 at=2
    item=$((24 + at * 38))
    ((y - 8 + entries * 38 + 12 <= $(height_of "$1"))) || item=$((10 - (entries - at) * 38))
    before=$(look "$1")
    click "$1" "$x" $((y - 8)) 3
    wait_until 10 'the menu of the message opens' changed "$1" "$before"
    click "$1" $((x + aside)) $((y - 8 + item))
    wait_until 10 "the window shows: ${3:0:60}" clip_is "$3"
    pointer_away
}

# shows_colour WINDOW COLOUR: many of its pixels have it.
shows_colour() {
    local share
    share=$(import -window "$1" png:- | convert - -fill white -opaque "$2" -fill black +opaque white -format '%[fx:mean>0.01]' info:)
    [[ $share == 1 ]]
}

# middle_of WINDOW COLOUR: the middle of all pixels of that colour, as X and Y.
middle_of() {
    import -window "$1" -depth 8 ppm:- | convert ppm:- -depth 8 txt:- |
        awk -v colour="$2" 'index($0, colour) { split($1, at, /[,:]/); x += at[1]; y += at[2]; n++ }
            END { if (!n) exit 1; printf "%d %d\n", x / n, y / n }'
}

# --- history.json and the port ---

EXPECTED=()

# wrote TEXT...: that is what history.json must hold next.
wrote() { EXPECTED+=("$@"); }

valid_json() { jq -e . "$HISTORY" >/dev/null 2>&1 && python3 -m json.tool "$HISTORY" >/dev/null 2>&1; }

# Every message that was written, in the order of writing, each once, and nothing else.
history_is_right() {
    valid_json && jq -e '[.[] | select(.purpose == "receive_message") | .message] == $ARGS.positional' "$HISTORY" \
        --args -- "${EXPECTED[@]}" >/dev/null 2>&1
}
expect_history() { wait_until "${1:-10}" 'history.json holds every message once and in order' history_is_right; }
holds() { jq -e --arg text "$1" 'any(.[]; .message == $text)' "$HISTORY" >/dev/null 2>&1; }
# holds_record FILTER: whether history.json is as a filter of jq says.
holds_record() { jq -e "$1" "$HISTORY" >/dev/null 2>&1; }
read_records() { jq '[.[] | select(.purpose == "read_message")] | length' "$HISTORY" 2>/dev/null || echo 0; }
more_reads_than() { (($(read_records) > $1)); }

# The socket that listens at the port, without connecting to it.
listener() {
    awk -v port=":$(printf %04X "$PORT")" '$4 == "0A" && substr($2, length($2) - 4) == port { print $10 }' /proc/net/tcp
}
listening() { [[ -n $(listener) ]]; }
hosts() {
    local inode
    inode=$(listener)
    [[ -n $inode && -n $(find "/proc/$1/fd" -lname "socket:\[$inode\]" 2>/dev/null) ]]
}

# --- the processor ---

ticks() { awk '{ sub(/.*\) /, ""); print $12 + $13 }' "/proc/$1/stat"; }

# ticks_in SECONDS PID...: the ticks of processor time that each takes in that time.
ticks_in() {
    local seconds=$1 pid before=()
    shift
    for pid in "$@"; do before+=("$(ticks "$pid")"); done
    sleep "$seconds"
    for pid in "$@"; do
        echo $(($(ticks "$pid") - before[0]))
        before=("${before[@]:1}")
    done
}
quiet() { (($(ticks_in 1 "$1") == 0)); }
# quiet_for SECONDS PID
quiet_for() { (($(ticks_in "$1" "$2") <= 1)); }
