//! Links in what people write: where they stand and where they lead. Draws nothing and opens nothing.
//!
//! Only what leads to the web is a link: `http` and `https`, and names that begin with `www.`. What is opened, copied
//! and shown on request is the address as a browser reads it, in ASCII alone. So letters that look like others, a name
//! in front of an `@` and words in reversed order may deceive in the text, but not there.

use std::ops::Range;

use linkify::{LinkFinder, LinkKind};
use url::Url;

/// The most links of a message: whoever writes a page of them holds nobody's window up.
const LINKS_MAX: usize = 50;
/// What is longer is no link: browsers and servers refuse it, too.
const LINK_MAX_BYTES: usize = 4 * 1024;
/// How much of an address is told after the name of its host.
const TOLD_MAX_CHARS: usize = 600;
/// How much of an address stands in a menu.
const SHORT_MAX_CHARS: usize = 40;

/// A link in a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Link {
    /// Where it stands, in bytes.
    pub range: Range<usize>,
    /// Where it leads: `http` or `https`, in ASCII.
    pub target: String,
    /// The name of the host, as it is looked up.
    pub host: String,
    /// What is written is not plainly where it leads.
    pub doubtful: bool,
}

/// The links of a text, in its order.
pub fn find(text: &str) -> Vec<Link> {
    // Most messages have none. (`ww.` is in `Www.`, too.)
    if !["://", "ww.", "WW."].iter().any(|sign| text.contains(sign)) {
        return Vec::new();
    }
    let mut finder = LinkFinder::new();
    finder.kinds(&[LinkKind::Url]).url_must_have_scheme(false);
    let found = finder.links(text).filter(|link| link.as_str().len() <= LINK_MAX_BYTES);
    let links = found.filter_map(|link| of(link.as_str(), link.start()..link.end()));
    links.take(LINKS_MAX).collect()
}

fn of(written: &str, range: Range<usize>) -> Option<Link> {
    // `main.rs` and `e.g.this` are not meant as addresses; `www.` is.
    let full = if written.contains("://") {
        written.to_owned()
    } else if written.get(..4).is_some_and(|begin| begin.eq_ignore_ascii_case("www.")) {
        format!("https://{written}")
    } else {
        return None;
    };
    let url = Url::parse(&full).ok().filter(|url| matches!(url.scheme(), "http" | "https"))?;
    let host = url.host_str().filter(|host| !host.is_empty())?.to_owned();
    let target = url.as_str().to_owned();
    let plain = |text: &str| text.strip_suffix('/').unwrap_or(text).to_ascii_lowercase();
    let named = !url.username().is_empty() || url.password().is_some();
    let encoded = host.split('.').any(|label| label.starts_with("xn--"));
    let doubtful = named || encoded || plain(&full) != plain(&target);
    // What a browser reads is ASCII; whatever is not has no business on a screen that tells where a link leads.
    target.is_ascii().then_some(Link { range, target, host, doubtful })
}

impl Link {
    /// Where it leads, in words: the host first, which decides it, then the whole address as far as there is room.
    pub fn told(&self) -> String {
        format!("Leads to {}\n{}", self.host, cut(&self.target, TOLD_MAX_CHARS))
    }

    /// Where it leads, for a line of a menu: without `https://`.
    pub fn short(&self) -> String {
        let bare = self.target.strip_prefix("https://").unwrap_or(&self.target);
        // A name in front of the host would stand where the host is looked for.
        let bare = if self.doubtful { &self.host } else { bare.strip_suffix('/').unwrap_or(bare) };
        cut(bare, SHORT_MAX_CHARS)
    }
}

/// The beginning of an address.
fn cut(target: &str, most: usize) -> String {
    match target.char_indices().nth(most) {
        Some((at, _)) => format!("{}…", target.get(..at).unwrap_or_default()),
        None => target.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn links(text: &str) -> Vec<(&str, String)> {
        find(text).into_iter().map(|link| (text.get(link.range.clone()).unwrap(), link.target)).collect()
    }

    fn one(text: &str) -> Link {
        let mut found = find(text);
        assert_eq!(found.len(), 1, "{text}: {found:?}");
        found.remove(0)
    }

    #[test]
    fn only_what_leads_to_the_web_is_a_link() {
        for text in [
            "main.rs and e.g.this are none, nor is example.com",
            "file:///etc/passwd ftp://example.com javascript://alert(1) data://x",
            "mailto:bob@example.com bob@example.com",
            "http:// https://. http://?",
            "javascript:alert(1)//http:",
            "",
        ] {
            assert_eq!(links(text), [], "{text}");
        }
        assert_eq!(links("HTTP://Example.COM/A"), [("HTTP://Example.COM/A", "http://example.com/A".into())]);
        assert_eq!(links("see www.example.com/x?"), [("www.example.com/x", "https://www.example.com/x".into())]);
        assert_eq!(links("http://127.0.0.1:8080/a"), [("http://127.0.0.1:8080/a", "http://127.0.0.1:8080/a".into())]);
    }

    #[test]
    fn what_ends_a_sentence_is_not_part_of_a_link() {
        for (text, link) in [
            ("Look at https://example.com/a.", "https://example.com/a"),
            ("(https://example.com/a)!", "https://example.com/a"),
            ("https://example.com/a_(b), and", "https://example.com/a_(b)"),
            ("\"https://example.com/a\"", "https://example.com/a"),
            ("<https://example.com/a>;", "https://example.com/a"),
            ("https://example.com/a?b=c&d=e#f…", "https://example.com/a?b=c&d=e#f…"),
            ("ראו https://example.com/a, תודה", "https://example.com/a"),
            ("https://example.com/a\nnext", "https://example.com/a"),
        ] {
            let found = links(text);
            assert_eq!(found.first().map(|(written, _)| *written), Some(link), "{text}");
        }
    }

    #[test]
    fn a_link_that_is_not_what_it_seems_tells_where_it_leads() {
        for (text, host) in [
            ("https://bank.example@evil.example/login", "evil.example"),
            ("https://bank.example:443@evil.example", "evil.example"),
            ("https://аpple.com/", "xn--pple-43d.com"),
            ("https://xn--pple-43d.com/", "xn--pple-43d.com"),
            ("https://evil.example/moc.knab//:sptthא", "evil.example"),
            ("https://еxample.com", "xn--xample-2of.com"),
        ] {
            let link = one(text);
            assert!(link.doubtful, "{link:?}");
            assert_eq!(link.host, host, "{text}");
            let first = link.told().lines().next().unwrap().to_owned();
            assert_eq!(first, format!("Leads to {host}"));
            assert_eq!(link.short(), host);
            assert!(link.told().is_ascii());
        }
        for text in ["https://example.com", "http://example.com/a/b?c=d", "https://Example.com/", "Www.example.com"] {
            assert!(!one(text).doubtful, "{text}");
        }
    }

    #[test]
    fn no_flood_of_links_is_looked_at_to_its_end() {
        assert_eq!(find(&"https://a.example ".repeat(1000)).len(), LINKS_MAX);
        assert_eq!(find(&format!("https://a.example/{}", "x".repeat(LINK_MAX_BYTES))), []);
        let long = one(&format!("https://a.example/{}", "x".repeat(2000)));
        assert!(long.told().chars().count() < 700 && long.short().chars().count() <= SHORT_MAX_CHARS + 1);
    }
}
