//! The header of a proof ([RFC 9449 §4.2](https://www.rfc-editor.org/rfc/rfc9449#section-4.2)).

use super::error::ProofError;
use crate::algorithm::Algorithm;
use crate::error::{Error, Excerpt, Malformed, Wanted};
use crate::header::refuse_other_format;
use crate::key::Key;
use crate::key::jwk::Jwk;
use crate::strict_json::{self, Value};

/// The type of a proof.
pub(super) const TYP: &str = "dpop+jwt";

/// The header of a proof: its algorithm and its public key.
pub(super) struct ProofHeader<'a> {
    algorithm: Algorithm,
    jwk: Jwk<'a>,
}

impl<'a> ProofHeader<'a> {
    /// Reads a header. The type, the algorithm and the absence of private members are checked.
    pub(super) fn read(text: &'a str) -> Result<Self, ProofError> {
        let (mut typ, mut alg, mut jwk) = (None, None, None);
        strict_json::object::<ProofError>(text, strict_json::HEADER, |name, value| {
            match name.one_of(&["typ", "alg", "jwk", "kid", "jku", "x5u", "x5c", "x5t", "x5t#S256"]) {
                Some("typ") => typ = Some(value.text().ok_or(Malformed::Header("typ"))?),
                Some("alg") => alg = Some(value.text().ok_or(Malformed::Header("alg"))?),
                Some("jwk") => {
                    let Value::Object(object) = value else { return Err(Malformed::Header("jwk").into()) };
                    jwk = Some(object);
                }
                // Two keys in one proof would let two verifiers see two different senders.
                Some(reference) => return Err(ProofError::KeyReference(reference)),
                None => refuse_other_format(name)?,
            }
            Ok(())
        })?;
        if typ.is_none_or(|typ| !typ.is(TYP)) {
            let found = typ.map(Excerpt::of_text);
            return Err(Error::WrongType { wanted: Wanted::one(TYP), found }.into());
        }
        let alg = alg.ok_or(Malformed::Header("alg"))?;
        let algorithm = Algorithm::find(|name| alg.is(name))
            .filter(|algorithm| !algorithm.is_symmetric())
            .ok_or(ProofError::UnsupportedAlgorithm)?;
        let jwk = Jwk::read(jwk.ok_or(Malformed::Header("jwk"))?, strict_json::JWK)?;
        match jwk.private_member() {
            Some(member) => Err(ProofError::PrivateKey(member)),
            None => Ok(Self { algorithm, jwk }),
        }
    }

    pub(super) fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// The public key in `jwk`, which must be a key for `alg`.
    pub(super) fn public_key(&self) -> Result<Key, ProofError> {
        Ok(Key::from_parsed_jwk(&self.jwk, Some(self.algorithm))?)
    }
}
