//! Refuses secrets that are plainly not random.
//!
//! Length says nothing about randomness: 32 times `a` is long enough. No test can prove that a secret is random. These find
//! what people type or copy from documentation, and pass what a generator makes: 32 random hexadecimal digits fail one of
//! them less often than once in a million.

use std::collections::HashSet;

/// Fewer different bytes are no random text, not even of digits.
const MIN_DIFFERENT: usize = 7;

/// The rest of a secret without [`WORDS`] must have this many letters and digits.
const MIN_OTHER: usize = 8;

/// The words of placeholders, the longer of two with the same beginning first.
const WORDS: [&str; 46] = [
    "authentication",
    "abcdefghijklmnopqrstuvwxyz",
    "qwertyuiop",
    "asdfghjkl",
    "zxcvbnm",
    "characters",
    "replaceme",
    "production",
    "development",
    "changeme",
    "password",
    "passphrase",
    "passwort",
    "signature",
    "sentence",
    "string",
    "replace",
    "default",
    "example",
    "recipes",
    "recipe",
    "minimum",
    "random",
    "secret",
    "change",
    "please",
    "access",
    "super",
    "token",
    "bytes",
    "least",
    "insert",
    "should",
    "private",
    "your",
    "with",
    "this",
    "long",
    "very",
    "here",
    "jwt",
    "key",
    "bits",
    "must",
    "test",
    "least",
];

/// The reason, a phrase that follows the name of the secret; `None`: it may be random.
pub(super) fn flaw(secret: &[u8]) -> Option<&'static str> {
    if is_repetition(secret) {
        Some("repeats itself")
    } else if secret.iter().collect::<HashSet<_>>().len() < MIN_DIFFERENT {
        Some("has only a few different characters")
    } else if is_sequence(secret) {
        Some("is a sequence of characters")
    } else if is_placeholder(secret) {
        Some("is made of the words of placeholders")
    } else {
        None
    }
}

/// A shorter text, over and over.
fn is_repetition(secret: &[u8]) -> bool {
    (1..=secret.len() / 2).any(|period| secret.iter().zip(&secret[period..]).all(|(one, other)| one == other))
}

/// Half of it counts up or down, or stays the same, as in `abcdefgh12345678` and `aaaaaaaabbbbbbbb`.
fn is_sequence(secret: &[u8]) -> bool {
    [0, 1, 255].into_iter().any(|step: u8| {
        let steps = secret.windows(2).filter(|pair| pair[1].wrapping_sub(pair[0]) == step).count();
        2 * steps >= secret.len()
    })
}

fn is_placeholder(secret: &[u8]) -> bool {
    let Ok(text) = str::from_utf8(secret) else { return false };
    let letters: String = text.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect();
    let rest = WORDS.iter().fold(letters, |rest, word| rest.replace(word, ""));
    // A number between words, as in `your-256-bit-secret`, and the small words of a sentence.
    rest.chars().filter(|c| !c.is_ascii_digit()).count() < MIN_OTHER && rest.len() < text.len() / 2
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::entropy::Entropy;

    #[test]
    fn secrets_that_are_plainly_not_random_are_refused() {
        for (secret, why) in [
            ("a".repeat(32), "repeats itself"),
            (" ".repeat(32), "repeats itself"),
            ("\0".repeat(64), "repeats itself"),
            ("changeme".repeat(5), "repeats itself"),
            ("0123456789abcdef".repeat(2), "repeats itself"),
            ("hunter2-".repeat(4) + "hun", "repeats itself"),
            ("ab".repeat(15) + "ba", "only a few different characters"),
            ("abcdefghijklmnopqrstuvwxyz012345".to_owned(), "is a sequence"),
            ("aaaaaaaabbbbbbbbccccccccddddddddeeeeffffgggg".to_owned(), "is a sequence"),
            ("your-256-bit-secret-your-key-here".to_owned(), "words of placeholders"),
            ("please-change-me-to-a-very-long-secret".to_owned(), "words of placeholders"),
            ("MySuperSecretJwtSecretKey1234567890".to_owned(), "words of placeholders"),
            ("this_is_a_very_long_secret_password_123".to_owned(), "words of placeholders"),
            ("change-this-to-a-random-string-of-32-bytes".to_owned(), "words of placeholders"),
        ] {
            let flaw = flaw(secret.as_bytes()).unwrap_or("none");
            assert!(flaw.contains(why), "{secret:?}: {flaw}");
        }
    }

    #[test]
    fn secrets_of_generators_pass() {
        let entropy = Entropy::seeded(1);
        for _ in 0..10_000 {
            let hex = format!("{:032x}", u128::from_le_bytes(entropy.bytes()));
            let digits: String =
                entropy.bytes::<40>().iter().map(|byte| char::from(b'0' + byte % 10)).collect();
            for secret in [hex.as_bytes(), digits.as_bytes(), &entropy.bytes::<32>()] {
                assert_eq!(flaw(secret), None, "{secret:?}");
            }
        }
        for secret in [
            "9b2d6a0e-2f5c-4c33-8a77-0f1f9d3a5b11",
            "correct horse battery staple winter onion",
            "a secret of exactly 32 bytes, ok",
        ] {
            assert_eq!(flaw(secret.as_bytes()), None, "{secret}");
        }
    }
}
