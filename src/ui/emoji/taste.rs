//! What somebody likes: the emoji chosen last, and a tone of skin. Belongs to a person, not to a chat.

use super::index::{self, TONES};

/// How many of the emoji that were chosen last are kept: three rows.
pub const RECENT_MAX: usize = 24;

/// See the module.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Taste {
    recent: Vec<String>,
    tone: usize,
}

impl Taste {
    /// The emoji chosen last, the newest first.
    pub fn recent(&self) -> &[String] {
        &self.recent
    }

    /// Takes over what was kept elsewhere: what is no emoji is left out, and what is too much.
    pub fn set_recent(&mut self, recent: impl IntoIterator<Item = String>) {
        self.recent.clear();
        for emoji in recent {
            if index::is_known(&emoji) && !self.recent.contains(&emoji) && self.recent.len() < RECENT_MAX {
                self.recent.push(emoji);
            }
        }
    }

    /// An emoji was chosen.
    pub fn used(&mut self, emoji: &str) {
        self.recent.retain(|other| other != emoji);
        self.recent.insert(0, emoji.to_owned());
        self.recent.truncate(RECENT_MAX);
    }

    /// The tone of skin, counted from none.
    pub fn tone(&self) -> usize {
        self.tone
    }

    /// Chooses a tone of skin. What is none of them is none.
    pub fn set_tone(&mut self, tone: usize) {
        self.tone = if tone < TONES { tone } else { 0 };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_comes_first_once_and_there_is_an_end_to_it() {
        let mut taste = Taste::default();
        for emoji in ["🎉", "👍🏽", "🎉", "❤️"] {
            taste.used(emoji);
        }
        assert_eq!(taste.recent(), ["❤️", "🎉", "👍🏽"]);
        for (emoji, _) in index::of(index::Group::FoodAndDrink).zip(0..100) {
            taste.used(emoji.as_str());
        }
        assert_eq!(taste.recent().len(), RECENT_MAX);
        let kept = ["🎉", "<script>", "🎉", "", "x", "🇩🇪"].map(str::to_owned);
        taste.set_recent(kept.into_iter().chain(std::iter::repeat_n("z".into(), 10_000)));
        assert_eq!(taste.recent(), ["🎉", "🇩🇪"]);
        taste.set_tone(5);
        assert_eq!(taste.tone(), 5);
        taste.set_tone(99);
        assert_eq!(taste.tone(), 0);
    }
}
