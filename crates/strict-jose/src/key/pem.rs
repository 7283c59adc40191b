//! Reads keys in PEM ([RFC 7468](https://www.rfc-editor.org/rfc/rfc7468)).

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use zeroize::Zeroizing;

use super::der::{Encoded, Form};
use super::error::KeyError;

/// Whether `bytes` contain the beginning of a PEM block.
pub(super) fn is_pem(bytes: &[u8]) -> bool {
    bytes.windows(BEGIN.len()).any(|window| window == BEGIN)
}

/// The key in a PEM text.
pub(super) struct PemKey {
    form: Form,
    der: Zeroizing<Vec<u8>>,
}

impl PemKey {
    pub(super) fn encoded(&self) -> Encoded<'_> {
        Encoded { form: self.form, der: &self.der }
    }
}

/// Reads the only key in a PEM text.
///
/// Text around it is allowed (RFC 7468 §2), as is the `EC PARAMETERS` block that `openssl ecparam` writes before a key. A
/// second key is refused, because it is ambiguous.
pub(super) fn read(pem: &[u8]) -> Result<PemKey, KeyError> {
    let text = std::str::from_utf8(pem).map_err(|_| KeyError::NotPem)?;
    let mut key = None;
    let mut rest = text;
    while let Some(block) = Block::next(&mut rest)? {
        let form = match block.label {
            "EC PARAMETERS" => continue,
            "PRIVATE KEY" => Form::Pkcs8,
            "PUBLIC KEY" => Form::Spki,
            "RSA PRIVATE KEY" => Form::Pkcs1Private,
            "RSA PUBLIC KEY" => Form::Pkcs1Public,
            "EC PRIVATE KEY" => Form::Sec1,
            "ENCRYPTED PRIVATE KEY" => return Err(KeyError::Encrypted),
            "CERTIFICATE"
            | "X509 CERTIFICATE"
            | "TRUSTED CERTIFICATE"
            | "CERTIFICATE REQUEST"
            | "NEW CERTIFICATE REQUEST" => return Err(KeyError::Certificate),
            _ => return Err(KeyError::UnsupportedPem),
        };
        if key.replace(PemKey { form, der: block.decoded()? }).is_some() {
            return Err(KeyError::SeveralKeys);
        }
    }
    key.ok_or(KeyError::NotPem)
}

const BEGIN: &[u8] = b"-----BEGIN ";

struct Block<'a> {
    label: &'a str,
    body: &'a str,
}

impl<'a> Block<'a> {
    /// Takes the next block from `rest`.
    fn next(rest: &mut &'a str) -> Result<Option<Self>, KeyError> {
        let Some((_, behind)) = rest.split_once("-----BEGIN ") else { return Ok(None) };
        let (label, behind) = behind.split_once("-----").ok_or(KeyError::NotPem)?;
        let (body, behind) = behind.split_once("-----END ").ok_or(KeyError::NotPem)?;
        let behind = behind.strip_prefix(label).and_then(|behind| behind.strip_prefix("-----"));
        *rest = behind.ok_or(KeyError::NotPem)?;
        Ok(Some(Self { label, body }))
    }

    fn decoded(&self) -> Result<Zeroizing<Vec<u8>>, KeyError> {
        // Only an encrypted key has the headers of RFC 1421.
        if self.body.contains("Proc-Type:") {
            return Err(KeyError::Encrypted);
        }
        let mut letters = Zeroizing::new(Vec::with_capacity(self.body.len()));
        letters.extend(self.body.bytes().filter(|byte| !matches!(byte, b' ' | b'\t' | b'\r' | b'\n')));
        let mut der = Zeroizing::new(vec![0; letters.len() / 4 * 3]);
        let len = STANDARD.decode_slice(&letters, &mut der).map_err(|_| KeyError::NotPem)?;
        der.truncate(len);
        Ok(der)
    }
}
