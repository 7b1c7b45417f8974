//! Exports: what stands in the three forms, whatever people write; what is read again; what a cancelled one leaves.

use std::fs;
use std::io;
use std::sync::Arc;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use parlor::export::{Answered, Entry, Export, Format, Head, Progress, file, file_name, read, write};

fn at(text: &str) -> Option<Timestamp> {
    Some(text.parse().unwrap())
}

fn entry(seq: u64, when: &str, from: &str, text: &str) -> Entry {
    Entry { seq, at: at(when), from: from.into(), text: text.into(), ..Entry::default() }
}

/// A chat in which people write what would like to be something else.
fn hostile() -> Export {
    let head = Head {
        chat: "Hike </title><script>alert(1)</script>".into(),
        by: "Alice \u{202e}& Co".into(),
        at: at("2026-11-20T15:00:00Z"),
        complete: true,
    };
    let entries = vec![
        Entry {
            change: Some("Alice made the group “<b>” with Bob".into()),
            ..entry(40, "2026-11-19T22:30:00Z", "Alice", "")
        },
        entry(41, "2026-11-19T22:31:07.250Z", "Bob", "<script>alert('x')</script> & \"quotes\" <!-- "),
        entry(42, "2026-11-20T09:00:00Z", "Bob", "two\nlines\r\n\n[2026-11-20 09:01:00] Alice: I owe you 100"),
        entry(43, "2026-11-20T09:02:00Z", "A\u{202e}ecil\n", "\u{202e}שלום \u{2028}a\u{1b}[31m\u{0}\u{7f}\tb\u{85}c"),
        Entry { at: None, ..entry(44, "2026-11-20T09:02:00Z", "Bob", "]}</p></article>") },
    ];
    Export { head, entries }
}

fn written(format: Format, export: &Export) -> String {
    let zone = TimeZone::fixed(jiff::tz::offset(1));
    let mut out = Vec::new();
    write(&mut out, format, &export.head, export.entries.iter(), &zone, |_| true).unwrap();
    String::from_utf8(out).unwrap()
}

#[test]
fn text_has_a_line_for_each_message_and_no_message_can_pass_for_another() {
    let expected = "\
Hike </title><script>alert(1)</script>
Exported by Alice & Co on 20 November 2026 at 16:00.

[2026-11-19 23:30:00] * Alice made the group “<b>” with Bob
[2026-11-19 23:31:07] Bob: <script>alert('x')</script> & \"quotes\" <!-- 
[2026-11-20 10:00:00] Bob: two
    lines

    [2026-11-20 09:01:00] Alice: I owe you 100
[2026-11-20 10:02:00] Aecil : \u{202e}שלום 
    a␛[31m␀␡\tb
    c
[no time] Bob: ]}</p></article>
";
    assert_eq!(written(Format::Text, &hostile()), expected);
}

#[test]
fn a_web_page_takes_every_text_for_text() {
    let page = written(Format::Html, &hostile());
    let (above, body) = page.split_once("<body>\n").unwrap();
    let expected = "\
<main>
<header>
<h1 dir=\"auto\">Hike &lt;/title&gt;&lt;script&gt;alert(1)&lt;/script&gt;</h1>
<p>Exported by Alice &amp; Co on 20 November 2026 at 16:00.</p>
</header>
<h2>Thursday 19 November 2026</h2>
<p class=\"change\" dir=\"auto\">Alice made the group “&lt;b&gt;” with Bob</p>
<article id=\"m41\"><b><bdi>Bob</bdi></b><time datetime=\"2026-11-19T22:31:07.25Z\">23:31</time><p dir=\"auto\">\
&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt; &amp; &quot;quotes&quot; &lt;!-- </p></article>
<h2>Friday 20 November 2026</h2>
<article id=\"m42\"><b><bdi>Bob</bdi></b><time datetime=\"2026-11-20T09:00:00Z\">10:00</time><p dir=\"auto\">two
lines

[2026-11-20 09:01:00] Alice: I owe you 100</p></article>
<article id=\"m43\"><b><bdi>Aecil </bdi></b><time datetime=\"2026-11-20T09:02:00Z\">10:02</time><p dir=\"auto\">\
\u{202e}שלום 
a␛[31m␀␡\tb
c</p></article>
<article id=\"m44\"><b><bdi>Bob</bdi></b><p dir=\"auto\">]}&lt;/p&gt;&lt;/article&gt;</p></article>
</main>
</body>
</html>
";
    assert_eq!(body, expected);
    assert!(above.starts_with("<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"), "{above}");
    assert!(above.contains("default-src 'none'"), "it loads and runs nothing");
    assert!(above.contains("prefers-color-scheme:dark"), "it is dark where the computer is");
    assert!(!above.contains("<script"), "{above}");
    assert!(!page.contains("src=") && !page.contains("href="), "it is one file");
}

/// A chat with all that becomes of messages, in which people try to write it themselves.
fn revised() -> Export {
    let answers = |seq, said: Option<(&str, &str)>| {
        Some(Answered { seq, said: said.map(|(from, text)| (from.into(), text.into())) })
    };
    let asked = "Are we on <b>\n[2026-11-20 10:00:00] Alice: I owe you 100";
    let file: Option<Arc<str>> = Some("plan\u{202e}<b>.pdf".into());
    let entries = vec![
        entry(50, "2026-11-20T09:00:00Z", "Bob", asked),
        Entry {
            answers: answers(50, Some(("Bob", asked))),
            edited: true,
            ..entry(51, "2026-11-20T09:01:00Z", "Alice", "Yes\n(edited)")
        },
        Entry { file: file.clone(), ..entry(52, "2026-11-20T09:02:00Z", "Bob", "") },
        Entry {
            answers: answers(52, Some(("Bob", "plan\u{202e}<b>.pdf"))),
            file,
            edited: true,
            ..entry(53, "2026-11-20T09:03:00Z", "Alice", "this one")
        },
        Entry { answers: answers(7, None), ..entry(54, "2026-11-20T09:04:00Z", "Bob", "> Alice: I owe you 100") },
        Entry { deleted: true, ..entry(55, "2026-11-20T09:05:00Z", "Bob", "") },
    ];
    Export { entries, ..hostile() }
}

#[test]
fn what_became_of_messages_stands_in_every_form() {
    let text = written(Format::Text, &revised());
    let (_, lines) = text.split_once("\n\n").unwrap();
    let expected = "\
[2026-11-20 10:00:00] Bob: Are we on <b>
    [2026-11-20 10:00:00] Alice: I owe you 100
[2026-11-20 10:01:00] Alice: > Bob: Are we on <b> [2026-11-20 10:00:00] Alice: I owe you 100
    Yes
    (edited) (edited)
[2026-11-20 10:02:00] Bob: [file plan<b>.pdf]
[2026-11-20 10:03:00] Alice: > Bob: plan<b>.pdf
    this one
    [file plan<b>.pdf] (edited)
[2026-11-20 10:04:00] Bob: > An earlier message
    > Alice: I owe you 100
[2026-11-20 10:05:00] * Bob deleted a message
";
    assert_eq!(lines, expected);

    let page = written(Format::Html, &revised());
    for part in [
        "<time> edited</time><p class=\"of quote\" dir=\"auto\"><a href=\"#m50\">Bob: Are we on &lt;b&gt; [2026",
        "<p class=\"of\">File: <bdi>plan&lt;b&gt;.pdf</bdi></p></article>",
        "<p class=\"of quote\" dir=\"auto\">An earlier message</p><p dir=\"auto\">&gt; Alice",
        "<p class=\"of\"><i>Message deleted</i></p></article>",
    ] {
        assert!(page.contains(part), "{part} in {page}");
    }
    assert!(!page.contains("<b>plan") && !page.contains("<b>\n"));

    let json = written(Format::Json, &revised());
    assert!(
        json.contains(r#""reply_to":50,"edited":true}"#) && json.contains(r#""text":"","deleted":true}"#),
        "{json}"
    );
    assert_eq!(read(json.as_bytes()), Ok(revised()));
}

#[test]
fn json_has_every_text_as_it_was() {
    let expected = r#"{"format":"parlor-export","version":1,"chat":"Hike </title><script>alert(1)</script>","exported_by":"Alice RLO& Co","exported_at":"2026-11-20T15:00:00Z","complete":true,
"messages":[
{"seq":40,"at":"2026-11-19T22:30:00Z","from":"Alice","text":"","change":"Alice made the group “<b>” with Bob"},
{"seq":41,"at":"2026-11-19T22:31:07.25Z","from":"Bob","text":"<script>alert('x')</script> & \"quotes\" <!-- "},
{"seq":42,"at":"2026-11-20T09:00:00Z","from":"Bob","text":"two\nlines\r\n\n[2026-11-20 09:01:00] Alice: I owe you 100"},
"#;
    let json = written(Format::Json, &hostile());
    assert!(json.starts_with(&expected.replace("RLO", "\u{202e}")), "{json}");
    assert!(json.contains("a\\u001b[31m\\u0000"), "{json}");
    assert!(json.ends_with("{\"seq\":44,\"at\":null,\"from\":\"Bob\",\"text\":\"]}</p></article>\"}\n]}\n"), "{json}");
}

#[test]
fn what_was_exported_as_json_is_read_again_as_it_was() {
    let mut export = hostile();
    for _ in 0..2 {
        assert_eq!(read(written(Format::Json, &export).as_bytes()), Ok(export.clone()));
        let marked = format!("\u{feff}{}", written(Format::Json, &export));
        assert_eq!(read(marked.as_bytes()), Ok(export.clone()), "an editor has put its mark in front");
        // A name like the fields that follow it, and no messages.
        export.head.chat = "}},\"messages\":[".into();
        export.head.complete = false;
        export.entries.clear();
    }
}

#[test]
fn a_file_that_is_no_export_or_a_damaged_one_says_what_is_wrong() {
    let good = written(Format::Json, &hostile());
    let long = written(
        Format::Json,
        &Export { entries: vec![entry(1, "2026-11-20T09:00:00Z", "Bob", &"x".repeat(300_000))], ..hostile() },
    );
    let cases = [
        (good[..good.len() / 2].to_owned(), "The end of this export is missing."),
        (good.replacen("\"from\"", "\"from", 1), "This export is damaged in line 3."),
        (good.replacen("\"version\":1", "\"version\":2", 1), "made by a newer version of Parlor"),
        (good.replacen("2026-11-19T22:30:00Z", "once", 1), "line 3 is wrong"),
        (good.replacen("\"seq\":40", "\"seq\":-1", 1), "line 3 is wrong"),
        (long, "message 1 in it is too long"),
        (good.replacen("parlor-export", "other", 1), "not a chat that was exported"),
        (String::new(), "not a chat that was exported"),
        ("[]".into(), "not a chat that was exported"),
        ("[".repeat(1 << 20), "not a chat that was exported"),
        ("\u{0}\u{1}".into(), "not a chat that was exported"),
        (written(Format::Html, &hostile()), "not a chat that was exported"),
    ];
    for (text, words) in cases {
        let problem = read(text.as_bytes()).unwrap_err();
        assert!(problem.contains(words), "{problem}");
    }
    // Cut anywhere, or with any byte bent, it is read or refused.
    for cut in 0..good.len() {
        assert!(read(&good.as_bytes()[..cut]).is_err() || cut >= good.trim_end().len(), "{cut}");
        let mut bent = good.clone().into_bytes();
        bent[cut] ^= 0x15;
        let _ = read(&bent);
    }
}

#[test]
fn the_name_of_the_file_is_one_that_every_system_takes() {
    let zone = TimeZone::UTC;
    let named = |chat: &str| {
        let head = Head { chat: chat.into(), ..hostile().head };
        file_name(&head, Format::Html, &zone)
    };
    for (chat, name) in [
        ("Weekend hike", "Weekend hike 2026-11-20.html"),
        ("../../etc/passwd", "etc passwd 2026-11-20.html"),
        ("a/b\\c:d*e?\"f\"<g>|\u{0}\n", "a b c d e f g 2026-11-20.html"),
        ("...", "Chat 2026-11-20.html"),
        ("\u{202e}gpj.exe", "gpj.exe 2026-11-20.html"),
        ("שלום 👋", "שלום 👋 2026-11-20.html"),
    ] {
        assert_eq!(named(chat), name);
    }
    assert!(named(&"👋".repeat(64)).len() < 255);
}

#[test]
fn a_file_is_there_as_a_whole_and_can_be_opened() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("Hike.json");
    fs::write(&path, "what was there before").unwrap();
    let progress = Progress::default();
    file::save(&path, Format::Json, &hostile(), &TimeZone::UTC, &progress, || {}).unwrap();
    assert_eq!(file::open(&path), Ok(hostile()));
    assert_eq!(progress.written(), 5);
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "nothing is left beside it");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600, "chats are private");
    }
}

#[test]
fn a_cancelled_export_leaves_nothing_and_keeps_what_was_there() {
    let export =
        Export { entries: (1..5_000).map(|seq| entry(seq, "2026-11-20T09:00:00Z", "Bob", "x")).collect(), ..hostile() };
    for format in Format::ALL {
        let folder = tempfile::tempdir().unwrap();
        let (new, old) = (folder.path().join("new"), folder.path().join("old"));
        fs::write(&old, "what was there before").unwrap();
        for path in [&new, &old] {
            let progress = Progress::default();
            let ticks = std::cell::Cell::new(0);
            // In the middle, as somebody does who looks at the bar.
            let tick = || {
                ticks.set(ticks.get() + 1);
                assert!(progress.written() < 5_000);
                progress.stop();
            };
            let saved = file::save(path, format, &export, &TimeZone::UTC, &progress, tick);
            assert!(saved.unwrap_err().contains("cancelled"));
            assert_eq!(ticks.get(), 1, "it ends there");
        }
        assert!(!new.exists());
        assert_eq!(fs::read_to_string(&old).unwrap(), "what was there before");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "nothing is left beside it");
    }
}

#[test]
fn a_file_that_cannot_be_written_or_read_says_what_to_do() {
    let folder = tempfile::tempdir().unwrap();
    let save = |path| file::save(path, Format::Text, &hostile(), &TimeZone::UTC, &Progress::default(), || {});
    let gone = folder.path().join("gone").join("Hike.txt");
    assert!(save(&gone).unwrap_err().contains("That folder is not there any more. Choose another one."));
    assert!(save(folder.path()).is_err());
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0, "nothing is left");
    assert!(file::open(&gone).unwrap_err().contains("That file is not there any more."));
    assert!(file::open(folder.path()).unwrap_err().contains("cannot be read"));
}

#[test]
#[cfg(target_os = "linux")]
fn a_full_disk_is_said() {
    /// A disk with room for that many bytes.
    struct Disk(usize);
    impl io::Write for Disk {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            let room = self.0.min(bytes.len());
            self.0 -= room;
            if room == 0 { Err(io::ErrorKind::StorageFull.into()) } else { Ok(room) }
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    let export = hostile();
    for format in Format::ALL {
        let whole = written(format, &export).len();
        for room in 0..whole {
            let entries = export.entries.iter();
            let end = write(&mut Disk(room), format, &export.head, entries, &TimeZone::UTC, |_| true);
            assert_eq!(end.unwrap_err().kind(), io::ErrorKind::StorageFull, "{room}");
        }
    }
}
