//! People, groups and chats by what somebody typed, and what they may have meant.

use super::safe;
use crate::client::model::Model;
use crate::names;
use crate::proto::chat::{ChatKey, GroupId};
use crate::proto::ids::UserId;

/// The most characters that are compared: the longest name of a group. What is longer is nobody's name.
const COMPARED_MAX_CHARS: usize = 64;

/// The one of these words that is nearest to what was typed, if any is near: one slip in three letters, or a beginning.
pub fn nearest<'a>(typed: &str, among: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let typed = typed.to_lowercase();
    let length = typed.chars().count();
    if length == 0 || length > COMPARED_MAX_CHARS {
        return None;
    }
    let slips = 1.max(length / 3);
    let judged = among.into_iter().filter_map(|word| {
        let lower = word.to_lowercase();
        let distance = strsim::osa_distance(&typed, &lower);
        let near = distance <= slips && distance < length;
        (near || lower.starts_with(&typed)).then_some((distance, word))
    });
    judged.min_by_key(|(distance, _)| *distance).map(|(_, word)| word)
}

/// ` Did you mean Bob?`, or nothing.
fn meant<'a>(typed: &str, among: impl IntoIterator<Item = &'a str>) -> String {
    nearest(typed, among).map(|word| format!(" Did you mean {}?", safe::word(word))).unwrap_or_default()
}

fn quoted(typed: &str) -> String {
    safe::beginning(typed, COMPARED_MAX_CHARS)
}

/// Somebody with an account, by name; an `@` before it is passed over.
///
/// # Errors
/// Nobody is called so: who is called almost so.
pub fn person(model: &Model, typed: &str) -> Result<UserId, String> {
    let typed = typed.trim();
    let typed = typed.strip_prefix('@').unwrap_or(typed);
    let key = names::key(typed);
    let found = model.people.iter().find(|(_, person)| names::key(&person.username) == key);
    found.map(|(id, _)| *id).ok_or_else(|| {
        let all = model.people.values().map(|person| person.username.as_str());
        format!("There is nobody called “{}”.{}", quoted(typed), meant(typed, all))
    })
}

/// A group that this account is in, by its name or its number.
///
/// # Errors
/// There is none, or there are several of that name: their numbers.
pub fn group(model: &Model, typed: &str) -> Result<GroupId, String> {
    let typed = typed.trim();
    let folded = typed.to_lowercase();
    let named = |name: &str| name.to_lowercase() == folded;
    let found: Vec<GroupId> = model.groups.iter().filter(|(_, group)| named(&group.name)).map(|(id, _)| *id).collect();
    match found.as_slice() {
        [one] => Ok(*one),
        [] => {
            let number = typed.strip_prefix('#').unwrap_or(typed).parse().ok().map(GroupId);
            number.filter(|id| model.groups.contains_key(id)).ok_or_else(|| {
                let all = model.groups.values().map(|group| group.name.as_str());
                format!("You are in no group called “{}”.{}", quoted(typed), meant(typed, all))
            })
        }
        several => {
            let numbers: Vec<String> = several.iter().map(|id| format!("#{}", id.0)).collect();
            Err(format!(
                "Several groups are called “{}”: name it by its number, {}.",
                quoted(typed),
                numbers.join(", ")
            ))
        }
    }
}

/// A chat: `Everyone`, somebody, or a group.
///
/// # Errors
/// There is none, or a person and a group have that name.
pub fn chat(model: &Model, typed: &str) -> Result<ChatKey, String> {
    let typed = typed.trim();
    if typed.eq_ignore_ascii_case("everyone") {
        return Ok(ChatKey::Everyone);
    }
    if typed.starts_with('@') {
        return person(model, typed).map(ChatKey::Person);
    }
    if typed.starts_with('#') {
        return group(model, typed).map(ChatKey::Group);
    }
    match (person(model, typed), group(model, typed)) {
        (Ok(id), Err(_)) => Ok(ChatKey::Person(id)),
        (Err(_), Ok(id)) => Ok(ChatKey::Group(id)),
        (Ok(_), Ok(id)) => {
            let name = quoted(typed);
            Err(format!("“{name}” is a person and a group: write @{name} or #{}.", id.0))
        }
        (Err(_), Err(_)) => {
            let people = model.people.values().map(|person| person.username.as_str());
            let groups = model.groups.values().map(|group| group.name.as_str());
            let all = people.chain(groups).chain(["Everyone"]);
            Err(format!("There is no chat called “{}”.{}", quoted(typed), meant(typed, all)))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_word_is_found_and_a_far_one_is_not() {
        let words = ["Alice", "Bob", "Charlie", "Zoë"];
        for (typed, found) in [
            ("Alcie", Some("Alice")),
            ("bbo", Some("Bob")),
            ("char", Some("Charlie")),
            ("zoe", Some("Zoë")),
            ("x", None),
            ("", None),
            ("Dora", None),
            (&"a".repeat(100), None),
        ] {
            assert_eq!(nearest(typed, words), found, "{typed:?}");
        }
    }
}
