//! Two hundred names that somebody may want for a new account, and what becomes of each.

use parlor::names::{self, Refused};
use parlor::proto::ids::Invalid;

/// Who has an account already.
const HERE: [&str; 8] = ["Alice", "Bob", "Charlie", "Chloé", "王小明", "Αλέξης", "Анна", "יעל"];

/// What is expected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verdict {
    /// It becomes an account's name, written like this.
    Good(&'static str),
    /// Empty, too long, or with a character that breaks a line or a mention.
    Form,
    /// Characters that no name has, or words that are not parted by one space.
    Characters,
    /// Letters of several alphabets in one word.
    Mixed,
    /// Nothing that can be read.
    Unreadable,
    /// A word of the program's or of an office.
    Reserved,
    /// It is, or looks like, the name of somebody who is here.
    Alike,
}
use Verdict::{Alike, Characters, Form, Good, Mixed, Reserved, Unreadable};

/// What becomes of a name.
fn verdict(asked: &str) -> Verdict {
    match names::account(asked) {
        Ok(name) if HERE.iter().any(|other| names::alike(name.as_str(), other)) => Alike,
        Ok(name) => Good(String::leak(name.to_string())),
        Err(Refused::Form(Invalid::Name)) => Form,
        Err(Refused::Characters(_)) => Characters,
        Err(Refused::Mixed(_)) => Mixed,
        Err(Refused::Unreadable) => Unreadable,
        Err(Refused::Reserved(_)) => Reserved,
        Err(other) => panic!("{asked:?}: {other}"),
    }
}

/// Names that are kept as they are typed.
const WELCOME: [&str; 87] = [
    "Cherlie",
    "Alcie",
    "مُحَمَّد",
    "Dora",
    "dora",
    "DORA",
    "Zoë",
    "Ünsal Öz",
    "Łukasz",
    "Þórdís",
    "Ñusta",
    "Nguyễn Thị Hà",
    "Øyvind",
    "Dvořák",
    "Ağca",
    "Ştefan",
    "Ġorġ",
    "O'Neil",
    "Jean-Luc",
    "Anna-Lena",
    "J.R.",
    "user_1",
    "X Æ",
    "Bo",
    "Li",
    "Ian",
    "Lan",
    "Ali",
    "ALI",
    "Allen",
    "Roots",
    "Adminah",
    "Hereford",
    "Supportia",
    "Meg",
    "Youssef",
    "Mei",
    "Ana",
    "Robert",
    "Charlotte",
    "Alicia",
    "Chloe",
    "Alice B",
    "Bobby",
    "Nora Lindqvist",
    "van der Berg",
    "María José",
    "Ludwig2",
    "42",
    "7of9",
    "a",
    "Z",
    "李雷",
    "韩梅梅",
    "小明",
    "山田太郎",
    "さくら",
    "アヤ",
    "佐藤さくら",
    "김민준",
    "이서연",
    "王Ming",
    "דוד כהן",
    "נועה",
    "Yael",
    "שָׁרָה",
    "محمد",
    "فاطمة الزهراء",
    "علی",
    "זאב",
    "Ольга",
    "Дмитрий Иванов",
    "Наталія",
    "Γιώργος",
    "Ελένη",
    "აკაკი",
    "Արամ",
    "अमित",
    "प्रिया",
    "রহিম",
    "தமிழ்",
    "สมชาย",
    "ລາວ",
    "ခင်",
    "សុខា",
    "བསྟན་འཛིན",
    "ሰላም",
];

/// Names that are kept, and how.
const REWRITTEN: [(&str, &str); 8] = [
    ("Zoe\u{308}", "Zoë"),
    ("Do\u{301}ra", "Dóra"),
    ("Ｄｏｒａ", "Dora"),
    ("ｱﾔ", "アヤ"),
    ("\u{212b}sa", "Åsa"),
    ("Dora\u{3000}Maar", "Dora Maar"),
    ("Nguye\u{302}\u{303}n", "Nguyễn"),
    ("ᄀ\u{1161}", "가"),
];

const REFUSED: [(Verdict, &[&str]); 6] = [
    (
        Form,
        &[
            "",
            " ",
            " Dora",
            "Dora ",
            "\u{a0}Dora",
            "Dora\u{3000}",
            "Do\nra",
            "Do\tra",
            "Do\0ra",
            "Do\u{1b}[31mra",
            "Do\u{7f}ra",
            "Do\u{85}ra",
            "Do\u{9b}ra",
            "Do\u{2028}ra",
            "Do\u{2029}ra",
            "@Dora",
            "Do@ra",
            "Dora:",
            "Ｄ：ora",
            "＠Dora",
            "abcdefghijabcdefghijabcdefghijabc",
        ],
    ),
    (
        Characters,
        &[
            "Do\u{200d}ra",
            "Do\u{200c}ra",
            "Do\u{200b}ra",
            "Dora\u{200d}",
            "\u{feff}Dora",
            "Do\u{2060}ra",
            "Do\u{ad}ra",
            "Do\u{34f}ra",
            "Do\u{202e}ra",
            "\u{202e}Dora",
            "\u{202d}Dora\u{202c}",
            "\u{2066}Dora\u{2069}",
            "\u{2067}Dora\u{2069}",
            "\u{2068}Dora\u{2069}",
            "Dora\u{200e}",
            "Dora\u{200f}",
            "Dora\u{61c}",
            "Dora\u{e0041}\u{e007f}",
            "\u{e0001}Dora",
            "Dora\u{fe0f}",
            "王\u{e0100}",
            "Do\u{fff9}ra\u{fffb}",
            "\u{3164}",
            "Do\u{3164}ra",
            "Dora\u{115f}",
            "Dora\u{1160}",
            "\u{ffa0}\u{ffa0}",
            "Dora\u{180e}",
            "Dora\u{17b4}",
            "Dora  Maar",
            "Dora\u{a0}Maar",
            "Dora\u{2003}Maar",
            "Dora\u{202f}Maar",
            "Dora\u{2800}",
            "Dora 🌸",
            "🌸",
            "❤",
            "Dora™",
            "D①ra",
            "½",
            "𝐃𝐨𝐫𝐚",
            "𝓓ora",
            "ﬁn",
            "Dora\u{fffd}",
            "Dora\u{e000}",
            "Dora\u{fffe}",
            "z\u{30d}\u{30e}\u{30f}\u{310}\u{311}\u{312}\u{313}\u{314}",
            "\u{301}Dora",
            "דודDora",
            "Doraדוד",
            "١2محمد",
            "ªº",
            "ⅠⅤ",
            "Dora…",
            "“Dora”",
        ],
    ),
    (Mixed, &["Dоra", "Ρeter", "pаypal", "Мax", "Oльга", "Αleξ", "Dorа7", "Ивaн"]),
    (Unreadable, &["-", "...", "'", "_", "!?"]),
    (
        Reserved,
        &[
            "Everyone",
            "everyone",
            "EVERYONE",
            "E veryone",
            "Every one",
            "all",
            "All",
            "ALL",
            "A.L.L.",
            "al1",
            "admin",
            "Admin",
            "ADMIN",
            "Adm1n",
            "ad-min",
            "admin!",
            "Administrator",
            "SYSTEM",
            "Sys.tem",
            "server",
            "Parlor",
            "PARL0R",
            "Parlour",
            "parIor",
            "ｐａｒｌｏｒ",
            "here",
            "channel",
            "syst3m",
            "adrnin",
            "support",
            "Support",
            "root",
            "r00t",
            "R O O T",
            "you",
            "You",
            "me",
            "Security",
            "moderator",
            "rnoderator",
            "Zoë (former member)",
        ],
    ),
    (
        Alike,
        &[
            "alice",
            "ALICE",
            "aLiCe",
            "Ａlice",
            "AIice",
            "aIice",
            "A1ice",
            "al ice",
            "A lice",
            "B0b",
            "bob",
            "BOB",
            "CharIie",
            "chloé",
            "CHLOE\u{301}",
            "chloe\u{301}",
            "ChIoé",
            "王 小明",
            "αλέξης",
            "ΑΛΈΞΗΣ",
            "Αλέξη\u{3c2}",
            "анна",
            "АННА",
            "יעל",
        ],
    ),
];

#[test]
fn two_hundred_names_and_what_becomes_of_each() {
    let mut wrong = Vec::new();
    let mut count = 0;
    let mut expect = |name: &str, expected: Verdict| {
        count += 1;
        let found = verdict(name);
        if found != expected {
            wrong.push(format!("{name:?} {}: {found:?}, not {expected:?}", name.escape_unicode()));
        }
    };
    for name in WELCOME {
        expect(name, Good(name));
    }
    for (typed, kept) in REWRITTEN {
        expect(typed, Good(kept));
    }
    for (expected, names) in REFUSED {
        for name in names {
            expect(name, expected);
        }
    }
    assert!(count >= 200, "{count} names");
    assert!(wrong.is_empty(), "{} of {count}\n{}", wrong.len(), wrong.join("\n"));
}
