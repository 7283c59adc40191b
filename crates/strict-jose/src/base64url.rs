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

/// Decodes `text` into `place`, which has room for all of it: no padding, no loose bits, no white space.
///
/// Our own, because a token is mostly base64url: sixteen characters at a time, without a table, it takes a third of the
/// time that the `base64` crate does. The tests hold it against that crate.
fn decode<'a>(text: &str, place: &'a mut [u8]) -> Result<&'a mut [u8], Malformed> {
    let (whole, rest) = text.as_bytes().as_chunks::<16>();
    let mut seen = 0;
    let mut places = place.as_chunks_mut::<12>().0.iter_mut();
    for (characters, place) in whole.iter().zip(&mut places) {
        seen |= twelve_bytes(characters, place);
    }
    if !rest.is_empty() {
        let mut characters = [b'A'; 16]; // A means zero.
        characters[..rest.len()].copy_from_slice(rest);
        let place = places.next().ok_or(Malformed::Base64)?;
        seen |= twelve_bytes(&characters, place);
        // A lone character has not enough bits for a byte; what is left of the last one must be zero.
        if rest.len() % 4 == 1 || place[rest.len() * 6 / 8] != 0 {
            return Err(Malformed::Base64);
        }
    }
    let invalid = seen & 0xc0c0_c0c0_c0c0_c0c0;
    if invalid == 0 { Ok(&mut place[..text.len() * 6 / 8]) } else { Err(Malformed::Base64) }
}

/// Sixteen characters, six bits each. Returns all that they stand for, one over the other: with a high bit where a
/// character is not of the alphabet.
fn twelve_bytes(characters: &[u8; 16], place: &mut [u8; 12]) -> u64 {
    let mut seen = 0;
    let sextets = characters.map(sextet);
    for (eight, six) in sextets.as_chunks::<8>().0.iter().zip(place.as_chunks_mut::<6>().0) {
        let bits = u64::from_be_bytes(*eight);
        seen |= bits;
        // Neighbours move together: 8 × 6 bits, 4 × 12, 2 × 24, 48.
        let bits = (bits & 0x3f00_3f00_3f00_3f00) >> 2 | (bits & 0x003f_003f_003f_003f);
        let bits = (bits & 0x0fff_0000_0fff_0000) >> 4 | (bits & 0x0000_0fff_0000_0fff);
        let bits = (bits & 0x00ff_ffff_0000_0000) >> 8 | (bits & 0x0000_0000_00ff_ffff);
        let [_, _, bytes @ ..] = bits.to_be_bytes();
        *six = bytes;
    }
    seen
}

/// What a character stands for: RFC 4648, table 2. Arithmetic, so that the compiler makes vector instructions of it.
fn sextet(character: u8) -> u8 {
    let (upper, lower, digit) =
        (character.wrapping_sub(b'A'), character.wrapping_sub(b'a'), character.wrapping_sub(b'0'));
    let mut sextet = u8::MAX;
    sextet = if upper < 26 { upper } else { sextet };
    sextet = if lower < 26 { lower + 26 } else { sextet };
    sextet = if digit < 10 { digit + 52 } else { sextet };
    sextet = if character == b'-' { 62 } else { sextet };
    if character == b'_' { 63 } else { sextet }
}

/// Appends `bytes` to `text`, encoded.
pub(crate) fn encode_into(text: &mut String, bytes: &[u8]) {
    URL_SAFE_NO_PAD.encode_string(bytes, text);
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

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

    #[test]
    fn every_byte_in_every_place_is_told_apart() {
        for place in 0..40 {
            for byte in 0..128 {
                let mut text = vec![b'A'; 40];
                text[place] = byte;
                agrees_with_the_crate(std::str::from_utf8(&text).unwrap());
            }
        }
    }

    proptest! {
        #[test]
        fn any_text_is_read_as_the_crate_reads_it(text in "[A-Za-z0-9_-]{0,200}|.{0,60}") {
            agrees_with_the_crate(&text);
        }
    }

    #[track_caller]
    fn agrees_with_the_crate(text: &str) {
        let ours = decode(text, &mut [0; 300]).map(|bytes| bytes.to_vec());
        assert_eq!(ours.ok(), URL_SAFE_NO_PAD.decode(text).ok(), "{text:?}");
    }
}
