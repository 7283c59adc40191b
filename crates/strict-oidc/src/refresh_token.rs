//! Refresh tokens and their rotation.
//!
//! A token names its grant and has two secrets. The *family* is the same in all refresh tokens of a grant. It tells an old token
//! from a forged one: the id of a grant, which is the `sid` of ID tokens, cannot end the grant. The other secret is the token's
//! own.
//!
//! A successor is computed from its predecessor's own secret and a nonce in the database. Neither of them alone yields the
//! successor. Both together yield the same one again, for a client that did not receive the answer.

use std::fmt;
use std::time::Duration;

use aws_lc_rs::hmac;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::digest::Digest;
use crate::grant::{Grant, GrantId, RefreshState};
use crate::provider::Lifetimes;
use crate::time::UnixTime;

const ID: usize = 16;
const FAMILY: usize = 16;
const SECRET: usize = 32;
const LEN: usize = ID + FAMILY + SECRET;

/// How long a used refresh token gets the same successor again: tabs that refresh at the same moment, a request that is sent
/// twice.
const REPEATABLE: Duration = Duration::from_mins(1);

/// A refresh token: 86 characters of base64url. `Debug` hides it.
///
/// ```
/// assert!(strict_oidc::RefreshToken::parse("not a refresh token").is_none());
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct RefreshToken([u8; LEN]);

/// What becomes of a refresh token and its grant ([RFC 9700 §4.14.2](https://www.rfc-editor.org/rfc/rfc9700#section-4.14.2)).
pub(crate) enum Rotation {
    /// The token is no token of this grant.
    Unknown,
    /// The newest token, or its predecessor whose successor was lost, gets a new successor.
    Next(RefreshToken, RefreshState),
    /// The predecessor gets the newest token again.
    Again(RefreshToken),
    /// The grant is too old.
    Expired,
    /// The token is older than the predecessor: another client has a copy of it or of a later one. It is unknown which of the two
    /// is the thief, so the grant ends.
    Reused,
}

impl RefreshToken {
    /// The first token of a grant, and its state.
    pub(crate) fn first(grant: GrantId, secret: &[u8; 32], now: UnixTime) -> (Self, RefreshState) {
        let mut bytes = [0; LEN];
        bytes[..ID].copy_from_slice(grant.as_bytes());
        // Two secrets out of one: neither tells anything about the other.
        let key = hmac::Key::new(hmac::HMAC_SHA256, secret);
        bytes[ID..ID + FAMILY].copy_from_slice(&hmac::sign(&key, b"family").as_ref()[..FAMILY]);
        bytes[ID + FAMILY..].copy_from_slice(hmac::sign(&key, b"token").as_ref());
        let token = Self(bytes);
        let state = RefreshState {
            family: token.family(),
            current: token.digest(),
            previous: None,
            nonce: None,
            rotated_at: now,
        };
        (token, state)
    }

    /// Reads the one spelling that [`expose`](Self::expose) writes.
    pub fn parse(text: &str) -> Option<Self> {
        let mut bytes = [0; LEN];
        let len = URL_SAFE_NO_PAD.decode_slice(text, &mut bytes).ok()?;
        (len == LEN).then_some(Self(bytes))
    }

    /// The text that the client gets.
    pub fn expose(&self) -> String {
        URL_SAFE_NO_PAD.encode(self.0)
    }

    /// The grant that the token names.
    pub fn grant(&self) -> GrantId {
        let mut id = [0; ID];
        id.copy_from_slice(&self.0[..ID]);
        GrantId::from_bytes(id)
    }

    fn digest(&self) -> Digest {
        Digest::of(self.0)
    }

    fn family(&self) -> Digest {
        Digest::of(&self.0[..ID + FAMILY])
    }

    fn successor(&self, nonce: &[u8; 32]) -> Self {
        let (kept, secret) = self.0.split_at(ID + FAMILY);
        let made = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, secret), nonce);
        let mut bytes = [0; LEN];
        bytes[..kept.len()].copy_from_slice(kept);
        bytes[kept.len()..].copy_from_slice(made.as_ref());
        Self(bytes)
    }

    /// Decides about this token. `nonce`: 32 new random bytes.
    pub(crate) fn rotate(
        &self,
        grant: &Grant,
        lifetimes: &Lifetimes,
        nonce: [u8; 32],
        now: UnixTime,
    ) -> Rotation {
        let Some(state) =
            grant.refresh.filter(|state| grant.id == self.grant() && state.family == self.family())
        else {
            return Rotation::Unknown;
        };
        if now >= state.rotated_at + lifetimes.refresh_idle || now >= grant.created_at + lifetimes.grant {
            return Rotation::Expired;
        }
        let digest = self.digest();
        let is_previous = state.previous == Some(digest);
        if state.current != digest && !is_previous {
            return Rotation::Reused;
        }
        match state.nonce {
            Some(made) if is_previous && now.since(state.rotated_at) < REPEATABLE => {
                Rotation::Again(self.successor(&made))
            }
            _ => {
                let next = self.successor(&nonce);
                let state = RefreshState {
                    family: state.family,
                    current: next.digest(),
                    previous: Some(digest),
                    nonce: Some(nonce),
                    rotated_at: now,
                };
                Rotation::Next(next, state)
            }
        }
    }

    /// Whether the token is one of this grant, for revocation.
    pub(crate) fn is_of(&self, grant: &Grant) -> bool {
        grant.id == self.grant() && grant.refresh.is_some_and(|state| state.family == self.family())
    }

    /// Whether the token can be used now, for introspection.
    pub(crate) fn is_current(&self, grant: &Grant) -> bool {
        self.is_of(grant) && grant.refresh.is_some_and(|state| state.current == self.digest())
    }
}

impl fmt::Debug for RefreshToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RefreshToken(..)")
    }
}
