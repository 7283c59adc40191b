//! The format of API keys: a prefix, random characters, a checksum.

use std::fmt;

use secrecy::SecretString;

use crate::TokenDigest;

/// The format of a program's API keys: `recipes_`, 43 random letters and digits, 6 of checksum.
///
/// - The prefix tells people and secret scanners what kind of secret was leaked.
/// - The checksum (CRC-32 of everything before it) tells a mistyped or invented key from one that may exist, without a
///   look-up. It is no protection; the random characters are.
/// - A key is one word of letters, digits and underscores: a double click selects it, and no encoding changes it.
///
/// Tokens of code forges and package registries use the same kind of format.
///
/// ```
/// use secrecy::ExposeSecret;
/// use tower_passport::{ApiKeyFormat, TokenDigest};
///
/// let format = ApiKeyFormat::new("recipes")?;
/// # let random_bytes = || [7; 32];
/// let key = format.generate(&random_bytes());
/// assert!(key.expose_secret().starts_with("recipes_"));
/// // Show the key once; keep only its digest.
/// let digest = TokenDigest::of(key.expose_secret());
/// assert_eq!(format.digest(key.expose_secret()), Ok(digest));
/// # Ok::<(), tower_passport::InvalidPrefix>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApiKeyFormat {
    /// Including the underscore at its end.
    prefix: Box<str>,
}

/// 62^43 > 2^256.
const RANDOM: usize = 43;
/// 62^6 > 2^32.
const CHECKSUM: usize = 6;

impl ApiKeyFormat {
    /// The format with this prefix, followed by an underscore.
    ///
    /// # Errors
    /// [`InvalidPrefix`] if the prefix is not 1 to 32 letters, digits and underscores.
    pub fn new(prefix: &str) -> Result<Self, InvalidPrefix> {
        let good = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
        if !(1..=32).contains(&prefix.len()) || !prefix.bytes().all(good) {
            return Err(InvalidPrefix);
        }
        Ok(Self { prefix: format!("{prefix}_").into() })
    }

    /// Makes a key from 32 random bytes, which must come from the operating system's generator.
    pub fn generate(&self, random: &[u8; 32]) -> SecretString {
        let mut key = String::with_capacity(self.prefix.len() + RANDOM + CHECKSUM);
        key.push_str(&self.prefix);
        key.extend(base62::<RANDOM, 32>(*random).map(char::from));
        let checksum = checksum(&key);
        key.extend(checksum.map(char::from));
        key.into()
    }

    pub(super) fn has_prefix(&self, token: &str) -> bool {
        token.starts_with(&*self.prefix)
    }

    /// The digest of a key of this format.
    ///
    /// # Errors
    /// [`NotAnApiKey`] if the prefix, the length, a character or the checksum is wrong.
    pub fn digest(&self, key: &str) -> Result<TokenDigest, NotAnApiKey> {
        let rest = key.strip_prefix(&*self.prefix).ok_or(NotAnApiKey::OtherPrefix)?;
        if rest.len() != RANDOM + CHECKSUM || !rest.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
            return Err(NotAnApiKey::Malformed);
        }
        // The rest is ASCII, so every index is a character boundary.
        let (body, written) = key.split_at(key.len() - CHECKSUM);
        if checksum(body) != *written.as_bytes() {
            return Err(NotAnApiKey::WrongChecksum);
        }
        Ok(TokenDigest::of(key))
    }
}

fn checksum(body: &str) -> [u8; CHECKSUM] {
    base62(crc32fast::hash(body.as_bytes()).to_be_bytes())
}

/// A big-endian number in base 62, padded with zeros.
fn base62<const DIGITS: usize, const BYTES: usize>(number: [u8; BYTES]) -> [u8; DIGITS] {
    const ALPHABET: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    let mut quotient = number;
    let mut digits = [ALPHABET[0]; DIGITS];
    for digit in digits.iter_mut().rev() {
        let mut remainder = 0;
        for byte in &mut quotient {
            let dividend = remainder << 8 | usize::from(*byte);
            *byte = u8::try_from(dividend / 62).unwrap_or(u8::MAX);
            remainder = dividend % 62;
        }
        *digit = ALPHABET[remainder];
    }
    digits
}

/// Why a text is not an API key of a format.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum NotAnApiKey {
    /// The text has another prefix: it may be a token of another kind.
    OtherPrefix,
    /// The text has the prefix, but a wrong length or a character that is no letter or digit.
    Malformed,
    /// The checksum is wrong: the key was mistyped, cut, or invented.
    WrongChecksum,
}

impl NotAnApiKey {
    pub(super) const fn cause(self) -> &'static str {
        match self {
            Self::OtherPrefix => "other_prefix",
            Self::Malformed => "malformed",
            Self::WrongChecksum => "wrong_checksum",
        }
    }
}

impl fmt::Display for NotAnApiKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::OtherPrefix => "the key begins with another prefix",
            Self::Malformed => "the key has a wrong length, or a character that is no letter or digit",
            Self::WrongChecksum => "the checksum of the key is wrong: it was mistyped, cut, or invented",
        })
    }
}

impl std::error::Error for NotAnApiKey {}

/// The argument of [`ApiKeyFormat::new`] cannot be the prefix of a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the prefix of API keys must be 1 to 32 ASCII letters, digits and underscores")]
pub struct InvalidPrefix;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use secrecy::ExposeSecret;

    use super::*;

    fn format() -> ApiKeyFormat {
        ApiKeyFormat::new("recipes").unwrap()
    }

    #[test]
    fn a_key_is_a_prefix_a_number_and_a_checksum() {
        let zeros = format().generate(&[0; 32]);
        let (body, checksum) = zeros.expose_secret().split_at(8 + RANDOM);
        assert_eq!(body, format!("recipes_{}", "0".repeat(RANDOM)));
        // `python3 -c 'import binascii; print(binascii.crc32(b"recipes_" + b"0" * 43))'` in base 62.
        assert_eq!(checksum, "1sreRs");
        assert_eq!(base62::<3, 2>([0xff, 0xff]), *b"H31");
        assert_eq!(base62::<6, 4>(u32::MAX.to_be_bytes()), *b"4gfFC3");
        let most = base62::<RANDOM, 32>([0xff; 32]);
        assert_ne!(most[0], b'0', "the first digit is used");
    }

    #[test]
    fn other_texts_are_rejected_with_a_reason() {
        let key = format().generate(&[7; 32]);
        let key = key.expose_secret();
        assert_eq!(format().digest(key), Ok(TokenDigest::of(key)));
        for other in ["", "recipes", "Recipes_", "eyJhbGciOi.e30.", &key.to_uppercase(), &format!(" {key}")] {
            assert_eq!(format().digest(other), Err(NotAnApiKey::OtherPrefix), "{other}");
        }
        let short = &key[..key.len() - 1];
        let accented = format!("{}é", &key[..key.len() - 2]);
        for broken in ["recipes_", short, &format!("{key}0"), &format!("{short}="), &accented] {
            assert_eq!(format().digest(broken), Err(NotAnApiKey::Malformed), "{broken}");
        }
        let own_checksum = ApiKeyFormat::new("recipeX").unwrap().generate(&[7; 32]);
        let swapped = own_checksum.expose_secret().replace("recipeX", "recipes");
        assert_eq!(format().digest(&swapped), Err(NotAnApiKey::WrongChecksum));
    }

    #[test]
    fn a_prefix_is_one_word() {
        for good in ["a", "rcp_live", "RCP9", &"a".repeat(32)] {
            assert!(ApiKeyFormat::new(good).is_ok(), "{good}");
        }
        for bad in ["", "a-b", "a b", "é", &"a".repeat(33)] {
            assert_eq!(ApiKeyFormat::new(bad), Err(InvalidPrefix), "{bad}");
        }
    }

    proptest! {
        #[test]
        fn a_changed_character_is_detected(random: [u8; 32], at in 8..57_usize, other in "[0-9A-Za-z]") {
            let key = format().generate(&random);
            let mut changed = key.expose_secret().to_owned();
            changed.replace_range(at..=at, &other);
            let want = if changed == key.expose_secret() { Ok(TokenDigest::of(&changed)) } else { Err(NotAnApiKey::WrongChecksum) };
            prop_assert_eq!(format().digest(&changed), want);
        }

        #[test]
        fn different_random_bytes_make_different_keys(a: [u8; 32], b: [u8; 32]) {
            prop_assume!(a != b);
            let (a, b) = (format().generate(&a), format().generate(&b));
            prop_assert_ne!(a.expose_secret(), b.expose_secret());
        }
    }
}
