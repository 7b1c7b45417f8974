//! The examples in docs/PROTOCOL.md are what the program reads: whoever writes a client from that page alone can trust it.

use parlor::proto::event::Event;
use parlor::proto::request::Request;

const PAGE: &str = include_str!("../docs/PROTOCOL.md");

const PROBLEMS: &str = include_str!("../src/proto/event/problem.rs");

/// The contents of the blocks that a fence opens, with the line that each begins at.
fn blocks(fence: &str) -> Vec<(usize, String)> {
    let mut found: Vec<(usize, String)> = Vec::new();
    let mut inside = false;
    for (at, line) in PAGE.lines().enumerate() {
        match line {
            "```" if inside => inside = false,
            _ if inside => found.last_mut().expect("a fence was opened").1.push_str(line),
            _ if line == fence => {
                found.push((at + 2, String::new()));
                inside = true;
            }
            _ => {}
        }
    }
    assert!(!inside, "the last block is not closed");
    found
}

#[test]
fn every_request_of_the_page_is_one() {
    let requests = blocks("```json request");
    let mut purposes = Vec::new();
    for (line, json) in &requests {
        match Request::parse(json.as_bytes()) {
            Ok(request) => purposes.push(request.call.purpose()),
            Err(bad) => panic!("line {line}: {}", bad.problem.message),
        }
    }
    for purpose in [
        "login",
        "send_message",
        "edit_message",
        "delete_message",
        "fetch_history",
        "mark_read",
        "mark_delivered",
        "fetch_receipts",
        "typing",
        "create_group",
        "rename_group",
        "add_members",
        "remove_member",
        "hand_over_group",
        "leave_group",
        "delete_group",
        "mute_chat",
        "set_read_receipts",
        "set_status",
        "list_users",
        "upload_file",
        "upload_chunk",
        "cancel_upload",
        "fetch_file",
        "join",
        "change_password",
        "change_name",
        "list_devices",
        "end_device",
        "end_other_devices",
        "list_accounts",
        "add_account",
        "reset_password",
        "block_account",
        "set_role",
        "remove_account",
        "rename_server",
        "set_registration",
        "create_invite",
        "list_invites",
        "revoke_invite",
        "exit",
    ] {
        assert!(purposes.contains(&purpose), "the page has no example of {purpose}");
    }
}

#[test]
fn every_event_of_the_page_is_one() {
    // These say nothing beyond their result, so the client passes over them.
    let silent = ["typing", "mute_chat", "set_read_receipts", "set_status", "list_users", "exit"];
    let events = blocks("```json event");
    assert!(events.len() > 10, "the page has lost its examples");
    for (line, json) in &events {
        let event = Event::parse(json.as_bytes()).unwrap_or_else(|error| panic!("line {line}: {error}"));
        let is_silent = silent.iter().any(|purpose| json.starts_with(&format!("{{\"purpose\":\"{purpose}\"")));
        assert_eq!(event == Event::Other, is_silent, "line {line}");
    }
}

#[test]
fn every_kind_of_event_has_an_example() {
    let events = blocks("```json event");
    for purpose in [
        "login",
        "send_message",
        "fetch_history",
        "fetch_receipts",
        "create_group",
        "edit_message",
        "delete_message",
        "receive_message",
        "message_edited",
        "message_deleted",
        "group_changed",
        "read_message",
        "delivered_message",
        "chat_muted",
        "read_receipts",
        "user_typing",
        "people",
        "groups",
        "chats",
        "cursors",
        "upload_file",
        "upload_chunk",
        "cancel_upload",
        "fetch_file",
        "ready",
        "throttled",
        "join",
        "change_password",
        "change_name",
        "list_devices",
        "end_device",
        "end_other_devices",
        "list_accounts",
        "add_account",
        "reset_password",
        "block_account",
        "set_role",
        "remove_account",
        "rename_server",
        "set_registration",
        "create_invite",
        "list_invites",
        "revoke_invite",
        "server_changed",
        "role_changed",
        "administration_changed",
        "error",
        "closing",
    ] {
        let begins = format!("{{\"purpose\":\"{purpose}\"");
        assert!(events.iter().any(|(_, json)| json.starts_with(&begins)), "the page has no example of {purpose}");
    }
    for change in ["created", "renamed", "added", "removed", "left", "handed_over", "deleted"] {
        let field = format!("\"change\":\"{change}\"");
        assert!(events.iter().any(|(_, json)| json.contains(&field)), "the page has no example of {change}");
    }
}

#[test]
fn every_code_stands_in_the_table_of_errors() {
    let (_, codes) = PROBLEMS.split_once("pub enum Code {").expect("the list of codes");
    let (codes, _) = codes.split_once("\n}").expect("its end");
    let names = codes.lines().filter_map(|line| line.trim().strip_suffix(','));
    let mut count = 0;
    for name in names.filter(|name| *name != "Other") {
        let mut code = String::new();
        for letter in name.chars() {
            if letter.is_uppercase() && !code.is_empty() {
                code.push('_');
            }
            code.extend(letter.to_lowercase());
        }
        assert!(PAGE.contains(&format!("\n| `{code}` |")), "the page does not explain {code}");
        count += 1;
    }
    assert!(count > 20, "the list was not found: {count}");
}
