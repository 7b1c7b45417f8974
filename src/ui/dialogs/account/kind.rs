//! What can be asked for about an account, as data: the words, the fields with their rules, and the wish that it comes
//! to. Draws nothing.

use secrecy::SecretString;

use crate::client::command::{AccountWish, AdminWish};
use crate::client::model::Model;
use crate::proto::account::Role;
use crate::proto::event::Code;
use crate::proto::ids::{UserId, UserName};
use crate::proto::limits::PASSWORD_NEW_MIN_CHARS;
use crate::ui::text;
use crate::visible::isolated;

/// What is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Make an account for somebody.
    Add,
    /// Give somebody another password.
    Reset(UserId),
    /// Take an account away.
    Remove(UserId),
    /// Be an administrator no more.
    StepDown(UserId),
    /// Have another name.
    ChangeName,
    /// Have another password.
    ChangePassword,
}

fn name(model: &Model, id: UserId) -> String {
    isolated(&text::one_line(model.name(id))).into_owned()
}

/// What belongs into a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// The name of an account.
    Name,
    /// The password that holds now.
    Old,
    /// The one that is to hold.
    New,
    /// The same again.
    Again,
}

impl Kind {
    /// The title.
    pub fn title(&self, model: &Model) -> String {
        match self {
            Self::Add => "Add a person".into(),
            Self::Reset(id) => format!("New password for {}", name(model, *id)),
            Self::Remove(id) => format!("Remove {}?", name(model, *id)),
            Self::StepDown(_) => "Become a member?".into(),
            Self::ChangeName => "Change your name".into(),
            Self::ChangePassword => "Change your password".into(),
        }
    }

    /// What happens.
    pub fn words(&self, model: &Model) -> String {
        match self {
            Self::Add => "They sign in with this name and password, and can change both in their settings.".into(),
            Self::Reset(id) => format!(
                "{} is signed out everywhere at once, and signs in with the new password from now on.",
                name(model, *id)
            ),
            Self::Remove(id) => format!(
                "{} is signed out at once and can never sign in again. What they wrote stays, marked as a former \
                 member’s, and nobody else can have the name. This cannot be undone: to keep them out for a while, \
                 block them.",
                name(model, *id)
            ),
            Self::StepDown(_) => "You will not see this page any more. Another administrator can make you one again, \
                                  you cannot."
                .into(),
            Self::ChangeName => "It is also the name that you sign in with, and all others see it. The old one stays \
                                 yours: you can go on signing in with it."
                .into(),
            Self::ChangePassword => "This window goes on with the new one.".into(),
        }
    }

    /// The word above a field.
    pub fn label(&self, part: Part) -> &'static str {
        match (self, part) {
            (_, Part::Name) => "Name",
            (_, Part::Old) => "Old password",
            (Self::Add, Part::New) => "Password",
            (_, Part::New) => "New password",
            (_, Part::Again) => "New password again",
        }
    }

    /// What is to be filled in, in this order.
    pub fn parts(&self) -> &'static [Part] {
        match self {
            Self::Add => &[Part::Name, Part::New],
            Self::Reset(_) => &[Part::New],
            Self::Remove(_) | Self::StepDown(_) => &[],
            Self::ChangeName => &[Part::Name],
            Self::ChangePassword => &[Part::Old, Part::New, Part::Again],
        }
    }

    /// The button, and the same while it is under way.
    pub fn act(&self) -> (&'static str, &'static str) {
        match self {
            Self::Add => ("Add", "Adding…"),
            Self::Reset(_) => ("Reset", "Resetting…"),
            Self::Remove(_) => ("Remove", "Removing…"),
            Self::StepDown(_) => ("Step down", "Stepping down…"),
            Self::ChangeName | Self::ChangePassword => ("Change", "Changing…"),
        }
    }

    /// What can be chosen beside the fields.
    pub fn choice(&self) -> Option<&'static str> {
        (*self == Self::ChangePassword).then_some("Sign out all other devices")
    }

    /// It takes something away.
    pub fn is_grave(&self) -> bool {
        matches!(self, Self::Remove(_) | Self::StepDown(_))
    }

    /// A password is chosen for somebody else: it may be seen and suggested, and is to be told them.
    pub fn is_for_another(&self) -> bool {
        matches!(self, Self::Add | Self::Reset(_))
    }

    /// The wish with what is in the fields.
    pub fn wish(&self, end_others: bool, value: impl Fn(Part) -> String) -> AccountWish {
        let secret = |part| SecretString::from(value(part));
        let name = || value(Part::Name).trim().to_owned();
        match self {
            Self::Add => AccountWish::Admin(AdminWish::Add { username: name(), password: secret(Part::New) }),
            Self::Reset(user) => {
                AccountWish::Admin(AdminWish::ResetPassword { user: *user, password: secret(Part::New) })
            }
            Self::Remove(user) => AccountWish::Admin(AdminWish::Remove(*user)),
            Self::StepDown(user) => AccountWish::Admin(AdminWish::SetRole { user: *user, role: Role::Member }),
            Self::ChangeName => AccountWish::ChangeName(name()),
            Self::ChangePassword => {
                AccountWish::ChangePassword { old: secret(Part::Old), new: secret(Part::New), end_others }
            }
        }
    }
}

impl Part {
    /// What holds for it, said before it is broken.
    pub fn rule(self) -> Option<String> {
        match self {
            Self::Name => Some("1 to 32 characters, without @ and colons.".into()),
            Self::New => {
                Some(format!("At least {PASSWORD_NEW_MIN_CHARS} characters. The most common ones are refused."))
            }
            Self::Old | Self::Again => None,
        }
    }

    /// What is wrong with it, as far as it can be known here. `chosen` is the new password.
    pub fn wrong(self, value: &str, chosen: &str) -> Option<String> {
        let wrong = match self {
            Self::Name if UserName::new(value.trim()).is_err() => {
                "Choose a name of 1 to 32 characters, without @ and colons."
            }
            Self::Old if value.is_empty() => "Write the password that you have now.",
            Self::New if value.chars().count() < PASSWORD_NEW_MIN_CHARS => {
                return Some(format!("Choose a password of at least {PASSWORD_NEW_MIN_CHARS} characters."));
            }
            Self::Again if value != chosen => "This is not the same as above: write both again.",
            _ => return None,
        };
        Some(wrong.into())
    }

    /// Nobody is to read what is in it.
    pub fn is_secret(self) -> bool {
        self != Self::Name
    }

    /// Whether a refusal is about this field.
    pub fn is_refused_by(self, code: Code) -> bool {
        match self {
            Self::Name => matches!(code, Code::BadName | Code::NameTaken),
            Self::Old => code == Code::WrongCredentials,
            Self::New => code == Code::BadPassword,
            Self::Again => false,
        }
    }
}
