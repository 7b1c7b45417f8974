//! An export as lines of text. A line that begins a message begins with its time; the lines that go on with it are
//! indented, so that no text can pass for another message.

use std::io::{self, Write};

use jiff::Zoned;
use jiff::tz::TimeZone;

use super::{Entry, Head, about, lines, shown};

/// In front of the lines of a text after its first.
const INDENT: &str = "    ";

/// What stands above.
pub fn begin(out: &mut impl Write, head: &Head, zone: &TimeZone) -> io::Result<()> {
    writeln!(out, "{}\n{}\n", shown(&head.chat), about(head, zone))
}

/// A message.
pub fn entry(out: &mut impl Write, entry: &Entry, at: Option<&Zoned>) -> io::Result<()> {
    let at = at.map_or("no time".into(), |at| at.strftime("%Y-%m-%d %H:%M:%S").to_string());
    if let Some(change) = &entry.change {
        return writeln!(out, "[{at}] * {}", shown(change));
    }
    if entry.deleted {
        return writeln!(out, "[{at}] * {} deleted a message", shown(&entry.from));
    }
    write!(out, "[{at}] {}: ", shown(&entry.from))?;
    let quote = entry.quote();
    let text = (!entry.text.is_empty() || entry.file.is_none()).then(|| lines(&entry.text)).into_iter().flatten();
    let file = entry.file.iter().map(|name| format!("[file {}]", shown(name)));
    let mut lines: Vec<String> = quote.map(|quote| format!("> {quote}")).into_iter().chain(text).chain(file).collect();
    if let Some(last) = lines.last_mut().filter(|_| entry.edited) {
        last.push_str(" (edited)");
    }
    for (n, line) in lines.into_iter().enumerate() {
        match (n, line.as_str()) {
            (0, _) => writeln!(out, "{line}")?,
            (_, "") => writeln!(out)?,
            _ => writeln!(out, "{INDENT}{line}")?,
        }
    }
    Ok(())
}
