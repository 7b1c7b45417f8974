//! The examples in docs/PROTOCOL.md are what the program reads: whoever writes a client from that page alone can trust it.

use parlor::proto::event::Event;
use parlor::proto::request::Request;

const PAGE: &str = include_str!("../docs/PROTOCOL.md");

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
        "fetch_history",
        "mark_read",
        "mark_delivered",
        "typing",
        "set_status",
        "list_users",
        "exit",
    ] {
        assert!(purposes.contains(&purpose), "the page has no example of {purpose}");
    }
}

#[test]
fn every_event_of_the_page_is_one() {
    // These say nothing beyond their result, so the client passes over them.
    let silent = ["typing", "set_status", "list_users", "exit"];
    let events = blocks("```json event");
    assert!(events.len() > 10, "the page has lost its examples");
    for (line, json) in &events {
        let event = Event::parse(json.as_bytes()).unwrap_or_else(|error| panic!("line {line}: {error}"));
        let is_silent = silent.iter().any(|purpose| json.starts_with(&format!("{{\"purpose\":\"{purpose}\"")));
        assert_eq!(event == Event::Other, is_silent, "line {line}");
    }
}
