//! Users and the checked parts of one.

use std::borrow::Cow;
use std::fmt;

use email_address::{EmailAddress, Options};
use icu_normalizer::ComposingNormalizerBorrowed;
use jiff::Timestamp;
use serde::Serialize;

use ids::UserId;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct User {
    pub id: UserId,
    pub name: Name,
    pub email: Email,
    /// Whether mail to this address has reached the user.
    pub email_verified: bool,
    pub role: Role,
    /// The credentials of a disabled user are refused. The user's recipes stay.
    pub disabled: bool,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
}

impl User {
    /// Whether the user is an administrator who can log in.
    pub fn is_active_admin(&self) -> bool {
        self.role == Role::Admin && !self.disabled
    }

    /// Whether the user may write recipes at all.
    pub fn may_write(&self) -> bool {
        self.role != Role::Viewer
    }
}

/// A user before the store has given it a number.
#[derive(Clone, Debug)]
pub struct NewUser {
    pub name: Name,
    pub email: Email,
    /// `None`: the user cannot log in with a password.
    pub password_hash: Option<PasswordHash>,
    pub role: Role,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Reads recipes, and keeps lists of them. Writes none.
    Viewer,
    User,
    Admin,
}

impl Role {
    pub const ALL: [Self; 3] = [Self::Viewer, Self::User, Self::Admin];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Viewer => "viewer",
            Self::User => "user",
            Self::Admin => "admin",
        }
    }

    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.as_str() == text)
    }
}

/// An e-mail address as the user writes it. Invariant: RFC 5322 `addr-spec`, at most 254 bytes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Email(String);

impl Email {
    /// Removes white space at both ends, and normalizes to NFC.
    ///
    /// # Errors
    /// What to write instead.
    pub fn parse(text: &str) -> Result<Self, &'static str> {
        const EXPECTED: &str = "must be an e-mail address, as in alice@example.com";
        // RFC 5321, section 4.5.3.1.3: a path is 256 octets with its angle brackets.
        const MAX_BYTES: usize = 254;
        let text = nfc(text.trim());
        if text.len() > MAX_BYTES {
            return Err("must be an e-mail address of at most 254 bytes");
        }
        // Valid in a mail's header, but not as an account: `Alice <alice@example.com>`, `alice@[192.0.2.1]`.
        let options = Options::default().without_display_text().without_domain_literal();
        let sound =
            !text.contains(char::is_control) && EmailAddress::parse_with_options(&text, options).is_ok();
        if sound { Ok(Self(text.into_owned())) } else { Err(EXPECTED) }
    }

    /// An address that was parsed before it was stored. Parsing it again, for every request with a token, would cost
    /// more than reading the user.
    pub fn from_stored(text: &str) -> Self {
        Self(text.to_owned())
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The same for all spellings of an address: lower case, NFC, and the domain in the ASCII form of IDNA (UTS #46), which
    /// a browser's e-mail field sends for `jo@exämple.de`. RFC 5321 allows case-sensitive mailbox names; no provider has
    /// them, and two accounts that differ in case are a trap.
    pub fn key(&self) -> String {
        let lower = self.0.to_lowercase();
        if lower.is_ascii() && !lower.contains("xn--") {
            return lower;
        }
        let (local, domain) = lower.rsplit_once('@').unwrap_or((&lower, ""));
        // A domain that IDNA does not allow has no other spelling.
        let domain = idna::domain_to_ascii(domain).unwrap_or_else(|_| nfc(domain).into_owned());
        format!("{}@{domain}", nfc(local))
    }

    /// The key of earlier versions. An account keeps it if another account has its [`key`](Self::key) already.
    pub fn old_key(&self) -> String {
        self.0.to_lowercase()
    }
}

fn nfc(text: &str) -> Cow<'_, str> {
    ComposingNormalizerBorrowed::new_nfc().normalize(text)
}

/// The name of a user. Invariant: trimmed, 1 to 200 characters, no control characters.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Name(String);

impl Name {
    /// # Errors
    /// What to write instead.
    pub fn parse(text: &str) -> Result<Self, &'static str> {
        let text = text.trim();
        if !(1..=200).contains(&text.chars().count()) {
            return Err("must be 1 to 200 characters");
        }
        if text.contains(char::is_control) {
            return Err("must be one line without control characters");
        }
        Ok(Self(text.to_owned()))
    }

    /// See [`Email::from_stored`].
    pub fn from_stored(text: &str) -> Self {
        Self(text.to_owned())
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The hash of a password, with its algorithm and parameters. `Debug` does not show it: it allows offline guessing.
#[derive(Clone, PartialEq, Eq)]
pub struct PasswordHash(String);

impl PasswordHash {
    /// Recognizes Argon2id's PHC string and bcrypt's three spellings. `None`: anything else, such as a plaintext password
    /// in an import file.
    pub fn parse(text: &str) -> Option<Self> {
        (is_argon2id(text) || is_bcrypt(text)).then(|| Self(text.to_owned()))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for PasswordHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PasswordHash(..)")
    }
}

/// `$argon2id$v=19$m=19456,t=2,p=1$SALT$HASH`.
fn is_argon2id(text: &str) -> bool {
    const MAX_BYTES: usize = 512;
    let base64 = |part: &str| {
        !part.is_empty() && part.bytes().all(|b| b.is_ascii_alphanumeric() || b"+/".contains(&b))
    };
    let mut parts = text.split('$');
    text.len() <= MAX_BYTES
        && parts.next() == Some("")
        && parts.next() == Some("argon2id")
        && parts.next().is_some_and(|version| version.starts_with("v="))
        && parts.next().is_some_and(|costs| costs.starts_with("m="))
        && parts.next().is_some_and(base64)
        && parts.next().is_some_and(base64)
        && parts.next().is_none()
}

/// `$2b$12$`, then 22 characters of salt and 31 of hash.
fn is_bcrypt(text: &str) -> bool {
    let Some((b"$2a$" | b"$2b$" | b"$2y$", rest)) = text.as_bytes().split_first_chunk::<4>() else {
        return false;
    };
    let Some(([tens, ones, b'$'], rest)) = rest.split_first_chunk::<3>() else { return false };
    tens.is_ascii_digit()
        && ones.is_ascii_digit()
        && rest.len() == 53
        && rest.iter().all(|b| b.is_ascii_alphanumeric() || b"./".contains(b))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[track_caller]
    fn email(text: &str, want: Option<&str>) {
        assert_eq!(Email::parse(text).as_ref().map(Email::as_str).ok(), want, "{text:?}");
    }

    #[test]
    fn emails_are_kept_as_written_but_for_outer_space() {
        email("Ada@Example.org", Some("Ada@Example.org"));
        email(" mün@example.com\n", Some("mün@example.com"));
        email("cook+soup@kitchen.localhost", Some("cook+soup@kitchen.localhost"));
        email(
            &format!("{}@{}.example", "a".repeat(64), "b".repeat(60)),
            Some(&format!("{}@{}.example", "a".repeat(64), "b".repeat(60))),
        );
    }

    #[test]
    fn invalid_addresses_are_refused() {
        for bad in [
            "",
            " ",
            "hello",
            "@example.com",
            "a@",
            "a@b@c.de",
            "a b@example.com",
            "a@exa mple.com",
            "a@example..com",
            "Alice <alice@example.com>",
            "<alice@example.com>",
            "a@[192.0.2.1]",
            "a@b.c\r\nBcc: x@y.z",
            "\"a\0b\"@c.de",
            &format!("{}@example.com", "a".repeat(65)),
            &format!("a@{}example.com", "b.".repeat(130)),
        ] {
            email(bad, None);
        }
    }

    #[test]
    fn addresses_that_differ_in_case_share_a_key() {
        let key = |text| Email::parse(text).unwrap().key();
        assert_eq!(key("Ada@Example.org"), key("ADA@example.ORG"));
        assert_eq!(key("MÜN@example.com"), key("mün@example.com"));
    }

    #[test]
    fn addresses_that_differ_in_encoding_share_a_key() {
        let key = |text| Email::parse(text).unwrap().key();
        for (one, other) in [
            ("jo@exämple.de", "jo@xn--exmple-cua.de"),
            ("jo@EXÄMPLE.de", "JO@XN--EXMPLE-CUA.DE"),
            ("jo@exämple.de", "jo@exa\u{308}mple.de"),
            ("jö@example.de", "jo\u{308}@example.de"),
            ("JÖ@example.de", "jo\u{308}@EXAMPLE.de"),
            ("jo@faß.de", "jo@xn--fa-hia.de"),
        ] {
            assert_eq!(key(one), key(other), "{one} {other}");
        }
        assert_eq!(key("jo@exämple.de"), "jo@xn--exmple-cua.de");
        for (one, other) in [("jo@faß.de", "jo@fass.de"), ("jo@example.de", "jö@example.de")] {
            assert_ne!(key(one), key(other), "{one} {other}");
        }
        assert_eq!(key("jo@xn--zz.de"), "jo@xn--zz.de", "IDNA does not allow it");
    }

    #[test]
    fn names_are_trimmed_and_one_line() {
        assert_eq!(Name::parse(" Hou ").unwrap().as_str(), "Hou");
        assert!(Name::parse(&"ü".repeat(200)).is_ok(), "characters, not bytes");
        for bad in ["", "  ", &"x".repeat(201), "a\0b", "a\nb", "a\u{7f}b"] {
            assert!(Name::parse(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn roles_are_spelled_in_one_way() {
        assert_eq!(Role::parse("admin"), Some(Role::Admin));
        for role in [Role::Viewer, Role::User] {
            assert_eq!(Role::parse(role.as_str()), Some(role));
        }
        assert_eq!(Role::parse("Admin"), None);
        assert_eq!(serde_json::to_string(&Role::Admin).unwrap(), "\"admin\"");
    }

    const BCRYPT: &str = "$2b$10$JqHnCPAjfonbA8mcRtM2GuS1vl5OQfN6PE.hM/NhKR6lRcOlHSSlG";
    const ARGON2ID: &str =
        "$argon2id$v=19$m=19456,t=2,p=1$c2FsdHNhbHRzYWx0$mWuMe2/6BIi6VwxfrNl0fTF29SbMGTb8Tz2HAWpf0qU";

    #[test]
    fn hashes_of_both_schemes_are_recognized_and_hidden() {
        for good in [BCRYPT, &BCRYPT.replace("2b", "2a"), &BCRYPT.replace("2b", "2y"), ARGON2ID] {
            let hash = PasswordHash::parse(good).unwrap();
            assert_eq!(hash.as_str(), good);
            assert_eq!(format!("{hash:?}"), "PasswordHash(..)");
        }
    }

    #[test]
    fn other_text_is_no_hash() {
        let (cut, long) = (&BCRYPT[..59], format!("{BCRYPT}a"));
        for bad in [
            "",
            "hunter2",
            "$2b$",
            cut,
            &long,
            &BCRYPT.replace("2b", "2x"),
            &BCRYPT.replace("$10$", "$1a$"),
            &BCRYPT.replace('/', "é"),
            &ARGON2ID.replace("argon2id", "argon2i"),
            "$argon2id$v=19$m=1$$",
            "$argon2id$",
            &format!("{ARGON2ID}$x"),
            &ARGON2ID.replace("/6B", "\n6B"),
            &format!("{ARGON2ID}{}", "a".repeat(512)),
        ] {
            assert_eq!(PasswordHash::parse(bad), None, "{bad:?}");
        }
    }

    proptest! {
        #[test]
        fn parsing_never_panics(text in "\\PC{0,40}|[\"<>@.()\\[\\]\\\\ a]{0,20}|\\$[2abxy$]{0,4}.{0,60}") {
            let _ = (Email::parse(&text), Name::parse(&text), PasswordHash::parse(&text));
        }
    }
}
