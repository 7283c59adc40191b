//! Detects keys of other kinds that are given as a shared secret by mistake.
//!
//! A public key used as an HMAC secret lets every reader of that key sign tokens
//! ([RFC 8725 §2.1](https://www.rfc-editor.org/rfc/rfc8725#section-2.1)). The key need not be valid to be public: a
//! certificate, a truncated key and a key of an unsupported kind are detected too. The caller has checked for PEM before.

use base64::Engine;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use zeroize::Zeroizing;

use crate::error::Malformed;
use crate::key::pem;
use crate::strict_json;

/// Whether `secret` is a JWK, a JWK set, DER, an OpenSSH key, or base64 of one of these or of PEM.
///
/// Fewer than one of 2^32 random secrets is mistaken for a key: see [`is_der`].
pub(super) fn is_encoded_key(secret: &[u8]) -> bool {
    let in_base64 = || from_base64(secret).is_some_and(|bytes| pem::is_pem(&bytes) || is_key(&bytes));
    is_key(secret) || in_base64()
}

/// Whether `bytes` are a key that is not encoded in base64.
fn is_key(bytes: &[u8]) -> bool {
    is_der(bytes) || is_ssh_blob(bytes) || is_jwk(bytes) || is_ssh_line(bytes)
}

/// Whether `bytes` are JSON, perhaps damaged, with a member `kty` or `keys`.
fn is_jwk(bytes: &[u8]) -> bool {
    let json = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes).trim_ascii();
    if !matches!(json.first(), Some(b'{' | b'[')) {
        return false;
    }
    let has = |name: &[u8]| json.windows(name.len()).any(|window| window == name);
    if has(b"\"kty\"") || has(b"\"keys\"") {
        return true;
    }
    // The names may contain escapes.
    let mut found = false;
    let text = std::str::from_utf8(json).unwrap_or_default();
    let _ = strict_json::object::<Malformed>(text, strict_json::CLAIMS, |name, _| {
        found |= name.one_of(&["kty", "keys"]).is_some();
        Ok(())
    });
    found
}

/// Whether `bytes` contain a line of `authorized_keys` or of a `.pub` file, or a key in the format of
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

/// Whether `bytes` are the binary part of such a line: [RFC 4253 §6.6](https://www.rfc-editor.org/rfc/rfc4253#section-6.6).
fn is_ssh_blob(bytes: &[u8]) -> bool {
    matches!(bytes, [0, 0, 0, _, name @ ..] if is_ssh_type(name))
}

fn is_ssh_type(name: &[u8]) -> bool {
    [&b"ssh-"[..], b"ecdsa-sha2-", b"sk-ssh-", b"sk-ecdsa-"].iter().any(|start| name.starts_with(start))
}

/// The length of the shortest public key in DER: 32 bytes in a `SubjectPublicKeyInfo`.
const SHORTEST: usize = 44;

/// The number of bytes that are lost when a program removes a "line break" from the end of binary data.
const MAX_MISSING: usize = 2;

/// Whether `bytes` begin with the DER of a key, a certificate or a CMS message. More bytes may follow.
///
/// A random secret begins with the tag of a sequence in one of 256 cases, has a matching length in one of 11, the tags inside
/// in one of 2^13, and is a chain of elements to its end in one of 2^8. All of these hold in fewer than one of 2^32 cases. A
/// secret of 32 bytes is too short for any key and is never mistaken for one.
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
        // RSAPublicKey, RSAPrivateKey and the private key of DSA; PrivateKeyInfo; ECPrivateKey; ContentInfo (RFC 5652 §3).
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

/// The first element of some bytes. Its length need not be minimal, unlike in `der`.
struct Element<'a> {
    tag: u8,
    content: &'a [u8],
    /// The number of bytes missing at its end.
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
        (missing <= MAX_MISSING).then_some(Self { tag: *tag, content, missing, rest })
    }
}

/// The tags and contents, if `content` is a chain of elements. The last one may lack `missing` bytes.
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

/// Decodes base64 or base64url, with or without padding and line breaks.
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
        assert_eq!(is_encoded_key(bytes), want, "{bytes:02x?}");
    }

    /// Ed25519: RFC 8410 §10.1.
    const SPKI: &[u8] =
        b"\x30\x2a\x30\x05\x06\x03\x2b\x65\x70\x03\x21\x00\x19\xbf\x44\x09\x69\x84\xcd\xfe\x85\x41\xba\
        \xc1\x67\xdc\x3b\x96\xc8\x50\x86\xaa\x30\xb6\xb6\xcb\x0c\x5c\x38\xad\x70\x31\x66\xe1";

    #[test]
    fn der_is_detected_when_extended_or_cut() {
        check(SPKI, true);
        for suffix in [&b"\n"[..], b"\r\n", b"\0", b" and a comment"] {
            check(&[SPKI, suffix].concat(), true);
        }
        check(&SPKI[..SPKI.len() - 1], true);
        check(&SPKI[..SPKI.len() - 2], true);
    }

    #[test]
    fn other_bytes_are_a_secret() {
        check(&SPKI[..SPKI.len() - 3], false);
        check(&SPKI[1..], false);
        check(&[&[0x30, 62][..], &[7; 62]].concat(), false);
        check(&[&[0x30, 62, 0x30, 60][..], &[7; 60]].concat(), false);
        check(&[&[0x30, 62, 0x02, 1, 5, 0x0c, 57][..], &[b'a'; 57]].concat(), false);
        check(&[0x30; 64], false);
        check(&[], false);
    }

    #[test]
    fn damaged_json_is_detected_by_its_names() {
        for json in ["{\"kty\":\"", "[{\"kty\":1}]", "{\"a\":1,\"a\":2,\"keys\":[]}", "{\"k\\u0074y\":\"x\"}"]
        {
            check(json.as_bytes(), true);
        }
        check(br#"{"a":"JSON that is not a key, 40 bytes or longer"}"#, false);
    }

    #[test]
    fn an_openssh_line_is_detected() {
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
        fn no_random_secret_is_detected(secret in prop::collection::vec(any::<u8>(), 32..100)) {
            prop_assert!(!is_encoded_key(&secret));
        }

        /// The first three bytes already match a key, which has a probability of 2^-19 for a random secret.
        #[test]
        fn a_secret_of_32_bytes_is_never_detected(mut secret in any::<[u8; 32]>()) {
            secret[..3].copy_from_slice(&[0x30, 30, 0x02]);
            prop_assert!(!is_encoded_key(&secret));
        }

        #[test]
        fn no_random_text_is_detected(secret in "[A-Za-z0-9+/_-]{43,90}={0,2}|[0-9a-f]{64}") {
            prop_assert!(!is_encoded_key(secret.as_bytes()));
        }
    }
}
