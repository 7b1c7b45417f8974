//! What people do. The checkers know nothing of it.

use parlor::client::command::GroupWish;
use parlor::client::outbox::{Destination, Progress, What};
use parlor::proto::chat::{ChatKey, GroupId, Past};
use parlor::proto::event::Status;
use parlor::proto::ids::{Seq, UserId, UserName};
use parlor::proto::outgoing::Outgoing;

use super::device::Device;
use super::server::Server;
use super::{ACCOUNTS_MAX, Sim};

/// One person does one thing.
pub fn act(sim: &mut Sim, devices: &mut [Device], server: Option<&mut Server>) {
    let rates = sim.rates;
    let all = [
        rates.send,
        rates.many,
        rates.group,
        rates.read,
        rates.load,
        rates.settings,
        rates.come,
        rates.go,
        rates.forget,
        rates.account,
        rates.retry,
    ];
    let mut chosen = sim.random.below(all.iter().sum::<u64>() as usize) as u64;
    let what = all.iter().position(|rate| {
        let here = chosen < *rate;
        chosen = chosen.saturating_sub(*rate);
        here
    });
    let at = sim.random.below(devices.len());
    let device = &mut devices[at];
    match what.unwrap_or_default() {
        0 => send(sim, device),
        1 => {
            let people: Vec<_> = (1..=ACCOUNTS_MAX).map(UserId).filter(|_| sim.random.chance(400)).collect();
            if !people.is_empty() {
                let text = text(sim);
                device.write(sim, Destination::People(people.into()), &text);
            }
        }
        2 => group(sim, device),
        3 => read(sim, device),
        4 => load(sim, device),
        5 => settings(sim, device),
        6 => {
            device.wanted = true;
            sim.note(format_args!("device {at} comes"));
        }
        7 => {
            if sim.random.chance(500) {
                device.ask(sim, &Outgoing::Exit);
            }
            device.wanted = false;
            sim.note(format_args!("device {at} goes"));
        }
        8 => {
            let user = if sim.random.chance(300) { UserId(any_user(sim)) } else { device.user };
            sim.note(format_args!("device {at} forgets, and is {user:?}'s"));
            device.forget(sim, user);
        }
        9 => account(sim, server),
        _ => {
            let failed = device.model.outbox.entries().find(|entry| entry.progress != Progress::Pending);
            if let Some(n) = failed.map(|entry| entry.n) {
                match sim.random.chance(700) {
                    true => device.retry(sim, n),
                    false => _ = device.model.outbox.remove(n),
                }
            }
        }
    }
}

fn any_user(sim: &mut Sim) -> u32 {
    1 + sim.random.below(ACCOUNTS_MAX as usize) as u32
}

fn text(sim: &mut Sim) -> String {
    let mut text = format!("said at {}", sim.tick);
    if sim.random.chance(200) {
        let called = any_user(sim);
        text.push_str(&format!(" to @user{called}!"));
    }
    if sim.random.chance(50) {
        text.push_str(&" and so on".repeat(sim.random.below(100)));
    }
    text
}

/// A chat that somebody could name, existing or not.
fn any_chat(sim: &mut Sim, device: &Device) -> ChatKey {
    let groups: Vec<_> = device.model.groups.keys().copied().collect();
    match sim.random.below(10) {
        0..3 => ChatKey::Everyone,
        3..6 => ChatKey::Person(UserId(any_user(sim))),
        6 => ChatKey::Group(GroupId(sim.random.between(1, 60))),
        _ => sim.random.pick(&groups).map_or(ChatKey::Everyone, ChatKey::Group),
    }
}

/// A chat with something in it.
fn known_chat(sim: &mut Sim, device: &Device) -> Option<ChatKey> {
    let known = device.model.chats.iter().filter(|(_, chat)| chat.last.is_some());
    let known: Vec<_> = known.map(|(key, _)| *key).collect();
    sim.random.pick(&known)
}

/// A message among the last ones of a chat; with `own` mostly one of this person's.
fn any_message(sim: &mut Sim, device: &Device, own: bool) -> Option<(ChatKey, Seq)> {
    let chat = known_chat(sim, device)?;
    let own = own && !sim.random.chance(50);
    let messages = device.model.chats[&chat].messages.iter().rev().take(8);
    let messages: Vec<_> = messages.filter(|it| !own || it.from == device.user).map(|it| it.seq).collect();
    Some((chat, sim.random.pick(&messages)?))
}

fn revise(sim: &mut Sim, device: &mut Device) {
    let Some((chat, seq)) = any_message(sim, device, true) else { return };
    let (what, text) = match sim.random.chance(700) {
        true => (What::Edit(seq), text(sim)),
        false => (What::Delete(seq), String::new()),
    };
    sim.note(format_args!("device {} in {chat:?}: {what:?} {text}", device.at));
    device.put(sim, Destination::Chat(chat), what, &text);
}

fn send(sim: &mut Sim, device: &mut Device) {
    if sim.random.chance(200) {
        return revise(sim, device);
    }
    if sim.random.chance(100)
        && let Some((chat, seq)) = any_message(sim, device, false)
    {
        let text = text(sim);
        sim.note(format_args!("device {} answers {seq} in {chat:?}: {text}", device.at));
        let what = What::Say { reply_to: Some(seq), enclosure: None };
        return device.put(sim, Destination::Chat(chat), what, &text);
    }
    let chat = any_chat(sim, device);
    let text = text(sim);
    sim.note(format_args!("device {} writes to {chat:?}: {text}", device.at));
    device.write(sim, Destination::Chat(chat), &text);
}

fn group(sim: &mut Sim, device: &mut Device) {
    let groups: Vec<_> = device.model.groups.keys().copied().collect();
    let somebody = UserId(any_user(sim));
    let tick = sim.tick;
    let wish = match (sim.random.below(12), sim.random.pick(&groups)) {
        (0..3, _) | (_, None) => {
            let others: Vec<_> = sim.accounts.keys().copied().filter(|id| *id != device.user).collect();
            let members = others.into_iter().filter(|_| sim.random.chance(500)).collect();
            let history = if sim.random.chance(500) { Past::All } else { Past::Joined };
            GroupWish::Create { name: format!("group {tick}"), members, history }
        }
        (3, Some(group)) => GroupWish::Rename(group, format!("renamed {tick}")),
        (4..7, Some(group)) => GroupWish::Add(group, vec![somebody]),
        (7..10, Some(group)) => GroupWish::Remove(group, somebody),
        (10, Some(group)) => match sim.random.chance(500) {
            true => GroupWish::HandOver(group, somebody),
            false => GroupWish::Leave(group),
        },
        (_, Some(group)) => match sim.random.chance(300) {
            true => GroupWish::Delete(group),
            false => GroupWish::Add(group, vec![somebody]),
        },
    };
    sim.note(format_args!("device {} wishes {wish:?}", device.at));
    device.wish(sim, wish);
}

/// Somebody sees what is on the screen, to its end or not quite.
fn read(sim: &mut Sim, device: &mut Device) {
    let Some(key) = known_chat(sim, device) else { return };
    let back = if sim.random.chance(700) { 0 } else { sim.random.below(4) };
    let seen = device.model.chats[&key].messages.iter().rev().nth(back).map(|message| message.seq);
    if let Some(seen) = seen {
        sim.note(format_args!("device {} reads {key:?} up to {seen}", device.at));
        device.read(sim, key, seen);
    }
}

fn load(sim: &mut Sim, device: &mut Device) {
    let Some(chat) = known_chat(sim, device) else { return };
    if device.stage == super::device::Stage::In
        && let Some((id, before)) = device.model.start_loading(chat)
    {
        let limit = 1 + sim.random.below(8);
        device.ask(sim, &Outgoing::FetchHistory { id, chat, before, limit, attachments: false });
    }
}

fn settings(sim: &mut Sim, device: &mut Device) {
    let chat = any_chat(sim, device);
    let on = sim.random.chance(500);
    match sim.random.below(6) {
        0 => device.ask(sim, &Outgoing::SetReadReceipts { on }),
        1 => {
            if let Some(chat) = known_chat(sim, device) {
                device.ask(sim, &Outgoing::MuteChat { chat, muted: on });
            }
        }
        2 => {
            let status = if on { Status::Away } else { Status::Online };
            device.ask(sim, &Outgoing::SetStatus { status });
        }
        3 | 4 => device.ask(sim, &Outgoing::Typing { chat }),
        _ => {
            let Some(chat) = known_chat(sim, device) else { return };
            let mine = device.model.chats[&chat].messages.iter().rev().find(|message| message.from == device.user);
            if let Some(seq) = mine.map(|message| message.seq) {
                device.ask(sim, &Outgoing::FetchReceipts { chat, seq });
            }
        }
    }
}

/// Somebody edits `users.json`: an account comes, goes, comes back, or has another name.
fn account(sim: &mut Sim, server: Option<&mut Server>) {
    let user = UserId(any_user(sim));
    let tick = sim.tick;
    match sim.accounts.contains_key(&user) {
        false => _ = sim.accounts.insert(user, UserName::new(&format!("user{}", user.0)).unwrap()),
        true if sim.random.chance(500) => {
            _ = sim.accounts.insert(user, UserName::new(&format!("user{}x{tick}", user.0)).unwrap());
        }
        true if sim.accounts.len() > 2 => _ = sim.accounts.remove(&user),
        true => {}
    }
    let name = sim.accounts.get(&user).cloned();
    sim.note(format_args!("{user:?} is {name:?} now"));
    if let Some(server) = server {
        server.accounts_changed(sim);
    }
}
