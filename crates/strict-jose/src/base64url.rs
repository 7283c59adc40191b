//! Canonical base64url ([RFC 7515 §2](https://www.rfc-editor.org/rfc/rfc7515#section-2)), decoded on the stack.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::error::{Error, Malformed};

/// Decodes `text` and shows the bytes to `then`.
///
/// They live on the stack for every token up to the default cap, so that a refused token allocates nothing. Three sizes,
/// because clearing 6 KiB costs more than verifying an ordinary token. Only a caller who raised the cap has larger ones.
pub(crate) fn decoded<R>(text: &str, then: impl FnOnce(&mut [u8]) -> Result<R, Error>) -> Result<R, Error> {
    if text.len() <= SMALL {
        then(decode(text, &mut [0; SMALL / 4 * 3])?)
    } else if text.len() <= ORDINARY {
        then(decode(text, &mut [0; ORDINARY / 4 * 3])?)
    } else if text.len() <= LARGE {
        in_a_large_place(text, then)
    } else {
        then(decode(text, &mut vec![0; text.len()])?)
    }
}

/// Most headers, and the signatures of HMAC and of elliptic curves.
const SMALL: usize = 96;
/// Most payloads.
const ORDINARY: usize = 1024;
const LARGE: usize = crate::DEFAULT_MAX_LEN;

/// Not inlined, so that an ordinary token does not pay for the large frame.
#[inline(never)]
fn in_a_large_place<R>(text: &str, then: impl FnOnce(&mut [u8]) -> Result<R, Error>) -> Result<R, Error> {
    then(decode(text, &mut [0; LARGE / 4 * 3])?)
}

/// Decodes `text` into `place`: no padding, no loose bits, no white space.
fn decode<'a>(text: &str, place: &'a mut [u8]) -> Result<&'a mut [u8], Malformed> {
    let len = URL_SAFE_NO_PAD.decode_slice(text, place).map_err(|_| Malformed::Base64)?;
    Ok(&mut place[..len])
}

/// Appends `bytes` to `text`, encoded.
pub(crate) fn encode_into(text: &mut String, bytes: &[u8]) {
    URL_SAFE_NO_PAD.encode_string(bytes, text);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, want: Result<&[u8], Malformed>) {
        let got = decoded(text, |bytes| Ok(bytes.to_vec()));
        match (got, want) {
            (Ok(got), Ok(want)) => assert_eq!(got, want),
            (Err(Error::Malformed(got)), Err(want)) => assert_eq!(got, want, "{text:?}"),
            (got, want) => panic!("{text:?}: {got:?}, wanted {want:?}"),
        }
    }

    #[test]
    fn canonical_text_is_decoded() {
        check("", Ok(b""));
        check("AA", Ok(b"\0"));
        check("-_8", Ok(b"\xfb\xff"));
    }

    #[test]
    fn everything_else_is_refused() {
        for text in ["A", "AAAAA", "AB", "AAB", "AA==", "AA=", "+/8", " AA", "AA\n", "A A", "Aé"] {
            check(text, Err(Malformed::Base64));
        }
    }

    #[test]
    fn every_size_has_a_place() {
        for len in [1, 72, 73, 767, 768, 769, 6143, 6144, 6145, 100_000] {
            let bytes: Vec<u8> = (0..=255).cycle().take(len).collect();
            let mut text = String::new();
            encode_into(&mut text, &bytes);
            check(&text, Ok(&bytes));
        }
    }
}
