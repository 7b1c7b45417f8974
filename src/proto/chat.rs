//! Which conversation: as the server knows it, as one account knows it, and as it stands in a JSON object.

use std::fmt;
use std::sync::Arc;

use serde::ser::SerializeStruct as _;
use serde::{Deserialize, Serialize, Serializer};

use super::ids::{Invalid, Seq, UserId};
use super::limits::GROUP_NAME_MAX_CHARS;

/// A group: the place of the record that made it. It never changes and is never given out twice; two groups may have
/// one name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct GroupId(pub u64);

impl From<Seq> for GroupId {
    fn from(made_at: Seq) -> Self {
        Self(made_at.0)
    }
}

/// A conversation as the server knows it, the same for all who are in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ChatId {
    /// The room that all accounts are in.
    Everyone,
    /// A group.
    Group(GroupId),
    /// Between two accounts, the smaller number first; or of one account with itself.
    Direct(UserId, UserId),
}

impl ChatId {
    /// The direct chat of two accounts, whichever way round they are named.
    pub fn direct(one: UserId, other: UserId) -> Self {
        Self::Direct(one.min(other), one.max(other))
    }

    /// The chat as `viewer` knows it.
    pub fn key_for(self, viewer: UserId) -> ChatKey {
        match self {
            Self::Everyone => ChatKey::Everyone,
            Self::Group(group) => ChatKey::Group(group),
            Self::Direct(low, high) if viewer == low => ChatKey::Person(high),
            Self::Direct(low, _) => ChatKey::Person(low),
        }
    }
}

/// A conversation as one account knows it. In a JSON object it is one of the fields `with`, `group` and `everyone`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
#[serde(try_from = "ChatFields")]
pub enum ChatKey {
    /// The room that all accounts are in.
    Everyone,
    /// That group.
    Group(GroupId),
    /// With that account.
    Person(UserId),
}

impl ChatKey {
    /// The chat as the server knows it, if `viewer` calls it so.
    pub fn id_for(self, viewer: UserId) -> ChatId {
        match self {
            Self::Everyone => ChatId::Everyone,
            Self::Group(group) => ChatId::Group(group),
            Self::Person(with) => ChatId::direct(viewer, with),
        }
    }

    /// Whether more than one other can be in it.
    pub fn is_room(self) -> bool {
        !matches!(self, Self::Person(_))
    }
}

impl Serialize for ChatKey {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut fields = serializer.serialize_struct("ChatKey", 1)?;
        match self {
            Self::Everyone => fields.serialize_field("everyone", &true)?,
            Self::Group(group) => fields.serialize_field("group", group)?,
            Self::Person(with) => fields.serialize_field("with", with)?,
        }
        fields.end()
    }
}

/// The fields that can name a chat, as they come in.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
pub struct ChatFields {
    #[serde(default)]
    with: Option<UserId>,
    #[serde(default)]
    group: Option<GroupId>,
    #[serde(default)]
    everyone: bool,
}

impl TryFrom<ChatFields> for ChatKey {
    type Error = &'static str;

    fn try_from(fields: ChatFields) -> Result<Self, Self::Error> {
        match fields {
            ChatFields { with: Some(with), group: None, everyone: false } => Ok(Self::Person(with)),
            ChatFields { with: None, group: Some(group), everyone: false } => Ok(Self::Group(group)),
            ChatFields { with: None, group: None, everyone: true } => Ok(Self::Everyone),
            _ => Err("a chat is named by one of \"with\", \"group\" and \"everyone\": true"),
        }
    }
}

/// The name of a group: 1 to 64 characters on one line. Several groups may share one.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct GroupName(Arc<str>);

impl GroupName {
    /// Takes a name; white space around it is left out.
    ///
    /// # Errors
    /// [`Invalid::GroupName`] when nothing is left, when it is too long, or when it holds a character that would break
    /// a line.
    pub fn new(name: &str) -> Result<Self, Invalid> {
        let name = name.trim();
        let fits = (1..=GROUP_NAME_MAX_CHARS).contains(&name.chars().count());
        if !fits || name.chars().any(|c| c.is_control() || matches!(c, '\u{2028}' | '\u{2029}')) {
            return Err(Invalid::GroupName);
        }
        Ok(Self(name.into()))
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for GroupName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl TryFrom<String> for GroupName {
    type Error = Invalid;
    fn try_from(name: String) -> Result<Self, Invalid> {
        Self::new(&name)
    }
}

impl From<GroupName> for String {
    fn from(name: GroupName) -> Self {
        name.0.as_ref().into()
    }
}

/// What a new member of a group can read; chosen when the group is made.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Past {
    /// What was said since they joined.
    #[default]
    Joined,
    /// Everything.
    All,
}

/// What happened to a group; a line in its conversation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "change", rename_all = "snake_case")]
pub enum Change {
    /// It was made. The one who did it is its owner, and the first of its members.
    Created {
        /// Its name.
        name: GroupName,
        /// Everybody in it, its owner first.
        members: Vec<UserId>,
        /// What later members can read.
        history: Past,
    },
    /// It has another name.
    Renamed {
        /// The new one.
        name: GroupName,
    },
    /// There are new members.
    Added {
        /// The new ones.
        members: Vec<UserId>,
    },
    /// A member was removed.
    Removed {
        /// Who.
        member: UserId,
    },
    /// Who did it has left.
    Left {
        /// The new owner, if the old one left: whoever has been in it longest.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        owner: Option<UserId>,
    },
    /// It has another owner.
    HandedOver {
        /// The new one.
        owner: UserId,
    },
    /// It is no more.
    Deleted,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_sides_name_the_same_chat() {
        let (a, b) = (UserId(2), UserId(1));
        assert_eq!(ChatId::direct(a, b), ChatId::direct(b, a));
        assert_eq!(ChatId::direct(a, b).key_for(a), ChatKey::Person(b));
        assert_eq!(ChatId::direct(a, b).key_for(b), ChatKey::Person(a));
        assert_eq!(ChatId::direct(a, a).key_for(a), ChatKey::Person(a));
        for key in [ChatKey::Everyone, ChatKey::Group(GroupId(7)), ChatKey::Person(b), ChatKey::Person(a)] {
            assert_eq!(key.id_for(a).key_for(a), key);
        }
    }

    #[test]
    fn a_chat_is_one_field_of_an_object() {
        for (key, json) in [
            (ChatKey::Everyone, r#"{"everyone":true}"#),
            (ChatKey::Group(GroupId(7)), r#"{"group":7}"#),
            (ChatKey::Person(UserId(2)), r#"{"with":2}"#),
        ] {
            assert_eq!(serde_json::to_string(&key).unwrap(), json);
            assert_eq!(serde_json::from_str::<ChatKey>(json).unwrap(), key);
        }
        for bad in ["{}", r#"{"everyone":false}"#, r#"{"with":1,"group":2}"#, r#"{"everyone":true,"with":2}"#] {
            assert!(serde_json::from_str::<ChatKey>(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn the_name_of_a_group_is_one_line_with_something_in_it() {
        for good in ["Weekend hike", "  a  ", "👋", &"x".repeat(64)] {
            assert_eq!(GroupName::new(good).unwrap().as_str(), good.trim());
        }
        for bad in ["", " \t ", "a\nb", "a\u{2028}b", "\0", &"x".repeat(65)] {
            assert_eq!(GroupName::new(bad), Err(Invalid::GroupName), "{bad:?}");
        }
    }
}
