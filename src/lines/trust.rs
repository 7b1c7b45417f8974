//! Whether a server is the right one, asked in lines; and what is said where nobody can be asked.

use std::io::{self, BufRead as _, Read as _, Write as _};

use super::{Failure, safe};
use crate::client::model::TrustQuestion;
use crate::proto::fingerprint::Fingerprint;

/// The longest answer that is read, in bytes: a fingerprint, and some.
const ANSWER_MAX_BYTES: u64 = 256;

/// What there is to compare, line by line.
fn told(question: &TrustQuestion) -> Vec<String> {
    let server = safe::word(&question.server);
    let print = |label: &str, fingerprint: Fingerprint| format!("  {label:<8}{fingerprint}");
    let mut lines = Vec::new();
    match question.right() {
        Some(right) => {
            let (words, label) = match question.may_be_right() {
                true => ("that it had", "before"),
                false => ("that it was said to have", "said"),
            };
            lines.push(format!("The certificate of {server} is another one than the one {words}."));
            lines.push("Either the server was set up anew, or somebody in between wants to read along.".into());
            lines.push(print(label, right));
            lines.push(print("now", question.fingerprint));
        }
        None => {
            lines.push(format!("This computer has not met {server} before. Its fingerprint is"));
            lines.push(print("", question.fingerprint));
            lines.push("Compare it with what the server's owner sees: it is printed when the server starts.".into());
        }
    }
    if let Some(lost) = &question.lost {
        lines.push(format!("What was known of servers was damaged, and is kept in {}.", safe::word(lost)));
    }
    lines.push("Nothing was sent to it yet.".into());
    lines
}

/// Asks on the terminal. To go on after a change, the first group of the new fingerprint has to be typed.
///
/// # Errors
/// The terminal cannot be read.
pub fn ask(question: &TrustQuestion) -> io::Result<bool> {
    let mut output = io::stderr();
    for line in told(question) {
        writeln!(output, "{line}")?;
    }
    if !question.may_be_right() {
        return Ok(false);
    }
    let first = question.fingerprint.groups().next().unwrap_or_default();
    match question.known {
        Some(_) => write!(output, "To use the new certificate all the same, type its first group: ")?,
        None => write!(output, "Do they match? Type yes to connect: ")?,
    }
    output.flush()?;
    let mut line = String::new();
    io::stdin().lock().take(ANSWER_MAX_BYTES).read_line(&mut line)?;
    let answer = line.trim().to_lowercase();
    Ok(answer == if question.known.is_some() { first.as_str() } else { "yes" })
}

/// Why a program that nobody sits in front of does not go on.
pub fn refusal(question: &TrustQuestion) -> Failure {
    let server = safe::word(&question.server);
    if question.is_first_contact() {
        return Failure::refused(format!(
            "this computer has not met {server} before, and nothing was sent to it. Compare its fingerprint with what its \
             owner sees, then say it with --fingerprint {}",
            question.fingerprint
        ));
    }
    Failure::refused(told(question).join("\n"))
}
