//! What a host sees of accounts: files as people write them, and who can then log in.

use std::fs;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use super::*;
use crate::proto::limits::PASSWORD_MAX_BYTES;

/// A data folder whose `users.json` holds this text.
fn folder(text: &str) -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    write(dir.path(), text);
    dir
}

fn write(dir: &Path, text: &str) {
    fs::write(dir.join(FILE_NAME), text).unwrap();
}

fn read(dir: &Path) -> String {
    fs::read_to_string(dir.join(FILE_NAME)).unwrap()
}

fn people(accounts: &Accounts) -> Vec<(u32, String)> {
    accounts.people().into_iter().map(|(id, name)| (id.0, name.to_string())).collect()
}

fn login(accounts: &Accounts, name: &str, password: &str) -> Option<u32> {
    accounts.credential(name).verify(&password.into()).map(|id| id.0)
}

/// The names of a file's entries with their numbers, as they stand there.
fn written(dir: &Path) -> Vec<(u64, String)> {
    let file: serde_json::Value = serde_json::from_str(&read(dir)).unwrap();
    let entry = |entry: &serde_json::Value| (entry["id"].as_u64().unwrap(), entry["username"].as_str().unwrap().into());
    file["users"].as_array().unwrap().iter().map(entry).collect()
}

const HASH: &str = "$argon2id$v=19$m=19456,t=2,p=1$c2FsdHNhbHRzYWx0c2FsdA$Y2hlY2tzdW1jaGVja3N1bWNoZWNrc3VtY2hlY2tzdW0";

#[test]
fn a_new_folder_has_alice_bob_and_charlie_in_a_file_of_its_owners_alone() {
    let dir = tempfile::tempdir().unwrap();
    let dir = &dir.path().join("deep/parlor");
    let mut accounts = Accounts::open(dir).unwrap();
    assert_eq!(people(&accounts), [(1, "Alice".into()), (2, "Bob".into()), (3, "Charlie".into())]);
    for (id, name, password) in [(1, "alice", "123"), (2, "Bob", "456"), (3, "CHARLIE", "789")] {
        assert_eq!(login(&accounts, name, password), Some(id));
        assert_eq!(login(&accounts, name, "1234"), None);
    }
    assert_eq!(read(dir), include_str!("../../../users.json"), "as it comes, so is it left");
    assert!(!accounts.reload().unwrap());
    #[cfg(unix)]
    for (path, mode) in [(dir.clone(), 0o700), (dir.join(FILE_NAME), 0o600), (dir.join("users.json.lock"), 0o600)] {
        let found = std::os::unix::fs::PermissionsExt::mode(&fs::metadata(&path).unwrap().permissions());
        assert_eq!(found & 0o777, mode, "{}", path.display());
    }
}

#[test]
fn the_first_systems_file_is_taken_as_it_is_and_no_password_stays_in_the_folder() {
    let text =
        r#"{"users": [{"username": "Zoë", "password": "canary-1"}, {"username": "Max", "password": "canary-2"}]}"#;
    let dir = folder(text);
    assert_eq!(check(dir.path()).unwrap(), Counts { accounts: 2, plain_passwords: 2, doubts: vec![] });
    assert_eq!(read(dir.path()), text, "checking changes nothing");
    let accounts = Accounts::open(dir.path()).unwrap();
    assert_eq!(people(&accounts), [(1, "Zoë".into()), (2, "Max".into())]);
    assert_eq!(login(&accounts, "zoë", "canary-1"), Some(1));
    assert_eq!(login(&accounts, "Max", "canary-2"), Some(2));
    for entry in fs::read_dir(dir.path()).unwrap() {
        let path = entry.unwrap().path();
        assert!(!fs::read_to_string(&path).unwrap().contains("canary"), "{}", path.display());
        #[cfg(unix)]
        assert_eq!(std::os::unix::fs::PermissionsExt::mode(&fs::metadata(&path).unwrap().permissions()) & 0o77, 0);
    }
    assert_eq!(check(dir.path()).unwrap(), Counts { accounts: 2, plain_passwords: 0, doubts: vec![] });
    assert_eq!(people(&Accounts::open(dir.path()).unwrap()), people(&accounts));
}

#[test]
fn a_password_written_beside_a_hash_is_the_newer_wish_and_what_others_wrote_stays() {
    let dir = folder(&format!(
        r#"{{"comment": ["keep", 1.5], "next_id": 9, "users": [
            {{"id": 7, "username": "Zoë", "password_hash": "{HASH}", "password": "new", "email": "z@example.org"}}]}}"#
    ));
    let accounts = Accounts::open(dir.path()).unwrap();
    assert_eq!(login(&accounts, "Zoë", "new"), Some(7));
    let file: serde_json::Value = serde_json::from_str(&read(dir.path())).unwrap();
    assert_eq!(file["comment"], serde_json::json!(["keep", 1.5]));
    assert_eq!(file["next_id"], 9);
    assert_eq!(file["users"][0]["email"], "z@example.org");
    assert!(file["users"][0].get("password").is_none());
    assert!(read(dir.path()).starts_with("{\n  \"next_id\": 9,\n  \"users\": [\n    {\n      \"id\": 7,\n"));
}

#[test]
fn a_file_that_is_in_order_is_left_as_people_like_it() {
    let text =
        format!("\u{feff}{{\"users\":[ {{\"username\":\"a\",\"id\":1,\"password_hash\":\"{HASH}\"}} ],\"next_id\":2}}");
    let dir = folder(&text);
    assert_eq!(people(&Accounts::open(dir.path()).unwrap()), [(1, "a".into())]);
    assert_eq!(read(dir.path()), text);
}

#[test]
fn a_file_that_cannot_be_used_says_where_and_why_and_never_repeats_a_password() {
    let entry = |fields: &str| format!(r#"{{"users":[{{"username":"ok","password":"x"}},{{{fields}}}]}}"#);
    let long = format!(r#""username":"b","password":"{}""#, "canary".repeat(PASSWORD_MAX_BYTES));
    for (text, place, why) in [
        ("", "users.json is empty", "put back a copy"),
        (" \n", "users.json is empty", "put back a copy"),
        ("{\n  \"users\": [\n    {\"username\": \"canary\",,\n", "line 3, column 27", "key must be a string"),
        ("{\"users\":[{\"username\":\"a\",\"password\":\"canary\"", "line 1, column 45", "EOF"),
        ("[]", "line 1", "expected"),
        (r#"{"accounts":[]}"#, "line 1", "missing field `users`"),
        (r#"{"users":["canary:canary"]}"#, "line 1, column 25", "expected an account"),
        (r#"{"users":"canary"}"#, "line 1, column ", "expected a sequence"),
        (&entry(r#""username":"b","password":4711"#), "line 1, column ", "expected a string"),
        (&entry(r#""username":"b","password":"x","password":"canary""#), "line 1", "duplicate field `password`"),
        (&entry(r#""id":"canary","username":"b","password":"x""#), "line 1", "expected a whole number"),
        (&entry(r#""id":-1,"username":"b","password":"x""#), "line 1", "expected a whole number"),
        (&entry(r#""id":0,"username":"b","password":"x""#), "entry 2 (\"b\")", "from 1"),
        (&entry(r#""password":"canary""#), "line 1", "missing field `username`"),
        (&entry(r#""username":"a:b","password":"canary""#), "entry 2 (\"a:b\")", "a name has 1 to 32"),
        (&entry(r#""username":"b""#), "entry 2 (\"b\")", "neither"),
        (&entry(r#""username":"b","password":"""#), "entry 2 (\"b\")", "empty"),
        (&entry(&long), "entry 2 (\"b\")", "longer than 1024"),
        (&entry(r#""username":"b","password_hash":"canary""#), "entry 2 (\"b\")", "not a hash in PHC form"),
        (&entry(r#""username":"OK","password":"x""#), "entry 1 (\"ok\") and entry 2 (\"OK\")", "same name"),
        (
            r#"{"users":[{"id":5,"username":"a","password":"x"},{"id":5,"username":"b","password":"x"}]}"#,
            "entry 1 (\"a\") and entry 2 (\"b\")",
            "same id",
        ),
    ] {
        let dir = folder(text);
        let error = Accounts::open(dir.path()).unwrap_err();
        let checked = check(dir.path()).unwrap_err().to_string();
        assert_eq!(error.to_string(), checked);
        assert!(
            checked.contains("users.json") && checked.contains(place) && checked.contains(why),
            "{text}\n{checked}"
        );
        assert!(!checked.contains("canary") && !checked.contains("4711"), "{checked}");
        assert!(!format!("{error:?}").contains("canary"), "{error:?}");
        assert_eq!(read(dir.path()), text, "what cannot be read is not written over");
    }
}

#[test]
fn while_the_file_is_broken_the_last_good_state_stays_in_force() {
    let dir = tempfile::tempdir().unwrap();
    let mut accounts = Accounts::open(dir.path()).unwrap();
    let good = read(dir.path());
    // What a reload finds while an editor writes in place: nothing, then ever more of the new text.
    for end in [0, 1, good.len() / 2, good.len() - 3] {
        write(dir.path(), &good[..end]);
        assert!(accounts.reload().is_err(), "{end}");
        assert_eq!(people(&accounts).len(), 3);
        assert_eq!(login(&accounts, "Alice", "123"), Some(1));
    }
    fs::remove_file(dir.path().join(FILE_NAME)).unwrap();
    assert!(matches!(accounts.reload(), Err(AccountsError::Missing { .. })));
    write(dir.path(), &good.replace("Alice", "Alicia"));
    assert!(accounts.reload().unwrap());
    assert_eq!(login(&accounts, "alicia", "123"), Some(1));
    assert_eq!(login(&accounts, "Alice", "123"), None);
}

#[test]
fn a_reload_tells_whether_anything_changed() {
    let dir = tempfile::tempdir().unwrap();
    let mut accounts = Accounts::open(dir.path()).unwrap();
    write(dir.path(), &read(dir.path()).replace("  ", "\t"));
    assert!(!accounts.reload().unwrap(), "only the indentation");
    set_password(dir.path(), &UserName::new("bob").unwrap(), &"new".into()).unwrap();
    assert!(accounts.reload().unwrap());
    assert_eq!(login(&accounts, "Bob", "new"), Some(2));
    assert_eq!(login(&accounts, "Bob", "456"), None);
    assert!(!accounts.reload().unwrap());
}

#[test]
fn a_number_is_never_given_out_again_whoever_forgets_it() {
    let dir = tempfile::tempdir().unwrap();
    let mut accounts = Accounts::open(dir.path()).unwrap();
    // By hand: Charlie goes, and with him the memory of his number.
    write(dir.path(), &format!(r#"{{"users":[{{"id":1,"username":"Alice","password_hash":"{HASH}"}}]}}"#));
    assert!(accounts.reload().unwrap());
    assert_eq!(add(dir.path(), &UserName::new("Dana").unwrap(), &"x".into()).unwrap(), UserId(4));
    // A `next_id` that is too low is put right.
    write(
        dir.path(),
        &format!(
            r#"{{"next_id":2,"users":[{{"id":8,"username":"Eve","password_hash":"{HASH}"}},{{"username":"Fay","password":"x"}}]}}"#
        ),
    );
    accounts.reload().unwrap();
    assert_eq!(written(dir.path()), [(8, "Eve".into()), (9, "Fay".into())]);
    assert!(read(dir.path()).contains("\"next_id\": 10"));
}

#[test]
fn a_program_that_drops_the_numbers_does_not_turn_people_into_others() {
    let dir = tempfile::tempdir().unwrap();
    let mut accounts = Accounts::open(dir.path()).unwrap();
    write(
        dir.path(),
        r#"{"users":[{"username":"New","password":"n"},{"username":"bob","password":"b"},{"username":"Alice","password":"a"}]}"#,
    );
    assert!(accounts.reload().unwrap());
    assert_eq!(people(&accounts), [(1, "Alice".into()), (2, "bob".into()), (4, "New".into())]);
    assert_eq!(written(dir.path()), [(4, "New".into()), (2, "bob".into()), (1, "Alice".into())]);
}

#[test]
fn the_end_of_the_numbers_is_an_error_and_not_a_wrap() {
    let last = u32::MAX - 1;
    let dir = folder(&format!(r#"{{"users":[{{"id":{last},"username":"a","password_hash":"{HASH}"}}]}}"#));
    assert_eq!(people(&Accounts::open(dir.path()).unwrap()), [(last, "a".into())]);
    let error = add(dir.path(), &UserName::new("b").unwrap(), &"x".into()).unwrap_err();
    assert!(matches!(error, AccountsError::OutOfNumbers { .. }), "{error}");
    assert_eq!(written(dir.path()).len(), 1);
}

#[test]
fn what_an_editor_saves_during_a_change_is_not_lost() {
    let dir = tempfile::tempdir().unwrap();
    Accounts::open(dir.path()).unwrap();
    let mut saves = 0;
    let name = UserName::new("Dana").unwrap();
    // The editor saves each time after we have read, three times over.
    let (_, id) = store::update(
        dir.path(),
        1,
        |_| None,
        |file, path| {
            if saves < 3 {
                saves += 1;
                write(dir.path(), &read(dir.path()).replacen("{", &format!("{{\"edit{saves}\": true,"), 1));
            }
            file.add(&name, HASH.into(), path)
        },
    )
    .unwrap();
    assert_eq!(id, UserId(4));
    let text = read(dir.path());
    for kept in ["edit1", "edit2", "edit3", "Dana", "Alice"] {
        assert!(text.contains(kept), "{kept} is missing in {text}");
    }
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 2, "nothing temporary stays behind");
}

#[test]
fn one_who_saves_without_end_is_told_of_and_not_written_over() {
    let dir = tempfile::tempdir().unwrap();
    Accounts::open(dir.path()).unwrap();
    let mut saves = 0;
    let result = store::update(
        dir.path(),
        1,
        |_| None,
        |file, _| {
            saves += 1;
            write(dir.path(), &format!("{}{}", read(dir.path()).trim_end(), "\n".repeat(saves + 1)));
            file.users.clear();
            Ok(())
        },
    );
    assert!(matches!(result, Err(AccountsError::Contended { .. })));
    assert_eq!(written(dir.path()).len(), 3);
}

#[test]
fn several_programs_that_change_the_file_at_once_all_get_their_way() {
    let dir = tempfile::tempdir().unwrap();
    Accounts::open(dir.path()).unwrap();
    std::thread::scope(|scope| {
        for writer in 0..4 {
            let dir = dir.path();
            scope.spawn(move || {
                for n in 0..5 {
                    add(dir, &UserName::new(&format!("w{writer}n{n}")).unwrap(), &"x".into()).unwrap();
                }
            });
        }
    });
    let mut ids: Vec<u64> = written(dir.path()).into_iter().map(|(id, _)| id).collect();
    ids.sort_unstable();
    assert_eq!(ids, (1..=23).collect::<Vec<u64>>());
}

#[test]
fn nothing_tells_an_unknown_name_from_a_wrong_password() {
    let dir = tempfile::tempdir().unwrap();
    let accounts = Accounts::open(dir.path()).unwrap();
    let long = "x".repeat(PASSWORD_MAX_BYTES + 1);
    let tries =
        [("Alice", "wrong"), ("Nobody", "wrong"), ("", "123"), (" Alice", "123"), ("Alice", ""), ("Alice", &long)];
    for (name, password) in tries {
        // The fastest of several, because other programs use the machine, too.
        let once = |_| {
            let start = Instant::now();
            assert_eq!(login(&accounts, name, password), None, "{name:?} {password:?}");
            start.elapsed()
        };
        let took = (0..5).map(once).min().unwrap();
        // No machine goes twice through 19 MiB in less, and an answer without a hash takes a thousandth of it.
        assert!(took > Duration::from_millis(2), "{name:?} was answered without the work of a hash, in {took:?}");
    }
    assert_eq!(format!("{:?}", accounts.credential("Alice")), "Credential");
    assert!(!format!("{accounts:?}").contains("argon2"));
}

#[test]
fn messages_without_their_accounts_are_not_given_to_new_ones() {
    let dir = tempfile::tempdir().unwrap();
    let history: PathBuf = dir.path().join("history.json");
    fs::write(&history, "[\n{\"purpose\":\"receive_message\"}\n]\n").unwrap();
    let error = Accounts::open(dir.path()).unwrap_err();
    assert!(matches!(error, AccountsError::MissingBesideHistory { .. }), "{error}");
    assert!(add(dir.path(), &UserName::new("Dana").unwrap(), &"x".into()).is_err());
    assert!(!dir.path().join(FILE_NAME).exists());
    // An empty one belongs to nobody.
    fs::write(&history, "[\n]\n").unwrap();
    assert_eq!(people(&Accounts::open(dir.path()).unwrap()).len(), 3);
}

#[cfg(unix)]
#[test]
fn a_planted_link_is_not_followed() {
    let elsewhere = folder(r#"{"users":[{"username":"Mallory","password":"x"}]}"#);
    for name in [FILE_NAME, "users.json.lock"] {
        let dir = tempfile::tempdir().unwrap();
        std::os::unix::fs::symlink(elsewhere.path().join(FILE_NAME), dir.path().join(name)).unwrap();
        let error = Accounts::open(dir.path()).unwrap_err();
        assert!(error.to_string().contains("is not a plain file"), "{error}");
        assert!(read(elsewhere.path()).contains("\"password\":\"x\""), "what it points to is as it was");
    }
}

#[test]
fn a_file_over_the_limit_is_refused() {
    let dir = folder("");
    fs::File::create(dir.path().join(FILE_NAME)).unwrap().set_len(FILE_MAX_BYTES + 1).unwrap();
    let error = check(dir.path()).unwrap_err().to_string();
    assert!(error.contains("larger than 64 MiB"), "{error}");
}
