//! Texts that pages show: durations, dates, names of devices.

use jiff::{Timestamp, civil::Date, tz::Offset};
use recipes::Rating;

use super::languages::{Text, fill};

/// `1 h 20 min`.
pub(super) fn minutes(t: &Text, minutes: u32) -> String {
    const DAY: u32 = 24 * 60;
    let parts = [(minutes / DAY, t.days), (minutes % DAY / 60, t.hours), (minutes % 60, t.minutes)];
    let stated: Vec<String> =
        parts.iter().filter(|(count, _)| *count > 0).map(|(count, unit)| fill(unit, count)).collect();
    if stated.is_empty() { fill(t.minutes, 0) } else { stated.join("\u{a0}") }
}

/// What pages show of a rating.
pub(super) struct ShownRating {
    /// `4.3`.
    pub(super) average: String,
    pub(super) count: u32,
    /// For people who do not see the star.
    pub(super) words: String,
}

pub(super) fn rating(t: &Text, rating: Rating) -> ShownRating {
    let tenths = (rating.average().hundredths() + 5) / 10;
    let average = format!("{}{}{}", tenths / 10, t.decimal_mark, tenths % 10);
    let (of_five, count) = (fill(t.rating_of_five, &average), rating.count());
    ShownRating { words: format!("{of_five}; {}", fill(t.rating_count, count)), average, count }
}

/// `today`, `yesterday` or the date.
pub(super) fn day(t: &Text, at: Timestamp, now: Timestamp) -> String {
    let day = |at: Timestamp| Offset::UTC.to_datetime(at).date();
    match days_between(day(at), day(now)) {
        0 => t.today.to_owned(),
        1 => t.yesterday.to_owned(),
        _ => day(at).to_string(),
    }
}

fn days_between(from: Date, to: Date) -> i32 {
    (to - from).get_days()
}

/// `2026-03-01 12:00`, in UTC.
pub(super) fn time(at: Timestamp) -> String {
    at.strftime("%Y-%m-%d %H:%M").to_string()
}

/// `Firefox on Linux`, from the `User-Agent` of a browser; other programs by their first word.
pub(super) fn device(t: &Text, user_agent: Option<&str>) -> String {
    let Some(agent) = user_agent else { return t.unknown_device.to_owned() };
    // Each browser also names those that it is compatible with, so the order matters.
    let browsers = [
        ("Edg", "Edge"),
        ("OPR/", "Opera"),
        ("SamsungBrowser", "Samsung Internet"),
        ("Firefox/", "Firefox"),
        ("FxiOS", "Firefox"),
        ("CriOS", "Chrome"),
        ("Chrome/", "Chrome"),
        ("Safari/", "Safari"),
    ];
    let systems = [
        ("Android", "Android"),
        ("iPhone", "iPhone"),
        ("iPad", "iPad"),
        ("Windows", "Windows"),
        ("Mac OS X", "macOS"),
        ("CrOS", "ChromeOS"),
        ("Linux", "Linux"),
    ];
    let named = |names: &[(&str, &'static str)]| {
        names.iter().find(|(mark, _)| agent.contains(mark)).map(|(_, name)| *name)
    };
    match (named(&browsers), named(&systems)) {
        (Some(browser), Some(system)) => {
            t.browser_on_system.replacen("{}", browser, 1).replacen("{}", system, 1)
        }
        (Some(browser), None) => browser.to_owned(),
        _ => agent.split(['/', ' ']).next().unwrap_or(agent).to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::super::languages::Language;
    use super::*;

    #[test]
    fn devices_have_friendly_names() {
        let t = Language::English.text();
        for (agent, name) in [
            ("Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0", "Firefox on Linux"),
            (
                "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) \
                 Version/18.0 Mobile/15E148 Safari/604.1",
                "Safari on iPhone",
            ),
            (
                "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0.0.0 \
                 Safari/537.36 Edg/130.0.0.0",
                "Edge on Windows",
            ),
            ("curl/8.5.0", "curl"),
        ] {
            assert_eq!(device(t, Some(agent)), name);
        }
        assert_eq!(device(t, None), t.unknown_device);
    }

    #[test]
    fn minutes_are_hours_and_days_when_there_are_many() {
        let t = Language::English.text();
        assert_eq!(minutes(t, 0), "0\u{a0}min");
        assert_eq!(minutes(t, 80), "1\u{a0}h\u{a0}20\u{a0}min");
        assert_eq!(minutes(t, 24 * 60), "1\u{a0}d");
    }

    #[test]
    fn last_days_have_names() {
        let t = Language::English.text();
        let at = |text: &str| text.parse().unwrap();
        let now = at("2026-03-02T00:10:00Z");
        assert_eq!(day(t, at("2026-03-02T00:05:00Z"), now), t.today);
        assert_eq!(day(t, at("2026-03-01T23:50:00Z"), now), t.yesterday);
        assert_eq!(day(t, at("2026-02-01T23:50:00Z"), now), "2026-02-01");
    }
}
