//! The request that a proof is for.

use aws_lc_rs::digest;

use super::claims::ProofClaims;
use super::error::ProofError;
use super::url::{HttpUrl, InvalidUrl};
use crate::base64url::{SHA256_LEN, encode_into};
use crate::error::{Error, Excerpt};

/// The HTTP request that a proof is for.
///
/// ```
/// use strict_jose::proof::ProofRequest;
///
/// let to_token_endpoint = ProofRequest::new("POST", "https://id.example/token")?.nonces(&["current", "previous"]);
/// let to_api = ProofRequest::new("GET", "https://api.example/recipes")?
///     .access_token("Kz~8mXK1EalYznwH-LC-1fBAo.4Ljp~zsPE_NeO.gxU", "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I");
/// # Ok::<(), strict_jose::proof::InvalidUrl>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub struct ProofRequest<'a> {
    pub(super) method: &'a str,
    pub(super) url: HttpUrl<'a>,
    pub(super) access_token: Option<BoundToken<'a>>,
    pub(super) nonces: Option<&'a [&'a str]>,
}

/// An access token and the thumbprint of its key.
#[derive(Clone, Copy)]
pub(super) struct BoundToken<'a> {
    token: &'a str,
    thumbprint: &'a str,
}

impl<'a> ProofRequest<'a> {
    /// Describes a request by its method and its URL. Query and fragment are ignored.
    ///
    /// A server must take scheme and host from its configuration. If it takes them from the request, a proof for another
    /// server is accepted. Two URLs are equal if they are after the normalization of
    /// [RFC 9449 §4.3](https://www.rfc-editor.org/rfc/rfc9449#section-4.3): case of scheme and host, default port, empty path,
    /// dot segments, percent-encoding. Methods are case-sensitive.
    ///
    /// ```
    /// # use strict_jose::proof::ProofRequest;
    /// assert!(ProofRequest::new("GET", "https://api.example/recipes?page=2").is_ok());
    /// assert!(ProofRequest::new("GET", "/recipes").is_err());
    /// ```
    ///
    /// # Errors
    /// [`InvalidUrl`] if `url` is not an absolute `http` or `https` URL, or contains a user name.
    pub fn new(method: &'a str, url: &'a str) -> Result<Self, InvalidUrl> {
        let url = HttpUrl::parse(url).ok_or(InvalidUrl)?;
        Ok(Self { method, url, access_token: None, nonces: None })
    }

    /// Adds the access token of the request, and the thumbprint of the key that it is bound to (`cnf.jkt`,
    /// [RFC 9449 §6.1](https://www.rfc-editor.org/rfc/rfc9449#section-6.1)). Makes `ath` required.
    ///
    /// Verify the access token first: this method checks only that the proof belongs to it.
    ///
    /// ```
    /// # use strict_jose::proof::ProofRequest;
    /// # let (token, jkt) = ("a", "b");
    /// let request = ProofRequest::new("GET", "https://api.example/recipes")?.access_token(token, jkt);
    /// # Ok::<(), strict_jose::proof::InvalidUrl>(())
    /// ```
    #[must_use]
    pub fn access_token(self, token: &'a str, thumbprint: &'a str) -> Self {
        Self { access_token: Some(BoundToken { token, thumbprint }), ..self }
    }

    /// Requires one of these nonces ([RFC 9449 §8](https://www.rfc-editor.org/rfc/rfc9449#section-8)). An empty list accepts no
    /// proof. A client passes the nonce that the server provided.
    ///
    /// ```
    /// # use strict_jose::proof::ProofRequest;
    /// let request = ProofRequest::new("POST", "https://id.example/token")?.nonces(&["current", "previous"]);
    /// # Ok::<(), strict_jose::proof::InvalidUrl>(())
    /// ```
    #[must_use]
    pub fn nonces(self, nonces: &'a [&'a str]) -> Self {
        Self { nonces: Some(nonces), ..self }
    }

    /// Checks that a proof with these claims is for this request.
    pub(super) fn check(&self, claims: &ProofClaims) -> Result<(), ProofError> {
        if claims.htm != self.method {
            return Err(ProofError::WrongMethod {
                wanted: self.method.into(),
                found: Excerpt::of(&claims.htm),
            });
        }
        if HttpUrl::parse(&claims.htu).is_none_or(|url| !url.is_same(self.url)) {
            // A query may contain secrets.
            let found = Excerpt::of(claims.htu.split(['?', '#']).next().unwrap_or_default());
            return Err(ProofError::WrongUrl { wanted: self.url.text().into(), found });
        }
        if let Some(bound) = self.access_token {
            let ath = claims.ath.as_ref().ok_or(Error::MissingClaim("ath"))?;
            if *ath != bound.hash() {
                return Err(ProofError::WrongAccessToken);
            }
        }
        let nonce = claims.nonce.as_deref();
        if self.nonces.is_some_and(|accepted| !nonce.is_some_and(|nonce| accepted.contains(&nonce))) {
            return Err(ProofError::WrongNonce);
        }
        Ok(())
    }

    /// Checks that the access token is bound to the key with this thumbprint.
    pub(super) fn check_thumbprint(&self, thumbprint: &str) -> Result<(), ProofError> {
        match self.access_token {
            Some(bound) if bound.thumbprint != thumbprint => Err(ProofError::WrongKey),
            _ => Ok(()),
        }
    }
}

impl BoundToken<'_> {
    /// The claim `ath`: the SHA-256 hash of the token in base64url.
    pub(super) fn hash(self) -> String {
        let mut hash = String::with_capacity(SHA256_LEN);
        encode_into(&mut hash, digest::digest(&digest::SHA256, self.token.as_bytes()).as_ref());
        hash
    }
}

impl std::fmt::Debug for BoundToken<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("BoundToken").field("thumbprint", &self.thumbprint).finish_non_exhaustive()
    }
}
