//! Times as the world writes them: ISO 8601 durations, nearly ISO 8601 durations, and free text in several languages.
//!
//! A text is read as a whole or not at all: a time that is not sure is not stated.

use recipes::limits;
use serde_json::Value;

use crate::tokens::{Token, tokens};

/// What a value says about a time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Time {
    Minutes(u32),
    /// Blank, zero, or the name of "no value".
    NotStated,
    /// Text that may be a time, and that cannot be read without a guess.
    Unread(String),
}

impl Time {
    pub(crate) fn of_value(value: &Value) -> Self {
        match value {
            Value::String(text) => Self::of_text(text),
            Value::Number(number) => number.as_f64().map_or(Self::NotStated, Self::of_minutes),
            Value::Array(values) => {
                let read = || values.iter().map(Self::of_value);
                let stated = read().find(|time| matches!(time, Self::Minutes(_)));
                stated.or_else(|| read().find(|time| *time != Self::NotStated)).unwrap_or(Self::NotStated)
            }
            Value::Object(object) => {
                let scale = match object.get("unitCode").or(object.get("unitText")).and_then(Value::as_str) {
                    Some(unit) => unit_minutes(&unit.to_lowercase()),
                    None => None,
                };
                let members = ["@value", "maxValue", "value", "minValue", "duration"];
                let stated = members.iter().filter_map(|name| object.get(*name));
                let read = stated.map(|value| match (scale, number_in(value)) {
                    (Some(scale), Some(number)) => Self::of_minutes(number * scale),
                    _ => Self::of_value(value),
                });
                read.into_iter().find(|time| *time != Self::NotStated).unwrap_or(Self::NotStated)
            }
            Value::Null | Value::Bool(_) => Self::NotStated,
        }
    }

    pub(crate) fn of_text(text: &str) -> Self {
        let text = crate::text::line(text);
        if crate::text::is_no_value(&text) {
            return Self::NotStated;
        }
        if text.len() > MAX_BYTES {
            return Self::Unread(text);
        }
        let compact: String = text.chars().filter(|c| !c.is_whitespace()).collect::<String>().to_uppercase();
        let minutes = match compact.strip_prefix('P') {
            Some(iso) if !iso.starts_with(|c: char| c.is_alphabetic() && !"THMSDWYN".contains(c)) => {
                match iso_minutes(iso) {
                    Some(minutes) => minutes,
                    // A program's mistake, as in PTNaNM: nothing was stated.
                    None => return Self::NotStated,
                }
            }
            _ => match minutes_in_words(&text) {
                Some(minutes) => minutes,
                None => return Self::Unread(text),
            },
        };
        Self::of_minutes(minutes)
    }

    fn of_minutes(minutes: f64) -> Self {
        // Half a minute is a minute, and zero is what programs write for "not stated".
        let whole = if minutes > 0.0 && minutes < 1.0 { 1.0 } else { minutes.round() };
        if !(1.0..=f64::from(*limits::MINUTES.end())).contains(&whole) {
            return Self::NotStated;
        }
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "whole, and within the limit"
        )]
        let minutes = whole as u32;
        Self::Minutes(minutes)
    }
}

/// Longer texts are no times.
const MAX_BYTES: usize = 200;

fn number_in(value: &Value) -> Option<f64> {
    value.as_f64().or_else(|| value.as_str()?.trim().parse().ok())
}

/// The minutes of an ISO 8601 duration without its `P`, in upper case. Common mistakes of other programs are read too:
/// hours and minutes without a `T`, days behind it, letters without their number.
fn iso_minutes(text: &str) -> Option<f64> {
    let text = text.replace("MINS", "M").replace("MIN", "M").replace("HRS", "H").replace("HR", "H");
    let (mut minutes, mut rest, mut in_time, mut after_hours) = (0.0, text.as_str(), false, false);
    let has_time = text.contains('T');
    while !rest.is_empty() {
        let length =
            rest.find(|c: char| !(c.is_ascii_digit() || matches!(c, '.' | ','))).unwrap_or(rest.len());
        let number = if length == 0 { 0.0 } else { rest[..length].replace(',', ".").parse::<f64>().ok()? };
        rest = &rest[length..];
        let word = rest.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(rest.len());
        let unit = rest[..word].chars().next();
        let scale = match (unit, in_time) {
            (Some('T'), false) if length == 0 => {
                in_time = true;
                rest = &rest[1..];
                continue;
            }
            (Some('H'), _) => 60.0,
            // Months are not times of a recipe: without a T minutes are meant.
            (Some('M'), _) if in_time || !has_time => 1.0,
            (Some('S'), _) => 1.0 / 60.0,
            (Some('D'), _) => 1440.0,
            (Some('W'), _) => 10_080.0,
            (Some('Y' | 'M'), false) if number == 0.0 => 0.0,
            // The last letter is missing: 1H30.
            (None, _) if after_hours && length > 0 => 1.0,
            _ => return None,
        };
        minutes += number * scale;
        after_hours = unit == Some('H');
        rest = rest.get(unit.map_or(0, char::len_utf8)..).unwrap_or_default();
    }
    Some(minutes)
}

/// The minutes of a text such as "1 hr 20 min" or "1½ Stunden". Of a range the longer time counts.
fn minutes_in_words(text: &str) -> Option<f64> {
    let tokens = tokens(&text.to_lowercase());
    let (mut total, mut pending, mut last_scale, mut is_range) = (0.0, None::<f64>, None::<f64>, false);
    let mut i = 0;
    while let Some(token) = tokens.get(i) {
        match token {
            Token::Number(hours) if tokens.get(i + 1) == Some(&Token::Sign(':')) => {
                // 1:30 is an hour and a half.
                let Some(Token::Number(minutes)) = tokens.get(i + 2) else { return None };
                if pending.is_some() || total > 0.0 || *minutes >= 60.0 {
                    return None;
                }
                total = hours * 60.0 + minutes;
                last_scale = Some(1.0);
                i += 2;
                // The unit after it confirms that these are hours: 1:30 h.
                if let Some(Token::Word(unit)) = tokens.get(i + 1) {
                    unit_minutes(unit)?;
                    i += 1;
                }
            }
            Token::Number(number) => match pending {
                None => pending = Some(*number),
                Some(least) if is_range && *number >= least => (pending, is_range) = (Some(*number), false),
                Some(_) => return None,
            },
            Token::Word(word) => match (unit_minutes(word), pending) {
                (Some(scale), Some(number)) => {
                    total += number * scale;
                    (pending, last_scale, is_range) = (None, Some(scale), false);
                }
                (None, Some(_)) if RANGE.contains(&word.as_str()) => is_range = true,
                (None, _) if FILLERS.contains(&word.as_str()) => {}
                // "hour", "an hour".
                (Some(scale), None) if total == 0.0 && tokens.len() <= 2 => {
                    (total, last_scale) = (scale, Some(scale));
                }
                _ => return None,
            },
            Token::Sign('-' | '–' | '—' | '~') if pending.is_some() => is_range = true,
            Token::Sign('.' | ',' | '~' | '+' | ':' | '(' | ')') => {}
            Token::Sign(_) => return None,
        }
        i += 1;
    }
    match (pending, last_scale) {
        (None, Some(_)) => Some(total),
        // 1h30.
        (Some(minutes), Some(hour)) if (hour - 60.0).abs() < 0.1 && minutes < 60.0 => Some(total + minutes),
        // A bare number is minutes, if it can be.
        (Some(minutes), None) if minutes <= 10_080.0 => Some(minutes),
        _ => None,
    }
}

const RANGE: [&str; 8] = ["to", "bis", "à", "a", "tot", "till", "til", "or"];

const FILLERS: [&str; 21] = [
    "about",
    "approx",
    "approximately",
    "around",
    "roughly",
    "ca",
    "circa",
    "etwa",
    "environ",
    "aprox",
    "and",
    "und",
    "et",
    "y",
    "e",
    "og",
    "och",
    "en",
    "an",
    "a",
    "plus",
];

/// The minutes of each unit, and its names.
const UNITS: [(f64, &[&str]); 5] = [
    (
        1.0 / 60.0,
        &[
            "s", "sec", "secs", "second", "seconds", "sekunde", "sekunden", "seconde", "secondes", "segundo",
            "segundos", "secondi", "secondo", "sekunder", "秒",
        ],
    ),
    (
        1.0,
        &[
            "m",
            "min",
            "mins",
            "minute",
            "minutes",
            "minuten",
            "minuti",
            "minuto",
            "minutos",
            "minut",
            "minuta",
            "minuty",
            "minúta",
            "minút",
            "minuter",
            "minutter",
            "minuut",
            "minuuttia",
            "minuutti",
            "мин",
            "минут",
            "минуты",
            "минута",
            "perc",
            "dk",
            "dakika",
            "分",
            "分钟",
            "分鐘",
            "分間",
            "분",
        ],
    ),
    (
        60.0,
        &[
            "h",
            "hr",
            "hrs",
            "hour",
            "hours",
            "std",
            "stunde",
            "stunden",
            "heure",
            "heures",
            "hora",
            "horas",
            "ora",
            "ore",
            "uur",
            "uren",
            "timme",
            "timmar",
            "time",
            "timer",
            "tunti",
            "tuntia",
            "godzina",
            "godziny",
            "godzin",
            "hodina",
            "hodiny",
            "hodin",
            "óra",
            "saat",
            "час",
            "часа",
            "часов",
            "小时",
            "小時",
            "時間",
            "시간",
            "hur",
        ],
    ),
    (
        1440.0,
        &[
            "d", "day", "days", "tag", "tage", "tagen", "jour", "jours", "dia", "dias", "día", "días",
            "giorno", "giorni", "dag", "dagen", "dagar", "dager", "dage", "天", "日",
        ],
    ),
    (
        10_080.0,
        &[
            "w",
            "week",
            "weeks",
            "woche",
            "wochen",
            "semaine",
            "semaines",
            "semana",
            "semanas",
            "settimana",
            "settimane",
            "weken",
        ],
    ),
];

fn unit_minutes(word: &str) -> Option<f64> {
    UNITS.iter().find(|(_, names)| names.contains(&word)).map(|(scale, _)| *scale)
}

#[cfg(test)]
mod tests;
