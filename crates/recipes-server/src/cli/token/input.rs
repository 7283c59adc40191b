//! Reads the input of `recipes token`: arguments, files and standard input. Everything has a maximum size.

use std::{
    fs::File,
    io::{self, Read},
    path::Path,
    time::Duration,
};

use jiff::Timestamp;
use recipes::time::parse_time;
use zeroize::Zeroizing;

use crate::cli::InvalidArgument;

/// Maximum size of a key, a key set or a payload.
const MAX_BYTES: u64 = 1 << 20;

/// Maximum size of a token: the longest payload in base64url, with header and signature.
pub(super) const MAX_TOKEN: usize = 3 << 19;

/// The token, or with `-` the token on standard input, without the line break at its end.
pub(super) fn token(token: &str) -> Result<String, InvalidArgument> {
    if token != "-" {
        return Ok(token.to_owned());
    }
    let mut bytes = Vec::new();
    // A longer input is refused as a token that is too long.
    io::stdin()
        .take(MAX_TOKEN as u64 + 3)
        .read_to_end(&mut bytes)
        .map_err(|error| InvalidArgument(format!("standard input cannot be read: {error}")))?;
    // Invalid UTF-8 becomes a character that is invalid in a token.
    Ok(String::from_utf8_lossy(without_line_break(&bytes)).into_owned())
}

/// The bytes of a file. They may be secret.
pub(super) fn file(path: &Path) -> Result<Zeroizing<Vec<u8>>, InvalidArgument> {
    File::open(path)
        .and_then(read)
        .map_err(|error| InvalidArgument(format!("{} cannot be read: {error}", path.display())))
}

/// The bytes of a file, or with `-` of standard input.
pub(super) fn file_or_stdin(path: &Path) -> Result<Zeroizing<Vec<u8>>, InvalidArgument> {
    if path != Path::new("-") {
        return file(path);
    }
    read(io::stdin()).map_err(|error| InvalidArgument(format!("standard input cannot be read: {error}")))
}

fn read(source: impl Read) -> io::Result<Zeroizing<Vec<u8>>> {
    let mut bytes = Zeroizing::new(Vec::new());
    source.take(MAX_BYTES + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > MAX_BYTES {
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, "longer than 1 MiB"));
    }
    Ok(bytes)
}

/// Removes one line break at the end, which editors and `echo` add.
pub(super) fn without_line_break(bytes: &[u8]) -> &[u8] {
    let bytes = bytes.strip_suffix(b"\n").unwrap_or(bytes);
    bytes.strip_suffix(b"\r").unwrap_or(bytes)
}

/// A time: seconds since 1970, as in tokens, or RFC 3339.
pub(super) fn time(text: &str) -> Result<Timestamp, &'static str> {
    let is_seconds = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let time = if is_seconds {
        text.parse().ok().and_then(|seconds| Timestamp::from_second(seconds).ok())
    } else {
        parse_time(text).ok()
    };
    time.filter(|time| *time >= Timestamp::UNIX_EPOCH)
        .ok_or("must be seconds since 1970 or a time as in 2026-05-01T12:00:00Z, not before 1970")
}

pub(super) fn seconds(text: &str) -> Result<Duration, &'static str> {
    const A_CENTURY: u64 = 100 * 366 * 86_400;
    match text.parse() {
        Ok(seconds @ 0..=A_CENTURY) => Ok(Duration::from_secs(seconds)),
        _ => Err("must be a number of seconds, as in 300 for five minutes"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, want: Option<i64>) {
        assert_eq!(time(text).ok().map(Timestamp::as_second), want, "{text:?}");
    }

    #[test]
    fn time_is_seconds_or_rfc_3339() {
        check("0", Some(0));
        check("1300819379", Some(1_300_819_379));
        check("2011-03-22T18:42:59Z", Some(1_300_819_379));
        check("2011-03-22T19:42:59+01:00", Some(1_300_819_379));
        for text in [
            "",
            "-1",
            "+1",
            "1e9",
            "99999999999999999999",
            "253402300800",
            "1969-12-31T23:59:59Z",
            "2011-03-22",
            "2011-03-22T18:42:59",
            "2011-03-22T18:42:59Z[Europe/Paris]",
            "now",
        ] {
            check(text, None);
        }
    }

    #[test]
    fn one_line_break_is_removed() {
        for (text, want) in
            [("a\n", "a"), ("a\r\n", "a"), ("a\n\n", "a\n"), (" a ", " a "), ("\n", ""), ("", "")]
        {
            assert_eq!(without_line_break(text.as_bytes()), want.as_bytes(), "{text:?}");
        }
    }
}
