//! The devices of one's own account, as rows of the settings page. View data: draws nothing.

use super::rows::{Kind, Row, Section};
use crate::client::model::{Link, Model};
use crate::proto::event::DeviceInfo;
use crate::ui::text;
use crate::ui::when::Clock;

/// What a device is called.
fn title(device: &DeviceInfo) -> String {
    match (text::one_line(&device.device).trim(), device.this) {
        ("", true) => "This device".into(),
        ("", false) => "A device without a name".into(),
        (name, _) => name.into(),
    }
}

/// When and from where it was used, and what is special about it.
fn hint(device: &DeviceInfo, clock: &Clock) -> String {
    let mut parts = Vec::new();
    if device.this && !device.device.trim().is_empty() {
        parts.push("This device".to_owned());
    }
    parts.push(match (device.online, clock.day_title(device.used).as_str()) {
        (true, _) => "Active now".into(),
        (false, "") => "Not used for long".into(),
        (false, day) => format!("Last used {} at {}", day_in_words(day), clock.time(device.used)),
    });
    parts.push(device.address.clone());
    if device.session.is_none() {
        parts.push("Until it signs out or loses its connection".into());
    }
    parts.join(" · ")
}

/// The day within a sentence.
fn day_in_words(day: &str) -> String {
    match day {
        "Today" | "Yesterday" => day.to_lowercase(),
        date => format!("on {date}"),
    }
}

/// The rows. Nothing is offered that cannot be done now.
pub fn rows(model: &Model, clock: &Clock) -> Vec<Row> {
    let section = Section::Devices;
    let row = |title: String, hint: String, kind| Row { section, title, hint, kind };
    let online = model.link == Link::Online;
    let Some(devices) = &model.devices else {
        let hint = if online { "They are being asked for." } else { "They are shown once the server is there." };
        return vec![row("Your devices".into(), hint.into(), Kind::Fact)];
    };
    let mut rows: Vec<_> = devices
        .iter()
        .map(|device| {
            let end = device.session.filter(|_| online && !device.this);
            row(title(device), hint(device, clock), Kind::Device(end, device.this))
        })
        .collect();
    if online && devices.iter().any(|device| !device.this) {
        let hint = "They need the password to sign in again. What they keep of this account is deleted.";
        rows.push(row("Sign out all other devices".into(), hint.into(), Kind::EndOthers));
    }
    rows
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::proto::ids::{DeviceId, Millis};

    #[test]
    fn a_device_says_what_tells_it_from_others_and_this_one_is_not_ended_here() {
        let clock = Clock { now: Millis(1_795_273_200_000), zone: jiff::tz::TimeZone::UTC };
        let device = |session, device: &str, hours: i64, this, online| DeviceInfo {
            session,
            device: device.into(),
            created: Millis(0),
            used: Millis(clock.now.0 - hours * 3_600_000),
            address: "192.0.2.7".into(),
            this,
            online,
        };
        let mut model = Model::new(DeviceId::from_random(1));
        assert!(rows(&model, &clock)[0].hint.contains("once the server is there"));
        model.link = Link::Online;
        model.devices = Some(vec![
            device(Some(1), "Desk", 0, true, true),
            device(Some(2), "Phone", 24, false, false),
            device(None, "", 0, false, true),
        ]);
        let rows = rows(&model, &clock);
        let hints: Vec<_> = rows.iter().map(|row| row.hint.as_str()).collect();
        assert_eq!(hints[0], "This device · Active now · 192.0.2.7");
        assert!(hints[1].starts_with("Last used yesterday at "), "{hints:?}");
        assert!(hints[2].ends_with("loses its connection"), "{hints:?}");
        let kinds: Vec<_> = rows.iter().map(|row| row.kind.clone()).collect();
        let expected =
            [Kind::Device(None, true), Kind::Device(Some(2), false), Kind::Device(None, false), Kind::EndOthers];
        assert_eq!(kinds, expected);
    }
}
