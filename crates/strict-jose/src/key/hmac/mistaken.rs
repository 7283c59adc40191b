//! Keys of other kinds that are given as a shared secret by mistake. What is in the file of a public key, everybody knows,
//! so everybody could sign ([RFC 8725 §2.1](https://www.rfc-editor.org/rfc/rfc8725#section-2.1)).
//!
//! Whether they are *good* keys does not matter: a certificate, or a key that is cut or of a kind unknown here, is as
//! public. PEM has been looked for before.

use base64::Engine;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use zeroize::Zeroizing;

use crate::error::Malformed;
use crate::key::pem;
use crate::strict_json;

/// Whether these bytes are a JWK, a set of them, DER, a key of OpenSSH's, or base64 of one of these or of PEM.
///
/// Of 2^32 random secrets less than one is taken for such a key: see [`is_der`].
pub(super) fn is_other_key(secret: &[u8]) -> bool {
    let in_base64 = || from_base64(secret).is_some_and(|bytes| pem::is_pem(&bytes) || is_plainly_one(&bytes));
    is_plainly_one(secret) || in_base64()
}

fn is_plainly_one(bytes: &[u8]) -> bool {
    is_der(bytes) || is_ssh_blob(bytes) || is_jwk(bytes) || is_ssh_line(bytes)
}

/// JSON with a member `kty` or `keys`, however damaged.
fn is_jwk(bytes: &[u8]) -> bool {
    let json = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes).trim_ascii();
    if !matches!(json.first(), Some(b'{' | b'[')) {
        return false;
    }
    let has = |name: &[u8]| json.windows(name.len()).any(|window| window == name);
    if has(b"\"kty\"") || has(b"\"keys\"") {
        return true;
    }
    // The names may be written with escapes.
    let mut found = false;
    let text = std::str::from_utf8(json).unwrap_or_default();
    let _ = strict_json::object::<Malformed>(text, strict_json::CLAIMS, |name, _| {
        found |= name.is("kty") || name.is("keys");
        Ok(())
    });
    found
}

/// A line of `authorized_keys` or of a `.pub` file, or the form of
/// [RFC 4716](https://www.rfc-editor.org/rfc/rfc4716).
fn is_ssh_line(bytes: &[u8]) -> bool {
    const RFC_4716: &[u8] = b"---- BEGIN SSH2 ";
    let mut words = bytes.split(u8::is_ascii_whitespace).filter(|word| !word.is_empty());
    while words.any(is_ssh_type) {
        if words.clone().next().is_some_and(|blob| blob.starts_with(b"AAAA")) {
            return true;
        }
    }
    bytes.windows(RFC_4716.len()).any(|window| window == RFC_4716)
}

/// What such a line has in base64: [RFC 4253 §6.6](https://www.rfc-editor.org/rfc/rfc4253#section-6.6).
fn is_ssh_blob(bytes: &[u8]) -> bool {
    matches!(bytes, [0, 0, 0, _, name @ ..] if is_ssh_type(name))
}

fn is_ssh_type(name: &[u8]) -> bool {
    [&b"ssh-"[..], b"ecdsa-sha2-", b"sk-ssh-", b"sk-ecdsa-"].iter().any(|start| name.starts_with(start))
}

/// The shortest public key in DER: one of 32 bytes in a `SubjectPublicKeyInfo`.
const SHORTEST: usize = 44;

/// What is lost at the end when somebody cuts off a "line break".
const CUT: usize = 2;

/// Whether these bytes begin with the DER of a key, a certificate or a message in CMS, perhaps with something behind it.
///
/// A random secret has the tag of a sequence in front in one of 256 cases, a fitting length in one of 11, the tags inside
/// in one of 2^13, and is a chain of elements to its very end in one of 2^8: together, in less than one of 2^32. One of 32
/// bytes is too short for any key and is never taken for one.
fn is_der(bytes: &[u8]) -> bool {
    let Some(outer) = Element::first(bytes).filter(|outer| outer.tag == SEQUENCE) else { return false };
    if outer.content.len() + outer.missing + 2 < SHORTEST {
        return false;
    }
    let fields = chain(outer.content, outer.missing).unwrap_or_default();
    match &*fields {
        // SubjectPublicKeyInfo, EncryptedPrivateKeyInfo; Certificate of version 3, or 1 and CertificationRequest.
        [(SEQUENCE, inner), _, ..] => {
            matches!(inner, [OBJECT_IDENTIFIER | CONTEXT_0 | INTEGER, ..]) && chain(inner, 0).is_some()
        }
        // RSAPublicKey, RSAPrivateKey and DSA's; PrivateKeyInfo; ECPrivateKey. ContentInfo: RFC 5652 §3.
        [(INTEGER, _), (INTEGER | SEQUENCE | OCTET_STRING, _), ..]
        | [(OBJECT_IDENTIFIER, _), (CONTEXT_0, _), ..] => true,
        _ => false,
    }
}

const INTEGER: u8 = 0x02;
const OCTET_STRING: u8 = 0x04;
const OBJECT_IDENTIFIER: u8 = 0x06;
const SEQUENCE: u8 = 0x30;
const CONTEXT_0: u8 = 0xa0;

/// The first element of some bytes; its length need not be minimal, as it must be in `der`.
struct Element<'a> {
    tag: u8,
    content: &'a [u8],
    /// How much of its end is not there.
    missing: usize,
    rest: &'a [u8],
}

impl<'a> Element<'a> {
    fn first(bytes: &'a [u8]) -> Option<Self> {
        let [tag, first, rest @ ..] = bytes else { return None };
        let (len, rest) = match *first {
            short @ ..=0x7f => (usize::from(short), rest),
            long @ 0x81..=0x84 => {
                let (digits, rest) = rest.split_at_checked(usize::from(long & 0x7f))?;
                (digits.iter().fold(0, |len, digit| len << 8 | usize::from(*digit)), rest)
            }
            _ => return None,
        };
        let missing = len.saturating_sub(rest.len());
        let (content, rest) = rest.split_at(len.min(rest.len()));
        (missing <= CUT).then_some(Self { tag: *tag, content, missing, rest })
    }
}

/// Tags and contents, if `content` is a chain of elements, the last of them without what is `missing`.
fn chain(content: &[u8], missing: usize) -> Option<Vec<(u8, &[u8])>> {
    let mut elements = Vec::new();
    let mut rest = content;
    while !rest.is_empty() {
        let element = Element::first(rest)?;
        if element.missing != if element.rest.is_empty() { missing } else { 0 } {
            return None;
        }
        elements.push((element.tag, element.content));
        rest = element.rest;
    }
    Some(elements)
}

/// The bytes of a text in base64 or base64url, padded or not, in lines or not.
fn from_base64(text: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    const LENIENT: GeneralPurpose = GeneralPurpose::new(
        &alphabet::STANDARD,
        GeneralPurposeConfig::new()
            .with_decode_padding_mode(DecodePaddingMode::Indifferent)
            .with_decode_allow_trailing_bits(true),
    );
    let mut letters = Zeroizing::new(Vec::with_capacity(text.len()));
    letters.extend(text.iter().filter(|byte| !byte.is_ascii_whitespace()).map(|byte| match byte {
        b'-' => b'+',
        b'_' => b'/',
        byte => *byte,
    }));
    let mut bytes = Zeroizing::new(vec![0; letters.len() / 4 * 3 + 3]);
    let len = LENIENT.decode_slice(&*letters, &mut bytes).ok()?;
    bytes.truncate(len);
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[track_caller]
    fn check(bytes: &[u8], want: bool) {
        assert_eq!(is_other_key(bytes), want, "{bytes:02x?}");
    }

    /// Ed25519: RFC 8410 §10.1.
    const SPKI: &[u8] =
        b"\x30\x2a\x30\x05\x06\x03\x2b\x65\x70\x03\x21\x00\x19\xbf\x44\x09\x69\x84\xcd\xfe\x85\x41\xba\
        \xc1\x67\xdc\x3b\x96\xc8\x50\x86\xaa\x30\xb6\xb6\xcb\x0c\x5c\x38\xad\x70\x31\x66\xe1";

    #[test]
    fn der_is_noticed_with_something_behind_it_and_cut() {
        check(SPKI, true);
        for behind in [&b"\n"[..], b"\r\n", b"\0", b" and a comment"] {
            check(&[SPKI, behind].concat(), true);
        }
        check(&SPKI[..SPKI.len() - 1], true);
        check(&SPKI[..SPKI.len() - 2], true);
    }

    #[test]
    fn bytes_that_are_no_key_are_a_secret_like_any_other() {
        check(&SPKI[..SPKI.len() - 3], false);
        check(&SPKI[1..], false);
        check(&[&[0x30, 62][..], &[7; 62]].concat(), false);
        check(&[&[0x30, 62, 0x30, 60][..], &[7; 60]].concat(), false);
        check(&[&[0x30, 62, 0x02, 1, 5, 0x0c, 57][..], &[b'a'; 57]].concat(), false);
        check(&[0x30; 64], false);
        check(&[], false);
    }

    #[test]
    fn damaged_json_is_noticed_by_its_names() {
        for json in ["{\"kty\":\"", "[{\"kty\":1}]", "{\"a\":1,\"a\":2,\"keys\":[]}", "{\"k\\u0074y\":\"x\"}"]
        {
            check(json.as_bytes(), true);
        }
        check(br#"{"a":"json, but of no key: some program's idea"}"#, false);
    }

    #[test]
    fn a_line_of_openssh_is_noticed() {
        for line in [
            "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIBm/RAlphM3+hUG6wWfcO5bIUIaqMLa2ywxcOK1wMWbh",
            "  ecdsa-sha2-nistp256\tAAAAE2VjZHNhLXNoYTItbmlzdHAyNTY ada@example.com\n",
            "no-pty,command=\"date\" ssh-something sk-ssh-ed25519@openssh.com AAAAGnNrLXNzaC1lZDI1NTE5 x",
            "AAAAC3NzaC1lZDI1NTE5AAAAIBm/RAlphM3+hUG6wWfcO5bIUIaqMLa2ywxcOK1wMWbh",
            "---- BEGIN SSH2 PUBLIC KEY ----\nAAAA",
        ] {
            check(line.as_bytes(), true);
        }
        check(b"ssh-agent is how I remember this passphrase", false);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(5_000))]

        #[test]
        fn no_random_secret_is_noticed(secret in prop::collection::vec(any::<u8>(), 32..100)) {
            prop_assert!(!is_other_key(&secret));
        }

        /// 2^-19 of the luck that it takes is given.
        #[test]
        fn a_secret_of_32_bytes_is_never_noticed(mut secret in any::<[u8; 32]>()) {
            secret[..3].copy_from_slice(&[0x30, 30, 0x02]);
            prop_assert!(!is_other_key(&secret));
        }

        #[test]
        fn no_random_text_is_noticed(secret in "[A-Za-z0-9+/_-]{43,90}={0,2}|[0-9a-f]{64}") {
            prop_assert!(!is_other_key(secret.as_bytes()));
        }
    }
}
