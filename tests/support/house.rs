//! A house with people in it: a server over a folder of its own, accounts whose numbers and password are known, and
//! short ways to say what they do and to look at what they are told.

use std::fs;

use serde_json::{Value, json};
use tempfile::TempDir;

use super::{Peer, Server};

/// Who lives in a [`House`]; their numbers count from 1.
pub const PEOPLE: [&str; 5] = ["Alice", "Bob", "Charlie", "Dave", "Eve"];
/// How many records a new house has: one for each account.
pub const MOVED_IN: u64 = PEOPLE.len() as u64;

const PASSWORD: &str = "123";
const PASSWORD_HASH: &str =
    "$argon2id$v=19$m=19456,t=2,p=1$MZ7B4BLjfsXJgTgRGwrh9Q$GGlMTeZ7Imyh3Z/w/sveDh9MlLOkxq2+6as6YfU8P98";

/// See the module.
pub struct House {
    pub dir: TempDir,
    server: Option<Server>,
}

impl House {
    /// A house with [`PEOPLE`].
    pub fn new() -> Self {
        Self::of(PEOPLE)
    }

    /// A house with these people.
    pub fn of(names: impl IntoIterator<Item = impl AsRef<str>>) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let users: Vec<_> = names.into_iter().zip(1..).map(|(name, id)| account(id, name.as_ref())).collect();
        let file = json!({"next_id": users.len() + 1, "users": users});
        fs::write(dir.path().join("users.json"), file.to_string()).unwrap();
        let server = Some(Server::start(dir.path()));
        Self { dir, server }
    }

    /// The server.
    pub fn server(&self) -> &Server {
        self.server.as_ref().expect("it runs")
    }

    /// Ends the server without a warning and starts another one over the same folder.
    pub fn restart(&mut self) {
        self.restart_with(|_| {});
    }

    /// The same, and something happens in between.
    pub fn restart_with(&mut self, meanwhile: impl FnOnce(&Self)) {
        self.server = None;
        meanwhile(self);
        self.server = Some(Server::start(self.dir.path()));
    }

    /// Logs in; everything up to `ready` is passed over.
    pub fn login(&self, name: &str) -> Peer {
        Peer::login(self.server().address, name, PASSWORD)
    }

    /// Logs in with no knowledge of before.
    pub fn enter(&self, name: &str) -> Entered {
        self.enter_with(name, json!({}))
    }

    /// Logs in as one who has everything up to a place.
    pub fn enter_after(&self, name: &str, after: u64) -> Entered {
        let log = self.history()[0]["log"].clone();
        let entered = self.enter_with(name, json!({"log": log, "after": after}));
        assert_eq!(entered.welcome["resumed"], true, "{}", entered.welcome);
        entered
    }

    fn enter_with(&self, name: &str, mut fields: Value) -> Entered {
        fields["username"] = json!(name);
        fields["password"] = json!(PASSWORD);
        let mut peer = Peer::connect(self.server().address);
        let welcome = peer.done("login", fields);
        let mut events = Vec::new();
        while events.last().is_none_or(|event: &Value| event["purpose"] != "ready") {
            events.push(peer.receive());
        }
        Entered { peer, welcome, events }
    }

    /// Edits the accounts by hand, as an administrator does while the server runs.
    pub fn edit_users(&self, edit: impl FnOnce(&mut Vec<Value>)) {
        let (file, new) = (self.dir.path().join("users.json"), self.dir.path().join("users.new"));
        let mut users: Value = serde_json::from_str(&fs::read_to_string(&file).unwrap()).unwrap();
        edit(users["users"].as_array_mut().unwrap());
        fs::write(&new, users.to_string()).unwrap();
        fs::rename(&new, &file).unwrap();
    }

    /// Every line of the history, the header first.
    pub fn history(&self) -> Vec<Value> {
        let bytes = fs::read(self.dir.path().join("history.json")).unwrap();
        serde_json::from_slice(&bytes).expect("the file is valid JSON")
    }

    /// The records of the history that are of a kind.
    pub fn stored(&self, purpose: &str) -> Vec<Value> {
        self.history().into_iter().filter(|record| record["purpose"] == purpose).collect()
    }

    /// Makes a request that must fail with that code, and looks whether it left a trace.
    pub fn refuses(&self, peer: &mut Peer, purpose: &str, fields: Value, code: &str) {
        let (before, asked) = (self.bytes(), fields.to_string());
        assert_eq!(peer.refused(purpose, fields), code, "{purpose} {asked:.200}");
        assert_eq!(self.bytes(), before, "{purpose} {asked:.200} left a record");
    }

    /// How long the history is.
    pub fn bytes(&self) -> u64 {
        fs::metadata(self.dir.path().join("history.json")).unwrap().len()
    }
}

/// An entry of `users.json`.
pub fn account(id: u64, name: &str) -> Value {
    json!({"id": id, "username": name, "password_hash": PASSWORD_HASH})
}

/// Somebody who has just come in, and what they were told.
pub struct Entered {
    pub peer: Peer,
    pub welcome: Value,
    pub events: Vec<Value>,
}

impl Entered {
    /// The events of a kind.
    pub fn told(&self, purpose: &str) -> Vec<Value> {
        of(&self.events, purpose)
    }

    /// The entries of a list, in all its events.
    pub fn list(&self, purpose: &str) -> Vec<Value> {
        self.told(purpose).iter().flat_map(|event| event[purpose].as_array().unwrap().clone()).collect()
    }

    /// The entry of a chat in the list of chats.
    pub fn chat(&self, key: &str, number: impl Into<Value>) -> Option<Value> {
        let number = number.into();
        self.list("chats").into_iter().find(|entry| entry[key] == number)
    }

    /// The group, if it is in the list of groups.
    pub fn group(&self, number: u64) -> Option<Value> {
        self.list("groups").into_iter().find(|entry| entry["group"] == number)
    }

    /// How far a room has come with somebody: received, read.
    pub fn cursor(&self, key: &str, number: impl Into<Value>, user: u64) -> Option<(u64, u64)> {
        let number = number.into();
        let rooms = self.told("cursors").into_iter().filter(|event| event[key] == number);
        let mut cursors = rooms.flat_map(|event| event["cursors"].as_array().unwrap().clone());
        let cursor = cursors.find(|cursor| cursor["user"] == user)?;
        Some((cursor["delivered"].as_u64().unwrap(), cursor["read"].as_u64().unwrap()))
    }
}

/// The events of a kind.
pub fn of(events: &[Value], purpose: &str) -> Vec<Value> {
    events.iter().filter(|event| event["purpose"] == purpose).cloned().collect()
}

/// One field of each.
pub fn each(values: &[Value], field: &str) -> Vec<Value> {
    values.iter().map(|value| value[field].clone()).collect()
}

/// The texts of messages.
pub fn texts(values: &[Value]) -> Vec<String> {
    of(values, "receive_message").iter().map(|value| value["message"].as_str().unwrap().to_owned()).collect()
}

impl Peer {
    /// Sends a request and gives its reply, whatever it is.
    pub fn call(&mut self, purpose: &str, mut fields: Value) -> Value {
        fields["purpose"] = json!(purpose);
        self.ask(&fields)
    }

    /// Sends a request that must succeed.
    pub fn done(&mut self, purpose: &str, fields: Value) -> Value {
        let (asked, reply) = (fields.to_string(), self.call(purpose, fields));
        assert_eq!(reply["result"], true, "{purpose} {asked}: {reply}");
        reply
    }

    /// Sends a request that must fail, and gives the code. The refusal has the request's number and words for people.
    pub fn refused(&mut self, purpose: &str, mut fields: Value) -> String {
        fields["id"] = json!(77);
        let (asked, reply) = (fields.to_string(), self.call(purpose, fields));
        assert_eq!((&reply["result"], &reply["id"]), (&json!(false), &json!(77)), "{purpose} {asked:.200}: {reply}");
        let words = reply["error"]["message"].as_str().unwrap();
        assert!(words.len() > 10 && words.contains(' '), "{purpose}: {words:?}");
        reply["error"]["code"].as_str().unwrap().into()
    }

    /// Sends a message and gives its place.
    pub fn say(&mut self, mut chat: Value, text: &str) -> u64 {
        chat["message"] = json!(text);
        self.done("send_message", chat)["seq"].as_u64().unwrap()
    }

    /// Makes a group of members with these numbers.
    pub fn make(&mut self, name: &str, members: &[u64]) -> u64 {
        self.done("create_group", json!({"name": name, "members": members}))["group"].as_u64().unwrap()
    }

    /// Everything that this connection has been told up to now: it stands before the answer to a question.
    pub fn settle(&mut self) -> Vec<Value> {
        self.send(&json!({"purpose": "list_users"}));
        let (mut events, mut answering) = (Vec::new(), false);
        loop {
            let event = self.receive();
            if event["purpose"] == "list_users" {
                return events;
            }
            answering |= event["whole"] == true;
            if !answering {
                events.push(event);
            }
        }
    }

    /// Everything in a chat that can be read, page by page.
    pub fn page(&mut self, mut chat: Value) -> Vec<Value> {
        chat["limit"] = json!(200);
        let mut all = Vec::new();
        loop {
            let page = self.done("fetch_history", chat.clone());
            all.splice(0..0, page["messages"].as_array().unwrap().clone());
            if page["complete"] == true {
                return all;
            }
            chat["before"] = all[0]["seq"].clone();
        }
    }
}
