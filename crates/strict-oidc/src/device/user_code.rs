//! The codes that users type ([RFC 8628 §6.1](https://www.rfc-editor.org/rfc/rfc8628#section-6.1)).

use std::fmt;

use crate::digest::Digest;
use crate::random::Random;

/// Consonants only, so that no code is a word, and none is mistaken for a digit.
const ALPHABET: &[u8; 20] = b"BCDFGHJKLMNPQRSTVWXZ";

/// The largest multiple of the alphabet's size in a byte: larger bytes would make the first letters more likely.
const UNBIASED: u8 = 240;

const LEN: usize = 8;

/// A code that a user types: 8 of 20 consonants, 2.56 × 10^10 codes. Allow five tries a user and device.
///
/// ```
/// use strict_oidc::UserCode;
///
/// let typed = UserCode::parse(" wdjb mjht").ok_or("not a code")?;
/// assert_eq!(typed.to_string(), "WDJB-MJHT");
/// assert!(UserCode::parse("WDJB-MJHA").is_none());
/// # Ok::<(), &str>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UserCode([u8; LEN]);

impl UserCode {
    pub(crate) fn new(random: &Random) -> Self {
        let bytes = random.user_code();
        let mut unbiased = bytes.iter().copied().filter(|byte| *byte < UNBIASED).chain(bytes);
        Self(std::array::from_fn(|_| {
            let byte = unbiased.next().unwrap_or_default();
            ALPHABET[usize::from(byte) % ALPHABET.len()]
        }))
    }

    /// Reads a code as users type it: in any case, with or without spaces and hyphens.
    pub fn parse(text: &str) -> Option<Self> {
        let mut letters =
            text.bytes().filter(|byte| !b" -".contains(byte)).map(|byte| byte.to_ascii_uppercase());
        let mut code = [0; LEN];
        for letter in &mut code {
            *letter = letters.next().filter(|letter| ALPHABET.contains(letter))?;
        }
        letters.next().is_none().then_some(Self(code))
    }

    /// The digest, by which the row is found. A comparison of the codes themselves could show by its time how much is right.
    pub fn digest(&self) -> Digest {
        Digest::of(self.0)
    }
}

impl fmt::Display for UserCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, letter) in self.0.iter().enumerate() {
            let separator = if index == LEN / 2 { "-" } else { "" };
            write!(f, "{separator}{}", char::from(*letter))?;
        }
        Ok(())
    }
}
