//! The house rules, run beside the other tests: the import table, headers, sizes, orphans.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// The most lines of a file.
const LINES_MAX: usize = 500;

/// What each module may import of the others, and which outside names it may not mention. The table is explained in
/// docs/ARCHITECTURE.md.
const TABLE: &[(&str, &[&str], &[&str])] = &[
    ("clock", &["proto::ids"], &["tokio", "egui"]),
    ("config", &[], &["egui"]),
    ("proto", &[], &["tokio", "std::fs", "std::net", "std::time", "egui", "rand", "getrandom"]),
    (
        "core",
        &["proto", "names", "visible"],
        &["tokio", "std::fs", "std::net", "std::time", "egui", "getrandom", "tracing"],
    ),
    ("log", &["proto", "files"], &["tokio", "std::net", "std::time", "egui", "getrandom"]),
    ("files", &[], &["tokio", "std::net", "std::time", "egui", "getrandom", "tracing"]),
    ("names", &["proto", "visible"], &["tokio", "std::fs", "std::net", "std::time", "egui", "getrandom", "tracing"]),
    ("visible", &[], &["tokio", "std::fs", "std::net", "std::time", "egui", "getrandom", "tracing"]),
    ("server", &["proto", "core", "log", "config", "clock", "files", "names", "visible"], &["egui", "eframe", "rfd"]),
    (
        "client",
        &["proto", "log", "config", "clock", "names", "visible"],
        &["tokio", "rustls", "std::time", "egui", "eframe", "std::fs"],
    ),
    (
        "ui",
        &[
            "client::model",
            "client::command",
            "client::invite",
            "client::outbox",
            "export",
            "pictures",
            "proto::account",
            "proto::attachment",
            "proto::chat",
            "proto::device",
            "proto::fingerprint",
            "proto::ids",
            "proto::event",
            "proto::limits",
            "settings::values",
            "visible",
        ],
        &["tokio", "std::fs", "std::net", "eframe", "rfd"],
    ),
    ("pictures", &["proto::limits"], &["eframe", "rfd", "tokio", "std::fs", "std::net", "std::time"]),
    ("export", &["files"], &["egui", "eframe", "rfd", "tokio", "std::fs", "std::net", "SystemTime"]),
    ("settings", &["files", "proto::chat"], &["egui", "eframe", "tokio", "std::net"]),
    (
        "desktop",
        &["ui", "client::model", "proto::chat", "proto::ids"],
        &["tokio", "std::fs", "std::net", "eframe", "rfd", "SystemTime"],
    ),
    (
        "app",
        &["ui", "client", "clock", "desktop", "export", "pictures", "proto::chat", "settings"],
        &["tokio", "std::fs", "std::net"],
    ),
    ("host", &["client", "server", "proto::ids"], &["egui", "eframe", "tokio"]),
    ("pins", &["client::pins", "proto::fingerprint", "files"], &["egui", "eframe", "tokio", "std::net", "std::time"]),
    ("shelf", &["client::chain", "client::shelf", "files", "log::storage"], &["egui", "eframe", "tokio"]),
    ("tokens", &["client::tokens", "files"], &["egui", "eframe", "tokio", "std::net", "std::time"]),
    (
        "lines",
        &["client", "files", "names", "proto", "ui::files", "ui::happened", "visible"],
        &["egui", "eframe", "tokio", "std::fs", "std::net", "SystemTime"],
    ),
    (
        "script",
        &["client", "clock", "lines", "pins", "proto", "transfers", "ui::presence", "ui::when"],
        &["egui", "eframe", "tokio", "std::fs", "std::net", "SystemTime"],
    ),
    (
        "terminal",
        &["client", "clock", "lines", "proto", "transfers", "ui::happened", "ui::mentions", "ui::presence", "ui::when"],
        &["egui", "eframe", "tokio", "std::fs", "std::net", "SystemTime"],
    ),
    (
        "transfers",
        &["client::outbox", "client::transfer", "clock", "files", "proto::attachment", "proto::limits"],
        &["egui", "eframe", "tokio", "std::net"],
    ),
    ("user_command", &["server::accounts", "proto"], &["egui", "eframe", "tokio"]),
    (
        "cli",
        &[
            "app",
            "client",
            "config",
            "host",
            "lines",
            "pins",
            "proto",
            "script",
            "server",
            "settings",
            "shelf",
            "terminal",
            "tokens",
            "transfers",
            "ui",
            "user_command",
        ],
        &["egui::"],
    ),
    ("main", &["cli"], &["egui", "tokio"]),
    ("lib", &[], &[]),
];

/// Places that may do what the rest of their module may not.
const EXCEPTIONS: &[(&str, &str)] = &[
    ("src/client/connection/", "tokio"),
    ("src/client/connection/", "rustls"),
    // Deadlines and pauses, not the time of day.
    ("src/client/connection/", "std::time"),
    // Which links of this computer are up.
    ("src/client/connection/route.rs", "std::fs"),
    ("src/export/file.rs", "std::fs"),
    ("src/pictures/file.rs", "std::fs"),
    ("src/client/tokens.rs", "std::time"),
    ("src/client/cache/", "std::time"),
    ("src/client/drafts.rs", "std::time"),
    ("src/client/transfer/disk.rs", "std::time"),
];

fn sources() -> Vec<PathBuf> {
    fn collect(dir: &Path, found: &mut Vec<PathBuf>) {
        for entry in fs::read_dir(dir).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                collect(&path, found);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                found.push(path);
            }
        }
    }
    let mut found = Vec::new();
    for dir in ["src", "tests", "benches", "examples"] {
        if Path::new(dir).is_dir() {
            collect(Path::new(dir), &mut found);
        }
    }
    found.sort();
    found
}

/// The code of a file without its comments and its unit tests.
fn code(path: &Path) -> String {
    let text = fs::read_to_string(path).unwrap();
    let text = text.split("#[cfg(test)]\nmod tests").next().unwrap_or_default();
    text.lines().map(|line| line.split("//").next().unwrap_or_default()).collect::<Vec<_>>().join("\n")
}

fn module_of(path: &Path) -> Option<String> {
    let rest = path.strip_prefix("src").ok()?;
    Some(rest.iter().next()?.to_str()?.trim_end_matches(".rs").into())
}

/// Every path that follows `crate::`, groups spread out: `crate::{a, b::c}` gives `a` and `b::c`.
fn imports(code: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for rest in code.split("crate::").skip(1) {
        let end_of =
            |text: &str| text.find(|c: char| !(c.is_alphanumeric() || c == '_' || c == ':')).unwrap_or(text.len());
        if let Some(group) = rest.strip_prefix('{') {
            let mut depth = 1;
            let end = group.find(|c| {
                depth += i32::from(c == '{') - i32::from(c == '}');
                depth == 0
            });
            let mut inside = 0;
            let top = group[..end.unwrap_or(group.len())].split(|c| {
                inside += i32::from(c == '{') - i32::from(c == '}');
                c == ',' && inside == 0
            });
            found.extend(
                top.map(|path| path.trim()).filter(|path| !path.is_empty()).map(|path| path[..end_of(path)].to_owned()),
            );
        } else {
            let path = &rest[..end_of(rest)];
            match rest[path.len()..].strip_prefix('{') {
                Some(group) if path.ends_with("::") => {
                    let group = group.split('}').next().unwrap_or_default();
                    for name in group.split(',').map(str::trim).filter(|name| !name.is_empty()) {
                        found.insert(format!("{path}{}", &name[..end_of(name)]));
                    }
                }
                _ => {
                    found.insert(path.to_owned());
                }
            }
        }
    }
    found
}

fn allowed(module: &str, import: &str, table: &[&str]) -> bool {
    let within = |prefix: &str| import == prefix || import.starts_with(&format!("{prefix}::"));
    within(module) || table.iter().any(|prefix| within(prefix))
}

#[test]
fn every_module_imports_only_what_the_table_says() {
    let mut wrong = Vec::new();
    for path in sources() {
        let Some(module) = module_of(&path) else { continue };
        let name = path.to_str().unwrap();
        let Some((_, may, never)) = TABLE.iter().find(|(known, ..)| *known == module) else {
            wrong.push(format!("{name}: module {module} is not in the table"));
            continue;
        };
        let code = code(&path);
        for import in imports(&code) {
            if !allowed(&module, &import, may) {
                wrong.push(format!("{name}: {module} may not import crate::{import}"));
            }
        }
        for outside in *never {
            let excepted = EXCEPTIONS.iter().any(|(place, what)| name.starts_with(place) && what == outside);
            let word = |at: usize| !code[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_');
            let mentioned = code.match_indices(outside).any(|(at, _)| word(at));
            if mentioned && !excepted {
                wrong.push(format!("{name}: {module} may not mention {outside}"));
            }
        }
        if module == "log" && code.contains("std::fs") && !name.ends_with("storage.rs") {
            wrong.push(format!("{name}: only log/storage.rs touches files"));
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

#[test]
fn every_file_has_a_header_and_an_end() {
    let mut wrong = Vec::new();
    for path in sources() {
        let text = fs::read_to_string(&path).unwrap();
        if !text.starts_with("//!") {
            wrong.push(format!("{}: begins with no `//!` header", path.display()));
        }
        let lines = text.lines().count();
        if lines > LINES_MAX {
            wrong.push(format!("{}: {lines} lines, the most is {LINES_MAX}", path.display()));
        }
        let todo = concat!("TO", "DO");
        if text.contains(todo) || text.contains(concat!("FIX", "ME")) {
            wrong.push(format!("{}: something is left to do", path.display()));
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

#[test]
fn every_file_of_the_program_belongs_to_a_module() {
    let mut orphans = Vec::new();
    for path in sources() {
        if module_of(&path).is_none() || path.ends_with("src/lib.rs") || path.ends_with("src/main.rs") {
            continue;
        }
        let (parent, name) = if path.ends_with("mod.rs") {
            let dir = path.parent().unwrap();
            (dir.parent().unwrap().to_owned(), dir.file_name().unwrap().to_str().unwrap().to_owned())
        } else {
            (path.parent().unwrap().to_owned(), path.file_stem().unwrap().to_str().unwrap().to_owned())
        };
        let declared = ["mod.rs", "lib.rs"]
            .iter()
            .any(|file| fs::read_to_string(parent.join(file)).is_ok_and(|text| text.contains(&format!("mod {name};"))));
        if !declared {
            orphans.push(path.display().to_string());
        }
    }
    assert!(orphans.is_empty(), "{orphans:?}");
}

#[test]
fn the_tests_that_the_page_of_behaviour_names_exist() {
    let page = fs::read_to_string("docs/UX.md").unwrap();
    let named: Vec<(&str, &str)> =
        page.split('`').skip(1).step_by(2).filter_map(|name| name.split_once("::")).collect();
    assert!(named.len() > 40, "{named:?}");
    for (file, test) in named {
        let place = if file.starts_with("src/") { "" } else { "tests/" };
        let code = fs::read_to_string(format!("{place}{file}.rs")).unwrap_or_default();
        assert!(
            code.contains(&format!("#[test]\nfn {test}()")) || code.contains(&format!("    fn {test}(")),
            "{file}::{test}"
        );
    }
}

#[test]
fn the_table_would_notice() {
    let code =
        "use crate::{server::Options, ui};\nuse crate::log::{file::FileLog, Log};\nlet x = crate::proto::ids::Seq(1);";
    let found: Vec<_> = imports(code).into_iter().collect();
    assert_eq!(found, ["log::Log", "log::file::FileLog", "proto::ids::Seq", "server::Options", "ui"]);
    assert!(allowed("ui", "client::model::Model", &["client::model"]));
    assert!(!allowed("ui", "client::connection", &["client::model"]));
    assert!(!allowed("ui", "client::model_x", &["client::model"]));
}
