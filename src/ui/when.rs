//! Times as people read them. The time zone and the present are handed in, so a test can hold them still.

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

use crate::proto::ids::Millis;

/// The present and the place, as a view needs them.
#[derive(Clone, Debug)]
pub struct Clock {
    /// The present.
    pub now: Millis,
    /// The time zone of this computer.
    pub zone: TimeZone,
}

/// The time zone that this computer is set to, or UTC when it does not say.
pub fn local_zone() -> TimeZone {
    TimeZone::system()
}

impl Clock {
    fn zoned(&self, at: Millis) -> Option<jiff::Zoned> {
        // A server may send any number; one that is no time on the calendar is shown as no time at all.
        Timestamp::from_millisecond(at.0).ok().map(|at| at.to_zoned(self.zone.clone()))
    }

    /// The day, for telling days apart.
    pub fn day(&self, at: Millis) -> Option<Date> {
        self.zoned(at).map(|at| at.date())
    }

    /// `09:12`.
    pub fn time(&self, at: Millis) -> String {
        self.zoned(at).map(|at| at.strftime("%H:%M").to_string()).unwrap_or_default()
    }

    /// The day and the time, for those who want to know exactly.
    pub fn exact(&self, at: Millis) -> String {
        self.zoned(at).map(|at| at.strftime("%A %-d %B %Y, %H:%M:%S").to_string()).unwrap_or_default()
    }

    /// `21 Nov 2026, 09:12`, in text that is taken elsewhere.
    pub fn stamp(&self, at: Millis) -> String {
        self.zoned(at).map(|at| at.strftime("%-d %b %Y, %H:%M").to_string()).unwrap_or_default()
    }

    /// What stands between two days: `Today`, `Yesterday`, `Friday 20 November`, or with the year when it is another.
    pub fn day_title(&self, at: Millis) -> String {
        let (Some(at), Some(today)) = (self.zoned(at), self.day(self.now)) else { return String::new() };
        let day = at.date();
        if day == today {
            return "Today".into();
        }
        if today.yesterday().is_ok_and(|yesterday| day == yesterday) {
            return "Yesterday".into();
        }
        let form = if day.year() == today.year() { "%A %-d %B" } else { "%A %-d %B %Y" };
        at.strftime(form).to_string()
    }

    /// When somebody was last there: `last seen at 09:12`, `last seen on Friday 20 November`.
    pub fn last_seen(&self, at: Millis) -> String {
        let minutes = self.now.0.saturating_sub(at.0) / 60_000;
        match self.day_title(at).as_str() {
            "" => "offline".into(),
            _ if (0..1).contains(&minutes) => "last seen just now".into(),
            "Today" => format!("last seen at {}", self.time(at)),
            "Yesterday" => format!("last seen yesterday at {}", self.time(at)),
            day => format!("last seen on {day}"),
        }
    }

    /// When the last message came, in a list: the time today, `Yesterday`, the weekday this week, else the date.
    pub fn in_list(&self, at: Millis) -> String {
        let (Some(at), Some(today)) = (self.zoned(at), self.day(self.now)) else { return String::new() };
        let day = at.date();
        let days_ago = today.since(day).map_or(i32::MAX, |span| span.get_days());
        let form = match days_ago {
            0 => "%H:%M",
            1 => return "Yesterday".into(),
            2..=6 => "%a",
            _ if day.year() == today.year() => "%-d %b",
            _ => "%-d %b %Y",
        };
        at.strftime(form).to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Millis {
        Millis(text.parse::<Timestamp>().unwrap().as_millisecond())
    }

    fn clock() -> Clock {
        Clock { now: at("2026-11-20T15:00:00Z"), zone: TimeZone::UTC }
    }

    #[test]
    fn a_list_names_the_nearest_thing_that_is_not_ambiguous() {
        for (when, shown) in [
            ("2026-11-20T09:12:00Z", "09:12"),
            ("2026-11-19T23:59:59Z", "Yesterday"),
            ("2026-11-18T12:00:00Z", "Wed"),
            ("2026-11-14T00:00:00Z", "Sat"),
            ("2026-11-13T23:59:00Z", "13 Nov"),
            ("2025-12-31T12:00:00Z", "31 Dec 2025"),
            ("2026-11-21T00:30:00Z", "21 Nov"),
        ] {
            assert_eq!(clock().in_list(at(when)), shown, "{when}");
        }
    }

    #[test]
    fn days_are_named() {
        for (when, shown) in [
            ("2026-11-20T00:00:00Z", "Today"),
            ("2026-11-19T12:00:00Z", "Yesterday"),
            ("2026-11-13T12:00:00Z", "Friday 13 November"),
            ("2025-11-13T12:00:00Z", "Thursday 13 November 2025"),
        ] {
            assert_eq!(clock().day_title(at(when)), shown, "{when}");
        }
    }

    #[test]
    fn an_absence_is_told_as_people_tell_it() {
        for (when, shown) in [
            ("2026-11-20T14:59:30Z", "last seen just now"),
            ("2026-11-20T09:12:00Z", "last seen at 09:12"),
            ("2026-11-19T23:10:00Z", "last seen yesterday at 23:10"),
            ("2026-11-13T12:00:00Z", "last seen on Friday 13 November"),
        ] {
            assert_eq!(clock().last_seen(at(when)), shown, "{when}");
        }
        assert_eq!(clock().last_seen(Millis(i64::MAX)), "offline");
    }

    #[test]
    fn the_day_is_the_day_of_this_place() {
        let mut clock = clock();
        clock.zone = TimeZone::fixed(jiff::tz::offset(10));
        assert_eq!(clock.time(at("2026-11-19T15:30:00Z")), "01:30");
        assert_eq!(clock.day_title(at("2026-11-19T15:30:00Z")), "Yesterday");
        assert_eq!(clock.day_title(at("2026-11-19T13:30:00Z")), "Thursday 19 November");
    }

    #[test]
    fn a_time_that_no_calendar_knows_is_not_shown() {
        for wild in [i64::MIN, i64::MAX] {
            let clock = clock();
            assert_eq!(clock.time(Millis(wild)) + &clock.in_list(Millis(wild)) + &clock.day_title(Millis(wild)), "");
        }
    }
}
