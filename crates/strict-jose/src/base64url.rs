//! Canonical base64url ([RFC 7515 §2](https://www.rfc-editor.org/rfc/rfc7515#section-2)): no padding, no spare bits.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use smallvec::SmallVec;

use crate::error::Malformed;
use crate::limits::DEFAULT_MAX_LEN;

/// A buffer for the bytes of one part of a token.
///
/// It is on the stack for every token up to [`DEFAULT_MAX_LEN`], so that a refused token allocates nothing.
#[derive(Default)]
pub(crate) struct Decoded(SmallVec<[u8; decoded_len(DEFAULT_MAX_LEN)]>);

impl Decoded {
    /// Decodes `text` into this buffer. Padding, spare bits and white space are refused.
    pub(crate) fn decode(&mut self, text: &str) -> Result<&mut [u8], Malformed> {
        self.0.clear();
        // In blocks, because `resize` writes one byte at a time.
        for _ in 0..decoded_len(text.len()).div_ceil(BLOCK.len()) {
            self.0.extend_from_slice(&BLOCK);
        }
        let len = URL_SAFE_NO_PAD.decode_slice(text, &mut self.0).map_err(|_| Malformed::Base64)?;
        Ok(&mut self.0[..len])
    }
}

/// The capacity of a buffer is a multiple of this.
const BLOCK: [u8; 64] = [0; 64];

/// The number of bytes that decoding a text of `len` characters needs at most.
const fn decoded_len(len: usize) -> usize {
    len.div_ceil(4) * 3
}

/// Appends `bytes` to `text`, encoded.
pub(crate) fn encode_into(text: &mut String, bytes: &[u8]) {
    URL_SAFE_NO_PAD.encode_string(bytes, text);
}

/// The length of an encoded SHA-256 digest.
pub(crate) const SHA256_LEN: usize = 43;

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, want: Result<&[u8], Malformed>) {
        assert_eq!(Decoded::default().decode(text).map(|bytes| &*bytes), want, "{text:?}");
    }

    #[test]
    fn canonical_text_is_decoded() {
        check("", Ok(b""));
        check("AA", Ok(b"\0"));
        check("-_8", Ok(b"\xfb\xff"));
    }

    #[test]
    fn other_text_is_refused() {
        for text in ["A", "AAAAA", "AB", "AAB", "AA==", "AA=", "+/8", " AA", "AA\n", "A A", "Aé"] {
            check(text, Err(Malformed::Base64));
        }
    }

    #[test]
    fn every_length_is_decoded() {
        for len in [1, 72, 73, 767, 768, 769, 6143, 6144, 6145, 100_000] {
            let bytes: Vec<u8> = (0..=255).cycle().take(len).collect();
            let mut text = String::new();
            encode_into(&mut text, &bytes);
            check(&text, Ok(&bytes));
        }
    }

    #[test]
    fn a_buffer_can_be_used_again() {
        let mut buffer = Decoded::default();
        for (text, want) in [("-_8", &b"\xfb\xff"[..]), ("AA", b"\0")] {
            assert_eq!(buffer.decode(text).map(|bytes| &*bytes), Ok(want));
        }
    }
}
