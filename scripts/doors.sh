#!/usr/bin/env bash
# One conversation through four doors: a window, a terminal, a WebSocket and commands for scripts, at a server of its own.
#
#     scripts/doors.sh                        the program is target/release/parlor
#     PARLOR_BIN=target/debug/parlor scripts/doors.sh
#
# In the room of everyone, in a group and in private, each door sends, the others show it, and whoever sent it learns
# who has read it. Brings its own display and its own terminal, takes a free port, and leaves nothing behind. After a
# failure, target/doors/ has what there was to see. Needs what scripts/e2e.sh needs, tmux, and Python's websockets.

set -euo pipefail
# shellcheck source=scripts/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
OUT=$ROOT/target/doors
need Xvfb openbox xdotool import convert xprop xclip jq python3 tmux
# Where there are several, that of the system is the one that the system's packages are for.
for WEB in "${PYTHON:-python3}" /usr/bin/python3; do
    if "$WEB" -c 'import websockets' 2>/dev/null; then break; fi
    WEB=
done
if [[ -z $WEB ]]; then echo 'needed and not found: the module websockets of Python' >&2; exit 2; fi
rm -rf "$OUT"
start_script
SALT=$RANDOM
export HOME=$TMP/home XDG_DATA_HOME=$TMP/home/data XDG_CONFIG_HOME=$TMP/home/config
mkdir -p "$HOME"
mkfifo "$TMP/charlie" "$TMP/dora"

# Who comes through which door, and their numbers.
declare -A DOOR=([Alice]=window [Bob]=terminal [Charlie]=web [Dora]=scripts)
declare -A NUMBER=([Alice]=1 [Bob]=2 [Charlie]=3 [Dora]=4)
ALL=(Alice Bob Charlie Dora)

# --- the doors: each says a text in a chat, shows that of another one, and tells its sender that it was read ---
# A chat is `Everyone`, `Hike`, or the name of a person.

is_room() { [[ $1 == @(Everyone|Hike) ]]; }

# chat_filter CHAT: what tells a chat in an event that Dora is sent.
chat_filter() {
    case $1 in
    Everyone) echo '.everyone == true' ;;
    Hike) echo ".group == $GROUP" ;;
    *) echo '(has("everyone") or has("group") | not)' ;;
    esac
}

# The window: what is typed goes to the chat that is open.
open_chat() {
    focus "$ALICE"
    key ctrl+k
    wait_until 10 'the palette is there' dimmed "$ALICE"
    type_text "$1"
    key Return
    wait_until 10 'the palette is gone' signed_in "$ALICE"
}
window_says() {
    open_chat "$1"
    send "$ALICE" "$2"
}
window_shows() {
    is_room "$1" || open_chat "$2"
    shows "$ALICE" their "$3"
}
# seen: how many pixels of the column where ticks of own messages stand are nearly of the colour that says that it was
# read. The lines of a tick are thin; none of its pixels needs to be of that colour altogether.
seen() {
    local colour
    colour=$(colour "$THEME" seen_own)
    import -window "$ALICE" -depth 8 ppm:- |
        convert ppm:- -crop "30x100000+$(($(width_of "$ALICE") - 48))+0" +repage -depth 8 -format %c histogram:info:- |
        awk -F '[(,)]' -v r=$((16#${colour:1:2})) -v g=$((16#${colour:3:2})) -v b=$((16#${colour:5:2})) '
            function near(x, y) { return x - y < 40 && y - x < 40 }
            near($2, r) && near($3, g) && near($4, b) { split($1, n, ":"); pixels += n[1] }
            END { print pixels + 0 }'
}
is_seen() { (($(seen) > 0)); }
# In a room not before all have read it: the ticks are coloured.
window_learns() {
    open_chat "$1"
    wait_until 20 "the window shows that $2 has read it" is_seen
}

# The terminal.
type_line() {
    tmux -S "$TMP/tmux" send-keys -t bob -l -- "$1"
    tmux -S "$TMP/tmux" send-keys -t bob Enter
}
# What is on the screen, and what has left it at the top; long lines are whole.
pane() { tmux -S "$TMP/tmux" capture-pane -t bob -p -J -S - 2>/dev/null; }
pane_has() { grep -qF -- "$1" <<<"$(pane)"; }
prompt_is() { [[ $(pane | sed '/^ *$/d' | tail -n 1) == "$1>"* ]]; }
terminal_says() {
    case $1 in
    Everyone) type_line '/everyone' ;;
    Hike) type_line '/group Hike' ;;
    *) type_line "@$1 $2" && return ;;
    esac
    wait_until 10 "the prompt is that of $1" prompt_is "$1"
    type_line "$2"
}
terminal_shows() {
    local place=private
    ! is_room "$1" || place=$1
    wait_until 20 "the terminal shows: $3" pane_has "[$place] $2: $3"
    # What was shown counts as read when its reader types.
    type_line /read
}
# A line of its own tells it, or the mark behind the text, if it was known before the text was printed.
pane_tells() { pane_has "✓✓ $1: $2" || pane_has "You: $2 $3"; }
terminal_learns() {
    local who=$2
    ! is_room "$1" || who="Everybody in $1"
    wait_until 20 "the terminal tells that $who has read it" pane_tells "$who has read" "$3" '✓✓ read'
}

# The WebSocket. Its program reads what it gets.
said() { tail -n "+$1" "$TMP/charlie.log" | grep -qxF -- "$2"; }
web_says() {
    local to="@$1 "
    case $1 in
    Everyone) to= ;;
    Hike) to="#$GROUP " ;;
    esac
    SAID=$(($(wc -l <"$TMP/charlie.log") + 1))
    echo "$to$2" >&5
}
web_shows() {
    local room=
    case $1 in
    Everyone) room='[all] ' ;;
    Hike) room="[$GROUP] " ;;
    esac
    wait_until 20 "the WebSocket has: $3" said 1 "$room$2: $3"
}
web_learns() { wait_until 20 "the WebSocket tells that $2 has read it" said "$SAID" "* $2 has read it"; }

# The commands for scripts. They read nothing: what they get counts as received.
dora() {
    local command=$1
    shift
    PARLOR_NAME=Dora PARLOR_PASSWORD="$PASSWORD" "$PARLOR" "$command" --connect "127.0.0.1:$PORT" "$@"
}
tail_has() { jq -es "any(.[]; $1)" "$TMP/tail.log" >/dev/null 2>&1; }
scripts_says() {
    local to=(--to "$1")
    case $1 in
    Everyone) to=(--everyone) ;;
    Hike) to=(--group Hike) ;;
    esac
    SEQ=$(dora send "${to[@]}" --json "$2" | jq .seq)
}
scripts_shows() {
    wait_until 20 "the tail has: $3" tail_has \
        '.purpose == "receive_message" and .from_user == "'"$2"'" and .message == "'"$3"'" and '"$(chat_filter "$1")"
}
scripts_learns() {
    wait_until 20 "the tail tells that $2 has read it" tail_has \
        ".purpose == \"read_message\" and .by == ${NUMBER[$2]} and .upto >= $SEQ and $(chat_filter "$1")"
}

# goes_round CHAT: everybody says something in a room, and all others show it.
goes_round() {
    local from to
    for from in "${ALL[@]}"; do
        "${DOOR[$from]}_says" "$1" "$from in $1 $SALT"
        for to in "${ALL[@]}"; do
            [[ $to == "$from" ]] || "${DOOR[$to]}_shows" "$1" "$from" "$from in $1 $SALT"
        done
        # The window and the terminal tell it when all have read, and Dora has not.
        if [[ $from == @(Charlie|Dora) ]]; then
            for to in Alice Bob Charlie; do
                [[ $to == "$from" ]] || "${DOOR[$from]}_learns" "$1" "$to"
            done
        fi
    done
    ! is_seen || fail 'the window shows that all have read, and Dora has not'
    if pane_has "Everybody in $1 has read"; then fail 'the terminal tells that all have read, and Dora has not'; fi
}

# ask REQUEST...: says one after the other on a socket, and prints the answers.
ask() {
    python3 - "$PORT" "$@" <<'PYTHON'
import json, socket, sys

connection = socket.create_connection(("127.0.0.1", int(sys.argv[1])), 30)
incoming = connection.makefile("rb")
for request in sys.argv[2:]:
    connection.sendall(b"$%d%s$" % (len(request.encode()), request.encode()))
    answer = {}
    while answer.get("purpose") != json.loads(request)["purpose"]:
        answer = json.loads(incoming.read(int(incoming.read(11)[1:]) + 1)[:-1])
    print(json.dumps(answer))
PYTHON
}

# ended PID: its exit code was 0.
ended() {
    local status=0
    wait_until 20 'it ends by itself' gone "$1"
    wait "$1" || status=$?
    ((status == 0)) || fail "it ended with $status"
}

start_display 1200x800
PORT=$(free_port)

step 'a server, and an account that is made while it runs'
"$PARLOR" --server --data-dir "$DATA" --listen "127.0.0.1:$PORT" >"$TMP/server.log" 2>&1 &
SERVER=$!
PROCESSES+=("$SERVER")
wait_until 20 'the server listens' listening
wait_until 10 'it says who it is' grep -q Fingerprint "$TMP/server.log"
FINGERPRINT=$(sed -n 's/.*Fingerprint //p' "$TMP/server.log")
PASSWORD="four doors $SALT"
"$PARLOR" user add Dora --data-dir "$DATA" <<<"$PASSWORD" >"$TMP/user.log"
pass

step 'Alice at a window'
open_window alice 5 30 --data-dir "$TMP/alice-data" --listen "127.0.0.1:$PORT"
ALICE=$WINDOW ALICE_PID=$PID
pointer_away
log_in "$ALICE" Alice 123
wait_until 30 'Alice is in' signed_in "$ALICE"
hosts "$SERVER" || fail 'the server is another one'
pass

step 'Bob at a terminal'
tmux -u -S "$TMP/tmux" -f /dev/null new-session -d -s bob -x 200 -y 50 -e PARLOR_PASSWORD=456 -e TERM=screen -- \
    sh -c '"$0" --terminal "$1" --name Bob --data-dir "$2"; echo $? >"$3"' \
    "$PARLOR" "127.0.0.1:$PORT" "$TMP/bob-data" "$TMP/bob-end"
PROCESSES+=("$(tmux -S "$TMP/tmux" display-message -p '#{pid}')")
tmux -S "$TMP/tmux" pipe-pane -t bob "cat >'$TMP/bob.log'"
wait_until 30 'Bob is in' prompt_is Everyone
pane_has 'Online: Alice.' || fail 'the terminal does not say that Alice is there'
pass

step 'Charlie over a WebSocket'
PARLOR_NAME=Charlie PARLOR_PASSWORD=456 "$WEB" "$ROOT/examples/python/websocket.py" "ws://127.0.0.1:$PORT" \
    </dev/null >"$TMP/refused.log" 2>&1 && fail 'a wrong password got in'
PARLOR_NAME=Charlie PARLOR_PASSWORD=789 "$WEB" "$ROOT/examples/python/websocket.py" "ws://127.0.0.1:$PORT" \
    <"$TMP/charlie" >"$TMP/charlie.log" 2>&1 &
CHARLIE=$!
PROCESSES+=("$CHARLIE")
exec 5>"$TMP/charlie"
wait_until 30 'Charlie is in' grep -q '^\*.* Bob is online' "$TMP/charlie.log"
wait_until 20 'the terminal tells it' pane_has '* Charlie is online'
pass

step 'Dora with commands for scripts'
window_says Everyone "before Dora $SALT"
terminal_shows Everyone Alice "before Dora $SALT"
PARLOR_NAME=Dora PARLOR_PASSWORD="$PASSWORD" "$PARLOR" tail --json --receipts --connect "127.0.0.1:$PORT" \
    >"$TMP/tail.log" 2>"$TMP/tail-problems.log" 5>&- &
TAIL=$!
PROCESSES+=("$TAIL")
# What it has was received; from here on it misses nothing.
wait_until 30 'what was said has reached it' holds_record 'any(.[]; .purpose == "delivered_message" and .by == 4)'
others=$(dora who --json | jq -rs 'map(select(.username != "Dora") | "\(.username) is \(.status)") | join(", ")')
[[ $others == 'Alice is online, Bob is online, Charlie is online' ]] || fail "who tells that $others"
wait_until 20 'the WebSocket is told that a script is there' said 1 '* Dora is away'
pass

step 'in Everyone, each sends and the others show it'
goes_round Everyone
pass

step 'in a group that the terminal made, each sends and the others show it'
before=$(look "$ALICE")
type_line '/new Hike'
wait_until 20 'one is in the new group' prompt_is Hike
type_line '/add Alice, Charlie, Dora'
wait_until 20 'all are in it' holds_record '[.[] | select(.change == "added") | .members // [.member] | .[]] | sort == [1, 3, 4]'
GROUP=$(jq 'first(.[] | select(.change == "created") | .group)' "$HISTORY")
wait_until 20 "the group is in Alice's list" changed "$ALICE" "$before"
goes_round Hike
pass

step 'in private, each to each, and each learns that it was read'
for from in "${ALL[@]}"; do
    for to in "${ALL[@]}"; do
        [[ $to != "$from" ]] || continue
        text="$from to $to $SALT"
        "${DOOR[$from]}_says" "$to" "$text"
        "${DOOR[$to]}_shows" "$from" "$from" "$text"
        if [[ $to != Dora ]]; then
            "${DOOR[$from]}_learns" "$to" "$to" "$text"
        elif [[ $from == Bob ]]; then
            wait_until 20 'the terminal tells that she has it' pane_tells 'Dora has received' "$text" '✓✓'
        fi
    done
done
pass

step 'Dora reads over TLS, with a WebSocket and a copy of the certificate: now all have read it'
PARLOR_NAME=Dora PARLOR_PASSWORD="$PASSWORD" "$WEB" "$ROOT/examples/python/websocket.py" "wss://127.0.0.1:$PORT" \
    "$DATA/certificate.pem" <"$TMP/dora" >"$TMP/dora.log" 2>&1 5>&- &
DORA=$!
PROCESSES+=("$DORA")
exec 6>"$TMP/dora"
wait_until 30 'she is in' grep -q '^\*.* Bob is online' "$TMP/dora.log"
for chat in Everyone Hike Dora; do web_says "$chat" "are we all here? $SALT"; done
web_learns Dora Dora
for chat in Everyone Hike; do
    terminal_learns "$chat" '' "Bob in $chat $SALT"
    window_learns "$chat" everybody
done
exec 6>&-
ended "$DORA"
pass

step 'a newcomer joins by an invite, and greets from a server that is known by its fingerprint'
CODE=$(ask '{"purpose":"login","username":"Alice","password":"123"}' \
    '{"purpose":"create_invite","uses":1,"expires_in_ms":60000}' | jq -rs '.[1].code')
ask '{"purpose":"join","code":"'"$CODE"'","username":"Erik","password":"'"$PASSWORD"'"}' >"$TMP/join"
jq -e '.result and .username == "Erik"' "$TMP/join" >/dev/null || fail "the answer is $(<"$TMP/join")"
ask '{"purpose":"join","code":"'"$CODE"'","username":"Frida","password":"'"$PASSWORD"'"}' >"$TMP/join"
jq -e '.error.code == "bad_invite"' "$TMP/join" >/dev/null || fail "the second answer is $(<"$TMP/join")"
erik() {
    PARLOR_NAME=Erik PARLOR_PASSWORD="$PASSWORD" "$PARLOR" send --connect "tls://127.0.0.1:$PORT" --everyone "$@"
}
if erik 'to nobody' 2>"$TMP/erik.log"; then fail 'a server that nobody vouches for was believed'; fi
erik --fingerprint "$FINGERPRINT" "hello all $SALT" || fail 'the greeting was refused'
open_chat Everyone
for name in "${ALL[@]}"; do "${DOOR[$name]}_shows" Everyone Erik "hello all $SALT"; done
pass

step 'each chat can be read again, as the log has it'
for chat in Everyone Hike Bob; do
    with=$(chat_filter "$chat")
    [[ $chat != Bob ]] || with='([.from, .to] | sort) == [2, 4]'
    jq "[.[] | select(.purpose == \"receive_message\" and ($with)) | [.from_user, .message]]" "$HISTORY" >"$TMP/logged"
    dora history --chat "$chat" --json | jq -s '[.[] | select(.message) | [.from_user, .message]]' >"$TMP/read"
    cmp -s "$TMP/logged" "$TMP/read" || fail "history of $chat: $(<"$TMP/read")"
done
pass "$(jq '[.[] | select(.message)] | length' "$HISTORY") messages"

step 'each door is closed, then the server, and --check finds no fault'
exec 5>&-
ended "$CHARLIE"
type_line /leave
wait_until 20 'the terminal ends' test -s "$TMP/bob-end"
[[ $(<"$TMP/bob-end") == 0 ]] || fail "the terminal ended with $(<"$TMP/bob-end")"
focus "$ALICE"
key alt+F4
ended "$ALICE_PID"
alive "$TAIL" || fail "the tail has ended: $(<"$TMP/tail-problems.log")"
kill "$TAIL"
wait "$TAIL" 2>/dev/null || true
kill "$SERVER"
ended "$SERVER"
"$PARLOR" --check --data-dir "$DATA" >"$TMP/check" 2>&1 || fail "--check says: $(<"$TMP/check")"
pass

printf '%d passed, 0 failed\n' "$PASSED"
