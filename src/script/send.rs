//! `parlor send`: a text or a file to people, groups or everyone, which is on the server's disk when the command returns.

use std::collections::BTreeMap;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::Serialize;

use super::{Door, Receivers, print};
use crate::client::command::Command;
use crate::client::model::{Model, Phase};
use crate::client::outbox::{Destination, Enclosure, Outgoing, Progress};
use crate::lines::live::{Live, failure, waiting};
use crate::lines::{Failure, Kind, find};
use crate::proto::chat::ChatKey;
use crate::proto::event::{Outcome, Problem};
use crate::proto::ids::{Invalid, Millis, Seq, UserId, check_message};
use crate::proto::limits::{MESSAGE_MAX_BYTES, PEOPLE_PER_REQUEST_MAX};
use crate::transfers::{self, LocalFiles};

/// Sends it.
pub(super) fn send(
    door: &Door,
    to: &Receivers,
    (text, file): (Option<String>, Option<&Path>),
    json: bool,
) -> Result<(), Failure> {
    // Before the connection: nobody is seen to be there for a text that cannot be sent, or that comes slowly.
    let file = file.map(measure).transpose()?;
    let text = match (text, &file) {
        (Some(text), _) => text,
        (None, Some(_)) => String::new(),
        (None, None) => from_input()?,
    };
    if file.is_none() || !text.is_empty() {
        check_message(&text).map_err(|error| Failure::refused(error.to_string()))?;
    }
    let mut live = door.open()?;
    if file.is_some() {
        // Nothing is kept: files are only fetched to be shown.
        live.client
            .set_disk(Box::new(LocalFiles::new(PathBuf::new())))
            .map_err(|error| Failure::new(Kind::Other, format!("a thread cannot be started: {error}")))?;
    }
    let (people, rooms) = resolve(live.model(), to).map_err(Failure::refused)?;
    if text.len() > live.model().message_max_bytes {
        return Err(Failure::refused(Invalid::LongMessage { bytes: text.len() }.to_string()));
    }

    // Each send by its number, and the chat where it will stand.
    let mut sent = BTreeMap::new();
    let mut perform = |command, chat| {
        live.client.perform(command);
        sent.extend(live.client.model().outbox.entries().last().map(|entry| (entry.n, chat)));
    };
    let one = |chat| {
        let (text, attachments) = (text.clone(), file.clone().into_iter().collect());
        Command::Send { chat, text, reply_to: None, attachments }
    };
    match people.as_slice() {
        // A file belongs to one message.
        [_, _, ..] if file.is_none() => perform(Command::SendToMany { people, text: text.clone() }, None),
        some => some.iter().map(|id| ChatKey::Person(*id)).for_each(|chat| perform(one(chat), Some(chat))),
    }
    for room in rooms {
        perform(one(room), Some(room));
    }
    let answered = wait(&mut live, door.patience());
    let model = live.model();
    if let Phase::SignedOut { problem: Some(problem) } = &model.phase {
        return Err(failure(problem));
    }
    if json {
        for (n, chat) in &sent {
            if let Some(reply) = reply(model, *n, *chat) {
                print(&serde_json::to_string(&reply).unwrap_or_default())?;
            }
        }
    }
    if let Some(problem) = refusals(model).next() {
        return Err(Failure::refused(problem.message));
    }
    match answered {
        true => Ok(()),
        false => {
            let seconds = door.patience().as_secs();
            if model.outbox.entries().any(|entry| !entry.is_ready()) {
                let text = format!("nothing of the file was taken for {seconds} s: it is not sent");
                return Err(Failure::new(Kind::NoConnection, text));
            }
            let text = format!("no acknowledgement came within {seconds} s: the message may or may not be stored");
            Err(Failure::new(Kind::NotAcknowledged, text))
        }
    }
}

/// Looks at the file that is to be sent.
fn measure(path: &Path) -> Result<Enclosure, Failure> {
    let text = path.to_str().ok_or_else(|| Failure::refused("the file's path is not UTF-8: rename it"))?;
    transfers::measure(text).map_err(Failure::refused)
}

/// Waits until everything is answered; false when for so long nothing was, and nothing more of a file was taken.
fn wait(live: &mut Live, patience: Duration) -> bool {
    let is_over = |model: &Model| {
        model.outbox.entries().all(|entry| entry.progress != Progress::Pending)
            || matches!(model.phase, Phase::SignedOut { .. })
    };
    loop {
        let before = waiting(live.model());
        if !live.until(Some(patience), |model| is_over(model) || waiting(model) != before) {
            return false;
        }
        if is_over(live.model()) {
            return true;
        }
    }
}

/// All of standard input, without the line break at its end.
fn from_input() -> Result<String, Failure> {
    let failed = |why: String| Failure::new(Kind::Other, format!("cannot read the text from standard input: {why}"));
    let mut bytes = Vec::new();
    // A byte more than there can be shows that it is too long, and two for the line break.
    let most = MESSAGE_MAX_BYTES as u64 + 3;
    io::stdin().lock().take(most).read_to_end(&mut bytes).map_err(|error| failed(error.to_string()))?;
    if bytes.len() as u64 == most {
        return Err(Failure::refused(format!("the text is longer than {MESSAGE_MAX_BYTES} bytes")));
    }
    let mut text = String::from_utf8(bytes).map_err(|_| failed("it is not UTF-8".into()))?;
    if text.ends_with('\n') {
        text.pop();
        if text.ends_with('\r') {
            text.pop();
        }
    }
    Ok(text)
}

/// Who and which rooms are meant, each once. All of them are there, or nothing is sent.
fn resolve(model: &Model, to: &Receivers) -> Result<(Vec<UserId>, Vec<ChatKey>), String> {
    let mut people: Vec<UserId> = Vec::new();
    for name in &to.to {
        let id = find::person(model, name)?;
        if !people.contains(&id) {
            people.push(id);
        }
    }
    if people.len() > PEOPLE_PER_REQUEST_MAX {
        return Err(format!("a message goes to at most {PEOPLE_PER_REQUEST_MAX} people"));
    }
    let mut rooms = Vec::new();
    for name in &to.group {
        let room = ChatKey::Group(find::group(model, name)?);
        if !rooms.contains(&room) {
            rooms.push(room);
        }
    }
    if to.everyone {
        rooms.push(ChatKey::Everyone);
    }
    Ok((people, rooms))
}

/// Why something was not stored for somebody.
fn refusals(model: &Model) -> impl Iterator<Item = Problem> {
    let refused = model.outbox.entries().filter_map(|entry| match &entry.progress {
        Progress::Failed(problem) => Some(problem.clone()),
        Progress::Pending => None,
    });
    let outcomes = model.spread.iter().filter_map(|spread| spread.outcomes.as_ref()?.as_ref().ok()).flatten();
    refused.chain(outcomes.filter_map(|outcome| outcome.error.clone()))
}

/// The reply to a send, as the protocol has it.
#[derive(Debug, Serialize)]
struct Reply {
    purpose: &'static str,
    result: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    seq: Option<Seq>,
    #[serde(skip_serializing_if = "Option::is_none")]
    at: Option<Millis>,
    #[serde(skip_serializing_if = "Option::is_none")]
    outcomes: Option<Vec<Outcome>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<Problem>,
}

/// What came of a send; nothing while nobody knows.
fn reply(model: &Model, n: u64, chat: Option<ChatKey>) -> Option<Reply> {
    let mut reply = Reply { purpose: "send_message", result: true, seq: None, at: None, outcomes: None, error: None };
    // One with a file has another number once the file is there.
    let is_it = |entry: &Outgoing| entry.n == n || chat.is_some_and(|chat| entry.to == Destination::Chat(chat));
    if let Some(entry) = model.outbox.entries().find(|entry| is_it(entry)) {
        let Progress::Failed(problem) = &entry.progress else { return None };
        (reply.result, reply.error) = (false, Some(problem.clone()));
        return Some(reply);
    }
    let spread = model.spread.as_ref().filter(|spread| spread.n == n);
    reply.outcomes = spread.and_then(|spread| spread.outcomes.clone()?.ok());
    let first = reply.outcomes.iter().flatten().find(|outcome| outcome.result).and_then(|outcome| outcome.to);
    let place = chat.or(first.map(ChatKey::Person)).and_then(|chat| model.chat(chat));
    let mine = place.and_then(|chat| chat.messages.iter().rev().find(|entry| model.is_me(entry.from)));
    (reply.seq, reply.at) = (mine.map(|entry| entry.seq), mine.map(|entry| entry.at));
    Some(reply)
}
