//! Times: how those of clients are read, and the precision of stored ones, whole microseconds.

use jiff::Timestamp;
use jiff::civil::Date;

/// Rounds down, towards the past.
pub fn to_microseconds(time: Timestamp) -> Timestamp {
    let whole = time.as_microsecond();
    let below = if time.subsec_nanosecond() % 1_000 < 0 { whole - 1 } else { whole };
    from_microseconds(below)
}

/// Saturates at the limits of [`Timestamp`], the years -9999 and 9999.
pub fn from_microseconds(microseconds: i64) -> Timestamp {
    let end = if microseconds < 0 { Timestamp::MIN } else { Timestamp::MAX };
    Timestamp::from_microsecond(microseconds).unwrap_or(end)
}

const TIME: &str = "must be an RFC 3339 time with its offset from UTC, such as 2030-01-31T12:00:00Z";
const TIME_OR_DATE: &str = "must be a date or an RFC 3339 time with its offset from UTC, such as 2030-01-31 or \
                            2030-01-31T12:00:00Z";
const DATE: &str = "must be a date, such as 2030-01-31";

/// The beginning of the year 0, before which RFC 3339 has no times.
const EARLIEST: Timestamp = Timestamp::constant(-62_167_219_200, 0);

/// Reads a time of RFC 3339, with up to nine decimals.
///
/// Other forms of ISO 8601 are refused: what a parser makes of a missing offset, of a time zone that contradicts the offset or of
/// a leap second is seldom the time that the client means.
///
/// # Errors
/// What is expected, to be written behind the name of the field.
pub fn parse_time(text: &str) -> Result<Timestamp, &'static str> {
    let time: Option<Timestamp> = if is_time(text) { text.parse().ok() } else { None };
    time.filter(|time| *time >= EARLIEST).ok_or(TIME)
}

/// Reads a time as [`parse_time`] does, or a date, which stands for its beginning in UTC.
///
/// # Errors
/// What is expected, to be written behind the name of the field.
pub fn parse_time_or_date(text: &str) -> Result<Timestamp, &'static str> {
    let time = match parse_date(text) {
        Ok(date) => parse_time(&format!("{date}T00:00:00Z")),
        Err(_) => parse_time(text),
    };
    time.map_err(|_| TIME_OR_DATE)
}

/// Reads a date as RFC 3339 has it: year, month and day.
///
/// # Errors
/// What is expected, to be written behind the name of the field.
pub fn parse_date(text: &str) -> Result<Date, &'static str> {
    let date = if has_form(text, "0000-00-00") { text.parse().ok() } else { None };
    date.ok_or(DATE)
}

/// Whether the text has the form of RFC 3339, section 5.6. The ranges of its numbers are checked later, except for those that the
/// parser takes more generously.
fn is_time(text: &str) -> bool {
    let Some((time, rest)) = text.split_at_checked(19) else { return false };
    let offset = match rest.strip_prefix('.') {
        None => rest,
        Some(decimals) => {
            let offset = decimals.trim_start_matches(|c: char| c.is_ascii_digit());
            if offset.len() == decimals.len() {
                return false;
            }
            offset
        }
    };
    let is_offset = || has_form(offset, "+00:00") || has_form(offset, "-00:00");
    let has_hours = || offset.get(1..3).is_some_and(|hours| hours <= "23");
    has_form(time, "0000-00-00T00:00:00")
        && !time.ends_with(":60")
        && (has_form(offset, "Z") || is_offset() && has_hours())
}

/// Whether the text has a digit for each `0` of the form, and otherwise the same characters. Letters may be small.
fn has_form(text: &str, form: &str) -> bool {
    let fits = |(byte, wanted): (u8, u8)| match wanted {
        b'0' => byte.is_ascii_digit(),
        wanted => byte.eq_ignore_ascii_case(&wanted),
    };
    text.len() == form.len() && text.bytes().zip(form.bytes()).all(fits)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_of_rfc_3339_are_read() {
        for (text, want) in [
            ("2030-01-31T12:00:00Z", "2030-01-31T12:00:00Z"),
            ("2030-01-31t12:00:00z", "2030-01-31T12:00:00Z"),
            ("2030-01-31T12:00:00+01:00", "2030-01-31T11:00:00Z"),
            ("2030-01-31T12:00:00-23:59", "2030-02-01T11:59:00Z"),
            ("2030-01-31T12:00:00+00:00", "2030-01-31T12:00:00Z"),
            ("2030-01-31T12:00:00.5Z", "2030-01-31T12:00:00.5Z"),
            ("2030-01-31T12:00:00.123456789+05:30", "2030-01-31T06:30:00.123456789Z"),
            ("2028-02-29T00:00:00Z", "2028-02-29T00:00:00Z"),
            ("0000-01-01T00:00:00Z", "0000-01-01T00:00:00Z"),
            ("9999-12-30T21:59:59Z", "9999-12-30T21:59:59Z"),
        ] {
            assert_eq!(parse_time(text).map(|time| time.to_string()).as_deref(), Ok(want), "{text}");
            assert_eq!(parse_time_or_date(text), parse_time(text), "{text}");
        }
        assert!(parse_time("2030-01-31T12:00:00-00:00").is_ok(), "UTC, the zone of the writer is unknown");
    }

    #[test]
    fn other_forms_of_times_are_refused() {
        for text in [
            "",
            "now",
            "1893499200",
            "2030-01-31T12:00:00",
            "2030-01-31 12:00:00Z",
            "2030-01-31T12:00Z",
            "2030-01-31T12Z",
            "20300131T120000Z",
            "2030-01-31T12:00:00Z[Europe/Paris]",
            "2030-01-31T12:00:00+01:00[Europe/Paris]",
            "2030-01-31T12:00:00[Europe/Paris]",
            "2030-01-31T12:00:00Z[u-ca=gregory]",
            "2030-W05-4T12:00:00Z",
            "2030-031T12:00:00Z",
            "2030-01-31T12:00:00+01",
            "2030-01-31T12:00:00+0100",
            "2030-01-31T12:00:00+01:00:00",
            "2030-01-31T12:00:00+24:00",
            "2030-01-31T12:00:00+01:60",
            "2030-01-31T12:00:00\u{2212}01:00",
            "2030-01-31T12:00:00 01:00",
            "2030-01-31T12:00:00,5Z",
            "2030-01-31T12:00:00.Z",
            "2030-01-31T12:00:00.1234567891Z",
            "2030-01-31T12:00:60Z",
            "2016-12-31T23:59:60Z",
            "2030-01-31T24:00:00Z",
            "2030-01-31T12:60:00Z",
            "2030-02-29T12:00:00Z",
            "2030-13-01T12:00:00Z",
            "2030-00-01T12:00:00Z",
            "2030-1-31T12:00:00Z",
            "+002030-01-31T12:00:00Z",
            "-000001-01-31T12:00:00Z",
            "10000-01-31T12:00:00Z",
            "0000-01-01T00:00:00+01:00",
            "9999-12-31T23:59:59-23:00",
            " 2030-01-31T12:00:00Z",
            "2030-01-31T12:00:00Z ",
            "2030-01-31T12:00:00Z\n",
            "٢٠٣٠-01-31T12:00:00Z",
        ] {
            assert_eq!(parse_time(text), Err(TIME), "{text}");
            assert_eq!(parse_time_or_date(text), Err(TIME_OR_DATE), "{text}");
        }
    }

    #[test]
    fn date_has_ten_characters_and_begins_in_utc() {
        assert_eq!(parse_date("2028-02-29"), Ok(jiff::civil::date(2028, 2, 29)));
        assert_eq!(parse_time_or_date("2028-02-29"), parse_time("2028-02-29T00:00:00Z"));
        for text in [
            "2030-02-29",
            "2030-1-31",
            "2030-01-31 ",
            " 2030-01-31",
            "2030-01-31Z",
            "2030/01/31",
            "2030-W05-4",
            "2030-031",
            "20300131",
            "-02030-01-31",
            "2030-01-31T12:00:00Z",
            "",
        ] {
            assert_eq!(parse_date(text), Err(DATE), "{text}");
        }
        assert!(parse_time("2030-01-31").is_err());
    }
}
