#!/usr/bin/env bash
# Two people, real windows, real keys, one folder: does the program do what it says, from the login to a killed host?
#
#     scripts/e2e.sh                          the program is target/release/parlor
#     PARLOR_BIN=target/debug/parlor scripts/e2e.sh
#
# Brings its own display, takes a free port, and leaves nothing behind. After a failure, target/e2e/ has the picture of
# the screen, history.json and what the programs said. Needs: Xvfb openbox xdotool imagemagick x11-utils xclip jq python3.

set -euo pipefail
# shellcheck source=scripts/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
need Xvfb openbox xdotool import convert xprop xclip jq python3
rm -rf "$OUT"
start_script
SALT=$RANDOM$RANDOM

step 'without a display, one line names --server and the exit code is 1'
status=0
env -u DISPLAY "$PARLOR" --data-dir "$DATA" >"$TMP/no-display" 2>&1 || status=$?
[[ $status == 1 ]] || fail "the exit code is $status"
[[ $(wc -l <"$TMP/no-display") == 1 && $(<"$TMP/no-display") == *--server* ]] || fail "it says: $(<"$TMP/no-display")"
pass

start_display 2260x800
PORT=$(free_port)
SAME=(--data-dir "$DATA" --listen "127.0.0.1:$PORT")
LEFT=(5 30) RIGHT=(1150 30)

step 'a wrong password is refused where it was typed'
open_window alice "${LEFT[@]}" "${SAME[@]}"
ALICE=$WINDOW ALICE_PID=$PID
pointer_away
(($(count "$ALICE" danger) == 0)) || fail 'the login page shows an error before anything was done'
log_in "$ALICE" Alice wrong
wait_until 30 'the error appears' more_than "$ALICE" danger 200
has_title "$ALICE" 'Parlor' || fail 'the title has changed'
if signed_in "$ALICE"; then fail 'a wrong password got in'; fi
pass

step 'the right one gets in, and the first window hosts'
key ctrl+a
type_text 123
key Return
wait_until 30 'Alice is in' signed_in "$ALICE"
wait_until 10 'history.json exists' test -f "$HISTORY"
wait_until 10 'the window listens' hosts "$ALICE_PID"
wait_until 10 'history.json is valid' valid_json
pass

step 'a second window finds the first one'
open_window bob "${RIGHT[@]}" "${SAME[@]}"
BOB=$WINDOW BOB_PID=$PID
log_in "$BOB" Bob 456
wait_until 30 'Bob is in' signed_in "$BOB"
hosts "$ALICE_PID" || fail 'the first window hosts no longer'
wait_until 10 'Alice sees somebody online' more_than "$ALICE" online 20
pass

step 'a message counts in the title until its chat is opened'
focus "$ALICE"
open_row 1
HELLO="hello from Alice $SALT"
wrote "$HELLO"
send "$ALICE" "$HELLO"
expect_history
wait_until 10 "Bob's title counts it" has_title "$BOB" '(1) Parlor'
reads=$(read_records)
((reads == 0)) || fail 'it was marked read before anybody looked'
focus "$BOB"
open_row 1
wait_until 10 "Bob's title is plain again" has_title "$BOB" 'Parlor'
wait_until 10 'the log has a read marker' more_reads_than 0
pass

step 'the answer comes back, and the log has both once and in order'
ANSWER="hello from Bob $SALT"
wrote "$ANSWER"
send "$BOB" "$ANSWER"
expect_history
jq -e --arg a "$HELLO" --arg b "$ANSWER" '[.[] | select(.purpose == "receive_message") | [.from_user, .to_user, .message]]
    == [["Alice", "Bob", $a], ["Bob", "Alice", $b]]' "$HISTORY" >/dev/null || fail 'names and texts do not belong together'
pass

step 'both windows show both messages, each on its side'
shows "$BOB" their "$HELLO"
shows "$BOB" own "$ANSWER"
focus "$ALICE"
shows "$ALICE" own "$HELLO"
shows "$ALICE" their "$ANSWER"
pass 'copied with the menu of the message'

step 'a message is corrected, answered and taken back'
TYPO="see you at eihgt $SALT"
wrote "$TYPO"
send "$ALICE" "$TYPO"
expect_history
key Up
key ctrl+a
FIXED="see you at eight $SALT"
type_text "$FIXED"
key Return
wait_until 10 'the log has the change' holds_record 'any(.[]; .purpose == "message_edited" and .message == "'"$FIXED"'")'
shows "$ALICE" own "$FIXED"
focus "$BOB"
shows "$BOB" their "$FIXED"
key ctrl+r
YES="I will be there $SALT"
wrote "$YES"
send "$BOB" "$YES"
expect_history
wait_until 10 'the log knows what it answers' holds_record \
    '(map(select(.message == "'"$TYPO"'"))[0].seq) as $seq | any(.[]; .message == "'"$YES"'" and .reply_to == $seq)'
SLIP="not for you $SALT"
wrote "$SLIP"
send "$BOB" "$SLIP"
expect_history
key Up
key ctrl+a
key BackSpace
key Return
wait_until 10 'it asks first' dimmed "$BOB"
key Return
wait_until 10 'the log has the deletion' holds_record \
    '(map(select(.message == "'"$SLIP"'"))[0].seq) as $seq | any(.[]; .purpose == "message_deleted" and .message_seq == $seq)'
pass

step 'a picture from the clipboard is sent with a text, and seen by the other'
convert -size 240x160 xc:'#ff00ff' "$TMP/pink.png"
xclip -selection clipboard -t image/png -i "$TMP/pink.png"
before=$(look "$BOB")
key ctrl+v
wait_until 10 'it is attached' changed "$BOB" "$before"
PINK="as pink as this $SALT"
wrote "$PINK"
send "$BOB" "$PINK"
expect_history
wait_until 10 'the log has the file' holds_record 'any(.[]; .message == "'"$PINK"'" and .attachment.image == {width: 240, height: 160})'
NAME=$(jq -r '.[] | select(.message == "'"$PINK"'").attachment.file' "$HISTORY")
[[ $(identify -format '%wx%h' "$DATA/attachments/$NAME") == 240x160 ]] || fail 'the server keeps another picture'
focus "$ALICE"
wait_until 20 'her window shows the picture' shows_colour "$ALICE" '#FF00FF'
pass

step 'a picture that fills the window is copied as a picture'
clip 'nothing was copied'
read -r x y < <(middle_of "$ALICE" '#FF00FF')
before=$(look "$ALICE")
click "$ALICE" "$x" "$y"
wait_until 10 'it fills the window' changed "$ALICE" "$before"
pointer_away
copied() {
    key ctrl+c
    timeout 5 xclip -o -selection clipboard -t image/png >"$TMP/copied.png" 2>/dev/null &&
        [[ $(identify -format '%wx%h %[pixel:p{9,9}]' "$TMP/copied.png") == '240x160 srgba(255,0,255,1)' ]]
}
wait_until 10 'it is on the clipboard' copied
key Escape
pass

step 'everyone: a message to all, a mention, and who has seen it'
focus "$ALICE"
open_row 0
CALL="good morning, @Bob $SALT"
wrote "$CALL"
before=$(look "$ALICE")
send "$ALICE" "$CALL"
expect_history
wait_until 10 "Bob's title counts it" has_title "$BOB" '(1) Parlor'
wait_until 10 'the log says whom it calls' holds_record \
    'any(.[]; .message == "'"$CALL"'" and .everyone == true and .mentions == [2])'
focus "$BOB"
open_row 0
wait_until 10 'he has read it' has_title "$BOB" 'Parlor'
shows "$BOB" their "$CALL"
wait_until 10 'the log has his marker' holds_record 'any(.[]; .purpose == "read_message" and .everyone == true and .by == 2)'
focus "$ALICE"
wait_until 10 'her window shows that one has seen it' changed "$ALICE" "$before"
shows "$ALICE" own "$CALL"
pass

step 'a group is made in a dialog, renamed, talked in, and somebody is removed from it'
focus "$ALICE"
key ctrl+n
wait_until 10 'the dialog is there' dimmed "$ALICE"
type_text 'Weekend hike'
key Tab
type_text 'Bo'
key Return
key ctrl+Return
wait_until 10 'the group is in the log' holds_record 'any(.[]; .change == "created" and .name == "Weekend hike" and .members == [1, 2])'
wait_until 10 'the dialog is gone' signed_in "$ALICE"
PLAN="the 7:32 or the 8:02? $SALT"
wrote "$PLAN"
send "$ALICE" "$PLAN"
expect_history
wait_until 10 "Bob's title counts it" has_title "$BOB" '(1) Parlor'
focus "$BOB"
open_row 1
wait_until 10 'he has read it' has_title "$BOB" 'Parlor'
shows "$BOB" their "$PLAN"
focus "$ALICE"
shows "$ALICE" own "$PLAN"
key ctrl+i
wait_until 10 'the details are there' pixel_is "$ALICE" 700 600 surface
click "$ALICE" 780 194
key ctrl+a
type_text 'Sunday hike'
key Return
wait_until 10 'the new name is in the log' holds_record 'any(.[]; .change == "renamed" and .name == "Sunday hike")'
pointer_away
before=$(look "$ALICE")
click "$ALICE" 1048 572
wait_until 10 "the menu of Bob's row opens" changed "$ALICE" "$before"
before=$(look "$ALICE")
click "$ALICE" 970 651
wait_until 10 'it asks first' changed "$ALICE" "$before"
key Tab
key Return
wait_until 10 'his removal is in the log' holds_record 'any(.[]; .change == "removed" and .member == 2)'
wait_until 10 "his window has left the group" button_is "$BOB" backdrop
focus "$ALICE"
key Escape
pass

step 'who leaves was last seen then, and what is sent meanwhile waits'
focus "$BOB"
key alt+F4
wait_until 10 "Bob's window ends" gone "$BOB_PID"
focus "$ALICE"
open_row 2
wait_until 10 'her window shows nobody else online' nobody_online "$ALICE"
wait_until 10 'the log has when he was last seen' holds_record 'any(.[]; .purpose == "last_seen" and .user == 2)'
LATER="for when you are back $SALT"
wrote "$LATER"
send "$ALICE" "$LATER"
expect_history
open_window bob3 "${RIGHT[@]}" "${SAME[@]}"
BOB=$WINDOW BOB_PID=$PID
log_in "$BOB" Bob 456
wait_until 30 'Bob is in' signed_in "$BOB"
wait_until 10 'his title counts what he missed' has_title "$BOB" '(1) Parlor'
wait_until 10 'what reached him is told' holds_record '[.[] | select(.purpose == "delivered_message" and .by == 2)] | length > 0'
wait_until 20 'what moved has come to rest' quiet "$ALICE_PID"
before=$(look "$ALICE")
open_row 1
wait_until 10 'he has read it' has_title "$BOB" 'Parlor'
shows "$BOB" their "$LATER"
wait_until 10 'her window shows that it was seen' changed "$ALICE" "$before"
pass

step 'texts of all kinds arrive as they were written'
LINES50=$(seq -f 'line %g of fifty' 50)
WORD800=$(printf 'w%.0s' {1..800})
TEXTS=(
    '👍 👨‍👩‍👧‍👦 🇩🇪 🏳️‍🌈 ❤️ 🤷🏽‍♀️'
    'hello שלום world עולם'
    'مرحبا بالعالم، كيف الحال؟'
    '你好,世界。こんにちは 안녕하세요'
    $'tab\there, "quotes" \\ back\\slash, $13 {"json": true}$'
    "$LINES50"
    "$WORD800"
)
focus "$BOB"
for text in "${TEXTS[@]}"; do
    wrote "$text"
    paste_and_send "$BOB" "$text"
    expect_history
    if ! { alive "$ALICE_PID" && alive "$BOB_PID"; }; then fail "a window did not survive: ${text:0:40}"; fi
done
# The keys that are known to end programs that lay out text from right to left.
clip 'hello שלום'
key ctrl+v
wait_until 10 'the text is in the composer' button_is "$BOB" accent_fill
key ctrl+End
key ctrl+Delete
key ctrl+shift+Left
key ctrl+BackSpace
key ctrl+a
key Delete
wait_until 10 'the composer is empty' button_is "$BOB" field
shows "$BOB" own "$WORD800"
focus "$ALICE"
shows "$ALICE" their "$WORD800"
read_all "$ALICE"
if ! { alive "$ALICE_PID" && alive "$BOB_PID"; }; then fail 'a window did not survive'; fi
pass "${#TEXTS[@]} texts"

step 'keys that come faster than frames do what they would do one by one'
focus "$BOB"
wrote fast1 fast2 fast3
xdotool key --delay 0 f a s t 1 Return f a s t 2 Return f a s t 3 Return
expect_history
pass

step 'the hosting window is closed: the other one takes over, and what is written meanwhile arrives'
focus "$BOB"
type_text "written during the take-over $SALT"
wait_until 10 'the text is in the composer' button_is "$BOB" accent_fill
focus "$ALICE"
key alt+F4
wait_until 10 'the window ends by itself' gone "$ALICE_PID"
status=0
wait "$ALICE_PID" || status=$?
((status == 0)) || fail "the closed window ended with $status"
since=${EPOCHREALTIME/./}
focus "$BOB"
key Return
offline=after
listening || offline=during
wrote "written during the take-over $SALT"
wait_until 10 'the other window hosts' hosts "$BOB_PID"
took=$(((${EPOCHREALTIME/./} - since) / 1000))
expect_history
wait_until 20 'the composer is empty' button_is "$BOB" field
wait_until 10 'the bar of the lost connection is gone' signed_in "$BOB"
wrote "and after it $SALT"
send "$BOB" "and after it $SALT"
expect_history
pass "took over in $took ms, sent $offline it"

step 'a third window has everything'
open_window alice2 "${LEFT[@]}" "${SAME[@]}"
ALICE=$WINDOW ALICE_PID=$PID
log_in "$ALICE" Alice 123
wait_until 30 'Alice is in' signed_in "$ALICE"
wait_until 10 'her title counts what she missed' has_title "$ALICE" '(2) Parlor'
hosts "$BOB_PID" || fail 'the second window hosts no longer'
open_row 2
wait_until 10 'she has read it' has_title "$ALICE" 'Parlor'
shows "$ALICE" their "and after it $SALT"
wrote "Alice is back $SALT"
send "$ALICE" "Alice is back $SALT"
expect_history
shows "$ALICE" own "Alice is back $SALT"
focus "$BOB"
shows "$BOB" their "Alice is back $SALT"
pass

step 'a window left alone takes no processor time'
# A click on the conversation took the caret out of the composer; a key brings it back.
focus "$ALICE"
type_text 'x'
wait_until 10 'the caret is in the composer' button_is "$ALICE" accent_fill
key BackSpace
wait_until 10 'the composer is empty' button_is "$ALICE" field
pointer_away
# What it knows now is written down some seconds after the last news, once.
wait_until 60 'what moved has come to rest' quiet_for 6 "$BOB_PID"
mapfile -t used < <(ticks_in 10 "$BOB_PID" "$ALICE_PID")
((used[0] <= 1)) || fail "the window without the focus used ${used[0]} ticks in 10 s"
pass "in 10 s: ${used[0]} ticks without the focus, hosting; ${used[1]} with the caret in the composer"

step 'the hosting window is killed while the other one writes'
focus "$ALICE"
BURST=()
for n in {1..12}; do BURST+=("burst $n of 12, $SALT"); done
wrote "${BURST[@]}"
(for text in "${BURST[@]}"; do send "$ALICE" "$text"; done) &
WRITER=$!
wait_until 30 'the fourth message is on the disk' holds "${BURST[3]}"
kill -9 "$BOB_PID"
wait "$BOB_PID" 2>/dev/null || true
since=${EPOCHREALTIME/./}
wait_until 10 'the other window hosts' hosts "$ALICE_PID"
took=$(((${EPOCHREALTIME/./} - since) / 1000))
wait "$WRITER" || fail 'not everything could be written'
expect_history
shows "$ALICE" own "${BURST[11]}"
pass "took over in $took ms"

step 'who was killed comes back and has everything'
open_window bob2 "${RIGHT[@]}" "${SAME[@]}"
BOB=$WINDOW BOB_PID=$PID
log_in "$BOB" Bob 456
wait_until 30 'Bob is in' signed_in "$BOB"
wait_until 10 'his title counts what he missed' has_title "$BOB" '(12) Parlor'
open_row 1
# They are shown from the first that he has not seen, and may be more than fit.
wait_until 20 'he has read all of it' page_down_to_title "$BOB" 'Parlor'
shows "$BOB" their "${BURST[11]}"
expect_history
pass

step 'after all windows are closed, --check finds everything as it was written'
focus "$BOB"
key alt+F4
wait_until 10 "Bob's window ends" gone "$BOB_PID"
focus "$ALICE"
key alt+F4
wait_until 10 "Alice's window ends" gone "$ALICE_PID"
if listening; then fail 'somebody still listens'; fi
"$PARLOR" --check --data-dir "$DATA" >"$TMP/check" 2>&1 || fail "--check says: $(<"$TMP/check")"
grep -q "${#EXPECTED[@]} messages in 3 chats" "$TMP/check" || fail "--check counts otherwise: $(<"$TMP/check")"
history_is_right || fail 'history.json is not what was written'
pass "${#EXPECTED[@]} messages"

step 'a window whose folder is another one does not take the place of a server that restarts'
"$PARLOR" --server "${SAME[@]}" >"$TMP/server.log" 2>&1 &
SERVER=$!
PROCESSES+=("$SERVER")
wait_until 10 'the server listens' listening
open_window stranger "${LEFT[@]}" --data-dir "$TMP/other" --listen "127.0.0.1:$PORT"
ALICE=$WINDOW ALICE_PID=$PID
log_in "$ALICE" Alice 123
wait_until 30 'Alice is in' signed_in "$ALICE"
open_row 1
kill "$SERVER"
wait "$SERVER" || true
wait_until 10 'the window says that the server is away' pixel_is "$ALICE" 3 3 notice
wrote "while it restarts $SALT"
send "$ALICE" "while it restarts $SALT"
if listening; then fail 'the window hosts another folder in its place'; fi
"$PARLOR" --server "${SAME[@]}" >"$TMP/server.log" 2>&1 &
SERVER=$!
PROCESSES+=("$SERVER")
wait_until 10 'the server listens again' listening
expect_history 40
pass

step 'a killed window loses nothing, and the next one opens to all of it while the server is away'
kill "$SERVER"
wait "$SERVER" || true
wait_until 10 'the window says that the server is away' pixel_is "$ALICE" 3 3 notice
wrote "written before the window was killed $SALT"
send "$ALICE" "written before the window was killed $SALT"
kill -9 "$ALICE_PID"
wait "$ALICE_PID" 2>/dev/null || true
open_window again "${LEFT[@]}" --data-dir "$TMP/other" --listen "127.0.0.1:$PORT"
ALICE=$WINDOW ALICE_PID=$PID
log_in "$ALICE" Alice 123
wait_until 10 'she is in without a server' pixel_is "$ALICE" 3 3 notice
open_row 1
wait_until 10 'what she wrote is on screen' lowest "$ALICE" "$(own_x "$ALICE")" bubble_own >/dev/null
"$PARLOR" --server "${SAME[@]}" >"$TMP/server.log" 2>&1 &
PROCESSES+=($!)
wait_until 10 'the server listens again' listening
expect_history 40
pass

printf '%d passed, 0 failed\n' "$PASSED"
