//! The compact serialization of a JWS ([RFC 7515 §7.1](https://www.rfc-editor.org/rfc/rfc7515#section-7.1)).

use crate::base64url::Decoded;
use crate::error::{Error, Malformed};
use crate::header::{Header, utf8};
use crate::key::Key;
use crate::limits::DEFAULT_MAX_LEN;

/// A token split into its three parts, which are not decoded yet.
#[derive(Clone, Copy)]
pub(crate) struct Compact<'a> {
    header: &'a str,
    payload: &'a str,
    signature: &'a str,
    /// Header, dot and payload: the text that is signed.
    signed: &'a str,
}

impl<'a> Compact<'a> {
    /// Splits a token of at most `max_len` bytes. Characters that no compact JWS has are refused.
    pub(crate) fn split(token: &'a str, max_len: usize) -> Result<Self, Malformed> {
        if token.len() > max_len {
            return Err(Malformed::TooLong);
        }
        // Without an early exit, so that the compiler vectorizes the loop.
        let is_allowed = |byte: u8| byte.is_ascii_alphanumeric() | matches!(byte, b'-' | b'_' | b'.');
        if !token.bytes().fold(true, |all, byte| all & is_allowed(byte)) {
            return Err(Malformed::Character);
        }
        let (signed, signature) = token.rsplit_once('.').ok_or(Malformed::Parts)?;
        let (header, payload) = signed.split_once('.').ok_or(Malformed::Parts)?;
        if payload.contains('.') {
            return Err(Malformed::Parts);
        }
        // Only the payload may use a raised limit. It is decoded last, so an unsigned token never makes us allocate.
        if header.len().max(signature.len()) > DEFAULT_MAX_LEN {
            return Err(Malformed::TooLong);
        }
        Ok(Self { header, payload, signature, signed })
    }

    /// Decodes and reads the header.
    pub(crate) fn header<'b>(&self, buffer: &'b mut Decoded) -> Result<Header<'b>, Error> {
        Header::read(buffer.decode(self.header)?)
    }

    /// Decodes the header as text, without judging its parameters.
    pub(crate) fn header_text<'b>(&self, buffer: &'b mut Decoded) -> Result<&'b str, Malformed> {
        utf8(buffer.decode(self.header)?)
    }

    /// Checks that the header agrees with `key` and that `key` made the signature.
    pub(crate) fn verify(&self, header: &Header<'_>, key: &Key) -> Result<(), Error> {
        key.agrees_with(header)?;
        self.verify_signature(key)
    }

    /// Checks that `key` made the signature.
    pub(crate) fn verify_signature(&self, key: &Key) -> Result<(), Error> {
        let mut buffer = Decoded::default();
        key.check(self.signed.as_bytes(), buffer.decode(self.signature)?)
    }

    /// Decodes the payload. Nothing in it is trustworthy before [`Compact::verify`].
    pub(crate) fn payload<'b>(&self, buffer: &'b mut Decoded) -> Result<&'b [u8], Malformed> {
        Ok(buffer.decode(self.payload)?)
    }

    /// Decodes the payload as text. Nothing in it is trustworthy before [`Compact::verify`].
    pub(crate) fn payload_text<'b>(&self, buffer: &'b mut Decoded) -> Result<&'b str, Malformed> {
        utf8(self.payload(buffer)?)
    }

    /// Checks the encoding of the signature only.
    pub(crate) fn check_signature_encoding(&self) -> Result<(), Malformed> {
        Decoded::default().decode(self.signature).map(drop)
    }
}
