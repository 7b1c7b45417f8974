//! An export as a web page: one file that loads nothing and runs nothing, light or dark as the reader's computer is.

use std::borrow::Cow;
use std::io::{self, Write};

use jiff::Zoned;
use jiff::tz::TimeZone;

use super::{DELETED, Entry, Head, about, lines, shown};

/// How the page looks. The policy above it lets a browser use this, and load or run nothing at all.
const STYLE: &str = "\
:root{color-scheme:light dark;--back:#f4f5f8;--card:#fff;--text:#1c1f26;--quiet:#5f6675;--line:#e1e4ea}
@media(prefers-color-scheme:dark){:root{--back:#14161b;--card:#1f232b;--text:#e8eaf0;--quiet:#9aa2b1;--line:#2d323d}}
body{margin:0;background:var(--back);color:var(--text);font:16px/1.45 system-ui,sans-serif}
main{max-width:46rem;margin:0 auto;padding:2rem 1rem 4rem}
h1{margin:0;font-size:1.5rem;overflow-wrap:anywhere}
header{padding-bottom:1rem;border-bottom:1px solid var(--line)}
header p,time,.change{color:var(--quiet);font-size:.8125rem}
header p{margin:.25rem 0 0}
h2{margin:2rem 0 .75rem;text-align:center;color:var(--quiet);font-size:.8125rem}
article{margin:.5rem 0;padding:.625rem .875rem;border-radius:.875rem;background:var(--card)}
article p{margin:.125rem 0 0;white-space:pre-wrap;overflow-wrap:anywhere}
b{margin-inline-end:.5rem}
article p.of{color:var(--quiet);font-size:.875rem}
article p.quote{padding-inline-start:.5rem;border-inline-start:2px solid var(--line)}
article a{color:inherit;text-decoration:none}
.change{margin:.75rem 0;text-align:center;overflow-wrap:anywhere}
";

/// What stands above.
pub fn begin(out: &mut impl Write, head: &Head, zone: &TimeZone) -> io::Result<()> {
    let (title, about) = (shown(&head.chat), about(head, zone));
    let (title, about) = (escaped(&title), escaped(&about));
    writeln!(out, "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">")?;
    let policy = "default-src 'none'; style-src 'unsafe-inline'";
    writeln!(out, "<meta http-equiv=\"Content-Security-Policy\" content=\"{policy}\">")?;
    writeln!(out, "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">")?;
    writeln!(out, "<title>{title}</title>\n<style>\n{STYLE}</style>\n</head>\n<body>\n<main>")?;
    writeln!(out, "<header>\n<h1 dir=\"auto\">{title}</h1>\n<p>{about}</p>\n</header>")
}

/// A message, below the day if it is the first of one.
pub fn entry(out: &mut impl Write, entry: &Entry, at: Option<&Zoned>, new_day: Option<&Zoned>) -> io::Result<()> {
    if let Some(day) = new_day {
        writeln!(out, "<h2>{}</h2>", day.strftime("%A %-d %B %Y"))?;
    }
    if let Some(change) = &entry.change {
        return writeln!(out, "<p class=\"change\" dir=\"auto\">{}</p>", escaped(&shown(change)));
    }
    write!(out, "<article id=\"m{}\"><b><bdi>{}</bdi></b>", entry.seq, escaped(&shown(&entry.from)))?;
    if let Some(at) = at {
        write!(out, "<time datetime=\"{}\">{}</time>", at.timestamp(), at.strftime("%H:%M"))?;
    }
    if entry.edited {
        write!(out, "<time> edited</time>")?;
    }
    if entry.deleted {
        return writeln!(out, "<p class=\"of\"><i>{DELETED}</i></p></article>");
    }
    if let (Some(answers), Some(quote)) = (&entry.answers, entry.quote()) {
        let (to, quote) = (answers.seq, escaped(&quote));
        // What is not in the file leads nowhere.
        let quote = if answers.said.is_some() { format!("<a href=\"#m{to}\">{quote}</a>") } else { quote.into() };
        write!(out, "<p class=\"of quote\" dir=\"auto\">{quote}</p>")?;
    }
    if !entry.text.is_empty() || entry.file.is_none() {
        write!(out, "<p dir=\"auto\">")?;
        for (n, line) in lines(&entry.text).enumerate() {
            write!(out, "{}{}", if n == 0 { "" } else { "\n" }, escaped(&line))?;
        }
        write!(out, "</p>")?;
    }
    if let Some(name) = &entry.file {
        write!(out, "<p class=\"of\">File: <bdi>{}</bdi></p>", escaped(&shown(name)))?;
    }
    writeln!(out, "</article>")
}

/// What stands below.
pub fn end(out: &mut impl Write) -> io::Result<()> {
    writeln!(out, "</main>\n</body>\n</html>")
}

/// A text that a browser takes for nothing but text, between tags as in an attribute.
fn escaped(text: &str) -> Cow<'_, str> {
    if !text.contains(['&', '<', '>', '"', '\'']) {
        return text.into();
    }
    let mut safe = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        match c {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            c => safe.push(c),
        }
    }
    safe.into()
}
