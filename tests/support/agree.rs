//! Does a client know what the log says? Compares a model, field by field, with the fold of the log, as far as its
//! account may see it.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Debug;
use std::sync::Arc;

use bytes::Bytes;
use parlor::client::model::{Chat, Message, Model, Reach};
use parlor::core::directory::Directory;
use parlor::core::state::{State, Summary};
use parlor::proto::attachment::Edition;
use parlor::proto::chat::{ChatId, ChatKey};
use parlor::proto::ids::{Millis, Seq, UserId};
use parlor::proto::record::Record;

fn same<T: PartialEq + Debug>(what: &str, model: T, log: T) -> Result<(), String> {
    if model == log { Ok(()) } else { Err(format!("{what}: the model has\n  {model:?}\nand the log says\n  {log:?}")) }
}

/// Looks at the time of the next record of a log: whether it is before that of an entry of the same chat. `times` is
/// what was seen so far.
pub fn goes_back(times: &mut BTreeMap<ChatId, Millis>, record: &Record<'_>) -> bool {
    let chats = match record {
        Record::Message(message) => vec![message.chat()],
        Record::ToMany(many) => many.to_many.iter().map(|to| ChatId::direct(many.from, *to)).collect(),
        Record::Group(change) => vec![ChatId::Group(change.group)],
        _ => Vec::new(),
    };
    let before = |chat| times.insert(chat, record.at()).is_some_and(|before| before > record.at());
    chats.into_iter().map(before).fold(false, |any, back| any | back)
}

/// Compares; `log` is the JSON of all records in order.
pub fn agrees(model: &Model, state: &State, directory: &Directory, log: &[Bytes]) -> Result<(), String> {
    let me = model.my_id().ok_or("nobody is signed in")?;
    let people: BTreeMap<_, _> = directory.iter().map(|(id, name)| (id, name.to_string())).collect();
    same("people", model.people.iter().map(|(id, it)| (*id, it.username.clone())).collect(), people)?;
    same("read receipts", model.read_receipts, state.read_receipts(me))?;
    for (id, account) in state.accounts().filter(|(id, _)| directory.name(*id).is_none()) {
        same("a former member", model.name(id), &format!("{} (former member)", account.username))?;
    }

    let groups: BTreeSet<_> = state.groups_of(me).map(|(id, _)| id).collect();
    same("groups", model.groups.keys().copied().collect(), groups)?;
    for (id, group) in state.groups_of(me) {
        let known = &model.groups[&id];
        same("a group's name", known.name.as_str(), group.name.as_str())?;
        same("a group's owner", known.owner, group.owner)?;
        same("a group's history", known.history, group.history)?;
        same("a group's members", &known.members, &group.members)?;
        let members = &state.chat(ChatId::Group(id)).unwrap().members;
        same("when they joined", known.joined.clone(), members.iter().map(|(id, it)| (*id, it.joined)).collect())?;
    }

    let listed: BTreeSet<_> = state.summaries(me).map(|summary| summary.chat.key_for(me)).collect();
    let known = model.chats.iter().filter(|(_, chat)| chat.last.is_some() || !chat.messages.is_empty());
    same("chats", known.map(|(key, _)| *key).collect(), listed)?;
    for summary in state.summaries(me) {
        let key = summary.chat.key_for(me);
        chat_agrees(model, state, directory, log, me, &summary).map_err(|why| format!("{key:?}: {why}"))?;
    }
    same("the outbox", model.outbox.pending().count(), 0)
}

fn chat_agrees(
    model: &Model,
    state: &State,
    directory: &Directory,
    log: &[Bytes],
    me: UserId,
    summary: &Summary<'_>,
) -> Result<(), String> {
    let key = summary.chat.key_for(me);
    let chat: &Chat = &model.chats[&key];
    let last = chat.last.as_ref().ok_or("no last entry")?;
    same("the last entry", (last.seq, last.at, last.from), (summary.seq, summary.at, summary.from))?;
    same("its preview", &*last.preview, summary.preview)?;
    same("its change", last.change.as_deref(), summary.change)?;
    same("its file", last.file.as_deref(), summary.file.map(|file| file.as_str()))?;
    same("whether it is deleted", last.deleted, summary.deleted)?;
    same("unread", chat.unread, summary.unread)?;
    same("mentions", chat.mentions, summary.mentions)?;
    same("read", chat.read, summary.read)?;
    same("muted", chat.muted, summary.muted)?;

    let (seqs, _) = state.page(me, summary.chat, None, usize::MAX);
    let loaded = &seqs[seqs.len().saturating_sub(chat.messages.len())..];
    let expected: Vec<_> = loaded.iter().map(|seq| entry(state, log, summary.chat, *seq, me)).collect();
    same("entries", chat.messages.iter().cloned().collect(), expected)?;
    if chat.complete {
        same("how many there are", chat.messages.len(), seqs.len())?;
    }
    for message in chat.messages.iter().filter(|message| message.from == me && message.change.is_none()) {
        let expected = reach(state, directory, me, summary.chat, message.seq);
        same(&format!("how far {} has come", message.seq), model.reach(key, message.seq), expected)?;
    }
    Ok(())
}

/// An entry as it is now, by the log alone.
fn entry(state: &State, log: &[Bytes], chat: ChatId, seq: Seq, me: UserId) -> Message {
    let record = Record::parse(&log[usize::try_from(seq.0).unwrap() - 1]).unwrap();
    let at = record.at();
    let mut entry = match record {
        Record::Message(it) => Message {
            from: it.from,
            text: it.message.as_ref().into(),
            mentions_me: it.mentions.contains(&me),
            reply_to: it.reply_to,
            attachment: it.attachment.map(Arc::new),
            ..Message::default()
        },
        Record::ToMany(it) => Message {
            from: it.from,
            text: it.message.as_ref().into(),
            attachment: it.attachment.map(Arc::new),
            ..Message::default()
        },
        Record::Group(it) => {
            return Message { seq, at, from: it.by, change: Some(it.change.into()), ..Message::default() };
        }
        other => panic!("{other:?} stands in a chat"),
    };
    // What lost a race stands in the log, too.
    let newest =
        state.revision(chat, seq).map(|it| Record::parse(&log[usize::try_from(it.seq.0).unwrap() - 1]).unwrap());
    match newest {
        Some(Record::Edited(it)) if (it.by, it.message_seq) == (entry.from, seq) => {
            entry.text = it.message.as_ref().into();
            entry.mentions_me = it.mentions.contains(&me);
            entry.edited = Some(Edition { seq: it.seq, at: it.at });
        }
        Some(Record::Deleted(it)) if (it.by, it.message_seq) == (entry.from, seq) => {
            entry = Message { from: entry.from, deleted: true, ..Message::default() };
        }
        Some(other) => panic!("{other:?} changes {seq}"),
        None => {}
    }
    Message { seq, at, ..entry }
}

/// How far a message has come, by the log alone.
fn reach(state: &State, directory: &Directory, me: UserId, chat: ChatId, seq: Seq) -> Reach {
    let others: Vec<UserId> = match (chat, chat.key_for(me)) {
        (ChatId::Group(group), _) => state.group(group).unwrap().members.clone(),
        (_, ChatKey::Person(other)) => vec![other],
        _ => directory.iter().map(|(id, _)| id).collect(),
    };
    let members = &state.chat(chat).unwrap().members;
    let is_room = chat.key_for(me).is_room();
    let others = others.into_iter().filter(|user| *user != me);
    let receivers: Vec<_> =
        others.filter(|user| !is_room || members.get(user).is_none_or(|member| member.joined <= seq)).collect();
    let read = |user: &&UserId| state.shown_to(me, chat, **user) >= seq;
    let delivered = |user: &&UserId| state.delivered(**user) >= seq || read(user);
    Reach {
        receivers: receivers.len(),
        delivered: receivers.iter().filter(delivered).count(),
        read: receivers.iter().filter(read).count(),
    }
}
