//! What a typed line asks for. Prints nothing and does nothing.

use crate::client::model::Model;
use crate::lines::{find, safe};
use crate::proto::chat::{ChatKey, GroupId};
use crate::proto::ids::UserId;
use crate::ui::mentions::{Names, is_end_of_word};

/// A command, as `/help` shows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Command {
    /// What is typed behind the slash.
    pub name: &'static str,
    /// What follows it.
    pub takes: &'static str,
    /// What it does.
    pub does: &'static str,
}

const fn command(name: &'static str, takes: &'static str, does: &'static str) -> Command {
    Command { name, takes, does }
}

/// All commands, in the order of `/help`.
pub const COMMANDS: [Command; 27] = [
    command("direct", "NAME [TEXT]", "talk to one person from now on"),
    command("group", "NAME", "talk in a group from now on"),
    command("everyone", "[TEXT]", "talk to everyone from now on"),
    command("msg", "NAME TEXT", "send a text to one person alone; so do @NAME TEXT and NAME: TEXT"),
    command("all", "TEXT", "send a text to everyone"),
    command("say", "TEXT", "send a text as it stands, whatever it begins with"),
    command("reply", "TEXT", "answer the last message of somebody else here"),
    command("edit", "TEXT", "give your last message here another text; Tab brings the old one"),
    command("unsay", "", "take your last message here back from everybody; asked twice to be sure"),
    command("file", "PATH", "send a file to this chat"),
    command("save", "[NAME]", "save the last file of this chat, or the last of that name, into the folder you are in"),
    command("who", "", "show who is there"),
    command("history", "[N]", "show the last N entries of this chat"),
    command("read", "", "mark everything as read, here and in all chats"),
    command("groups", "", "show your groups"),
    command("new", "NAME", "make a group and talk in it"),
    command("add", "NAME, NAME", "add people to this group"),
    command("kick", "NAME", "remove somebody from this group"),
    command("rename", "NAME", "give this group another name"),
    command("owner", "NAME", "make somebody the owner of this group"),
    command("part", "", "leave this group"),
    command("delete", "NAME", "delete this group for everybody; its name is asked for to be sure"),
    command("retry", "", "send again what was refused"),
    command("discard", "", "give up what was refused"),
    command("help", "", "show this list"),
    command("leave", "", "leave Parlor; so do \\q, exit and Ctrl+D"),
    command("quit", "", "the same"),
];

/// What is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Typed<'a> {
    /// Nothing: an empty line.
    Nothing,
    /// To send a text to the chat that one is in.
    Say(&'a str),
    /// To send a text elsewhere.
    Send(ChatKey, &'a str),
    /// To be in a chat, and perhaps to say something there.
    Go(ChatKey, Option<&'a str>),
    /// To show the groups.
    Groups,
    /// To make a group.
    New(&'a str),
    /// To add people to the group that one is in.
    Add(GroupId, Vec<UserId>),
    /// To remove somebody from it.
    Kick(GroupId, UserId),
    /// To rename it.
    Rename(GroupId, &'a str),
    /// To make somebody its owner.
    HandOver(GroupId, UserId),
    /// To leave it.
    Part(GroupId),
    /// To delete it.
    Delete(GroupId),
    /// To answer the last message of somebody else.
    Reply(&'a str),
    /// To give one's last message another text.
    Edit(&'a str),
    /// To take it back.
    Unsay,
    /// To send the file at that path to the chat that one is in.
    File(&'a str),
    /// To save the last file of the chat, or the last with those words in its name.
    Save(&'a str),
    /// To show who is there.
    Who,
    /// To show the last entries.
    History(usize),
    /// To mark everything as read.
    Read,
    /// To send again what was refused.
    Retry,
    /// To give it up.
    Discard,
    /// To show the commands.
    Help,
    /// To leave.
    Leave,
    /// Something that cannot be done: why, and what to do.
    Wrong(String),
}

/// How many entries `/history` shows.
const HISTORY_DEFAULT: usize = 20;
/// How many it shows at most.
const HISTORY_MAX: usize = 1_000;

/// Reads a line that was typed in a chat.
pub fn parse<'a>(line: &'a str, model: &Model, names: &Names, chat: ChatKey) -> Typed<'a> {
    let trimmed = line.trim();
    match trimmed {
        "" => return Typed::Nothing,
        "\\q" | "exit" => return Typed::Leave,
        _ => {}
    }
    if let Some((word, rest)) = slash(trimmed) {
        return obey(word, rest, model, names, chat).unwrap_or_else(Typed::Wrong);
    }
    if let Some(rest) = trimmed.strip_prefix('@') {
        return private(rest, model, names).unwrap_or_else(Typed::Wrong);
    }
    // Whoever is called so is meant; what only looks like a name is a text.
    if let Some((length, to)) = names.longest(trimmed, |next| next == Some(':'))
        && let Some(text) = trimmed.get(length + 1..)
    {
        return match text.trim() {
            "" => Typed::Wrong("Write something after the name.".into()),
            text => Typed::Send(ChatKey::Person(to), text),
        };
    }
    // Two slashes begin a text that begins with one.
    let escaped = trimmed.starts_with("//") && trimmed[2..].starts_with(char::is_alphabetic);
    Typed::Say(if escaped { &trimmed[1..] } else { line.trim_end() })
}

/// The word behind the slash, and what follows it. `/usr/bin` is a text.
fn slash(line: &str) -> Option<(&str, &str)> {
    let behind = line.strip_prefix('/')?;
    let (word, rest) = behind.split_at(behind.find(char::is_whitespace).unwrap_or(behind.len()));
    let looks_like_one = word.starts_with(char::is_alphabetic) && word.chars().all(char::is_alphanumeric);
    looks_like_one.then_some((word, rest.trim()))
}

fn obey<'a>(word: &str, rest: &'a str, model: &Model, names: &Names, chat: ChatKey) -> Result<Typed<'a>, String> {
    let lower = word.to_lowercase();
    let some = |text: &'a str| match text {
        "" => Err(format!("Write something after it: {}.", usage(&lower))),
        text => Ok(text),
    };
    let alone = |typed: Typed<'a>| match rest {
        "" => Ok(typed),
        _ => Err(format!("/{lower} stands alone. To send this as a text, begin it with //.")),
    };
    let person = |name: &str| find::person(model, some_str(name, &lower)?);
    let here = || match chat {
        ChatKey::Group(group) => Ok(group),
        _ => Err(format!("/{lower} is about a group: go to one with /group NAME, or make one with /new NAME.")),
    };
    Ok(match lower.as_str() {
        "msg" => return private(some(rest)?.trim_start_matches('@'), model, names),
        "direct" => {
            let name = some(rest)?.trim_start_matches('@');
            match names.longest(name, is_end_of_word) {
                Some((length, to)) => {
                    Typed::Go(ChatKey::Person(to), Some(name[length..].trim()).filter(|it| !it.is_empty()))
                }
                None => Typed::Go(ChatKey::Person(find::person(model, name)?), None),
            }
        }
        "group" if rest.is_empty() => Typed::Groups,
        "group" => Typed::Go(ChatKey::Group(find::group(model, rest)?), None),
        "everyone" => Typed::Go(ChatKey::Everyone, Some(rest).filter(|rest| !rest.is_empty())),
        "all" => Typed::Send(ChatKey::Everyone, some(rest)?),
        "say" => Typed::Say(some(rest)?),
        "reply" => Typed::Reply(some(rest)?),
        "edit" => Typed::Edit(some(rest)?),
        "unsay" => alone(Typed::Unsay)?,
        "file" => Typed::File(some(rest)?),
        "save" => Typed::Save(rest),
        "groups" => alone(Typed::Groups)?,
        "new" => Typed::New(some(rest)?),
        "add" => {
            let group = here()?;
            let people = some(rest)?.split(',').map(person).collect::<Result<Vec<_>, _>>()?;
            Typed::Add(group, people)
        }
        "kick" => Typed::Kick(here()?, person(rest)?),
        "rename" => Typed::Rename(here()?, some(rest)?),
        "owner" => Typed::HandOver(here()?, person(rest)?),
        "part" => alone(Typed::Part(here()?))?,
        "delete" => {
            let group = here()?;
            let name = model.title(ChatKey::Group(group));
            if rest != name {
                return Err(format!(
                    "This deletes the group for everybody: to be sure, type /delete {}.",
                    safe::word(name)
                ));
            }
            Typed::Delete(group)
        }
        "who" => alone(Typed::Who)?,
        "history" if rest.is_empty() => Typed::History(HISTORY_DEFAULT),
        "history" => match rest.parse() {
            Ok(count) if (1..=HISTORY_MAX).contains(&count) => Typed::History(count),
            _ => return Err(format!("/history takes a number from 1 to {HISTORY_MAX}.")),
        },
        "read" => alone(Typed::Read)?,
        "retry" => alone(Typed::Retry)?,
        "discard" => alone(Typed::Discard)?,
        "help" => alone(Typed::Help)?,
        "leave" | "quit" | "exit" => alone(Typed::Leave)?,
        _ => {
            let near = find::nearest(&lower, COMMANDS.iter().map(|command| command.name));
            let near = near.map(|name| format!(" Did you mean /{name}?")).unwrap_or_default();
            return Err(format!("There is no /{}.{near} /help lists the commands.", safe::beginning(word, 40)));
        }
    })
}

fn some_str<'a>(text: &'a str, command: &str) -> Result<&'a str, String> {
    match text.trim() {
        "" => Err(format!("Write something after it: {}.", usage(command))),
        text => Ok(text),
    }
}

fn usage(name: &str) -> String {
    let known = COMMANDS.iter().find(|command| command.name == name);
    known.map(|command| format!("/{} {}", command.name, command.takes)).unwrap_or_else(|| format!("/{name} ..."))
}

/// A text for one person alone: a name, and what follows it.
fn private<'a>(rest: &'a str, model: &Model, names: &Names) -> Result<Typed<'a>, String> {
    let Some((length, to)) = names.longest(rest, |next| next == Some(':') || is_end_of_word(next)) else {
        let word = rest.split_whitespace().next().unwrap_or_default();
        let why = find::person(model, word).err().unwrap_or_default();
        return Err(format!("{why} Nothing was sent. /say sends a text as it stands."));
    };
    match rest[length..].trim_start_matches([':', ',']).trim() {
        "" => Err(format!("Write something after the name: @{} text.", safe::word(model.name(to)))),
        text => Ok(Typed::Send(ChatKey::Person(to), text)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::client::model::{Group, Me, Person};
    use crate::proto::chat::Past;
    use crate::proto::event::Status;
    use crate::proto::ids::DeviceId;

    const BOB: ChatKey = ChatKey::Person(UserId(2));
    const HIKE: ChatKey = ChatKey::Group(GroupId(7));

    fn model() -> Model {
        let mut model = Model::new(DeviceId::from_random(1));
        model.me = Some(Me { id: UserId(1), username: "Alice".into() });
        for (id, name) in [(1, "Alice"), (2, "Bob"), (3, "Bob Low"), (4, "王小明")] {
            let person =
                Person { username: name.into(), status: Status::Online, last_seen: None, joined: Default::default() };
            model.people.insert(UserId(id), person);
        }
        for (id, name) in [(7, "Hike"), (8, "Twice"), (9, "Twice")] {
            let (members, joined) = (vec![UserId(1)], Default::default());
            let group = Group { name: name.into(), owner: UserId(1), members, history: Past::All, joined };
            model.groups.insert(GroupId(id), group);
        }
        model
    }

    fn check(chat: ChatKey, cases: &[(&str, Typed<'_>)]) {
        let (model, mut names) = (model(), Names::default());
        let names = names.of(&model, chat);
        for (line, expected) in cases {
            assert_eq!(parse(line, &model, names, chat), *expected, "{line:?}");
        }
    }

    #[test]
    fn texts_go_where_they_are_meant_to() {
        check(
            ChatKey::Everyone,
            &[
                ("", Typed::Nothing),
                ("  ", Typed::Nothing),
                ("hello ", Typed::Say("hello")),
                ("  code", Typed::Say("  code")),
                ("note: this is no name", Typed::Say("note: this is no name")),
                ("/usr/bin", Typed::Say("/usr/bin")),
                ("//who", Typed::Say("/who")),
                ("/say @Bob is funny", Typed::Say("@Bob is funny")),
                ("@Bob hi", Typed::Send(BOB, "hi")),
                ("@bob: hi", Typed::Send(BOB, "hi")),
                ("Bob: hi", Typed::Send(BOB, "hi")),
                ("@Bob Low hi", Typed::Send(ChatKey::Person(UserId(3)), "hi")),
                ("bob low: hi", Typed::Send(ChatKey::Person(UserId(3)), "hi")),
                ("@王小明 你好", Typed::Send(ChatKey::Person(UserId(4)), "你好")),
                ("/msg Bob hi", Typed::Send(BOB, "hi")),
                ("/all hi", Typed::Send(ChatKey::Everyone, "hi")),
                ("/direct Bob", Typed::Go(BOB, None)),
                ("/DIRECT @Bob how are you", Typed::Go(BOB, Some("how are you"))),
                ("/group hike", Typed::Go(HIKE, None)),
                ("/group #8", Typed::Go(ChatKey::Group(GroupId(8)), None)),
                ("/group", Typed::Groups),
                ("/everyone", Typed::Go(ChatKey::Everyone, None)),
                ("\\q", Typed::Leave),
                ("exit", Typed::Leave),
                ("/leave", Typed::Leave),
                ("/history 5", Typed::History(5)),
                ("/reply so do I", Typed::Reply("so do I")),
                ("/edit nine, not eight", Typed::Edit("nine, not eight")),
                ("/unsay", Typed::Unsay),
                ("/file ~/my plan.pdf", Typed::File("~/my plan.pdf")),
                ("/save", Typed::Save("")),
                ("/save plan", Typed::Save("plan")),
            ],
        );
    }

    #[test]
    fn groups_are_changed_from_within() {
        check(
            HIKE,
            &[
                ("/add Bob, @Bob Low", Typed::Add(GroupId(7), vec![UserId(2), UserId(3)])),
                ("/kick bob", Typed::Kick(GroupId(7), UserId(2))),
                ("/rename Long hike", Typed::Rename(GroupId(7), "Long hike")),
                ("/owner Bob", Typed::HandOver(GroupId(7), UserId(2))),
                ("/part", Typed::Part(GroupId(7))),
                ("/delete Hike", Typed::Delete(GroupId(7))),
            ],
        );
    }

    #[test]
    fn what_is_wrong_says_what_would_be_right() {
        let (model, mut names) = (model(), Names::default());
        let names = names.of(&model, ChatKey::Everyone);
        for (line, said) in [
            ("/hsitory", "There is no /hsitory. Did you mean /history? /help lists the commands."),
            ("/xyzzy", "There is no /xyzzy. /help lists the commands."),
            ("@Bbo secret", "There is nobody called “Bbo”. Did you mean Bob? Nothing was sent."),
            ("@Bob", "Write something after the name: @Bob text."),
            ("/group Hkie", "Did you mean Hike?"),
            ("/group twice", "#8, #9"),
            ("/kick Bob", "/group NAME"),
            ("/history 0", "from 1 to 1000"),
            ("/who else", "/who stands alone"),
            ("/direct", "/direct NAME [TEXT]"),
            ("/file", "/file PATH"),
            ("/reply", "/reply TEXT"),
            ("/unsay that", "/unsay stands alone"),
        ] {
            let Typed::Wrong(why) = parse(line, &model, names, ChatKey::Everyone) else { panic!("{line:?}") };
            assert!(why.contains(said), "{line:?}: {why}");
        }
        for (line, chat) in [("/delete hike", HIKE), ("/delete", HIKE), ("/kick", HIKE), ("/add Bob,", HIKE)] {
            assert!(matches!(parse(line, &model, names, chat), Typed::Wrong(_)), "{line:?}");
        }
    }
}
