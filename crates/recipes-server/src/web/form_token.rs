//! The tokens in forms, without which a change is refused (CSRF). They come on top of the check of the origin.
//!
//! A token is a keyed digest of the session, so nothing is stored, and all processes with the same secret accept it.

use aws_lc_rs::hmac::{self, HMAC_SHA256};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use ids::SessionId;
use strict_jose::Key;

/// Makes and compares the tokens of forms.
pub struct FormTokens(hmac::Key);

impl FormTokens {
    /// Keyed by the secret of the access tokens.
    pub fn of_secret(secret: &Key) -> Self {
        let secret = hmac::Key::new(HMAC_SHA256, secret.to_jwk().expose().as_bytes());
        Self(hmac::Key::new(HMAC_SHA256, hmac::sign(&secret, b"recipes forms of pages").as_ref()))
    }

    /// The token of the forms in this session; without one, that of all forms of visitors.
    pub fn of(&self, session: Option<SessionId>) -> String {
        URL_SAFE_NO_PAD.encode(hmac::sign(&self.0, &message(session)).as_ref())
    }

    pub fn verify(&self, session: Option<SessionId>, token: &str) -> bool {
        let Ok(token) = URL_SAFE_NO_PAD.decode(token) else { return false };
        hmac::verify(&self.0, &message(session), &token).is_ok()
    }

    /// The code that makes the first administrator: the log shows it, and the first-run page asks for it. Twelve characters without
    /// those that look alike.
    pub fn first_run_code(&self) -> String {
        const LETTERS: &[u8; 32] = b"ABCDEFGHJKLMNPQRSTUVWXYZ23456789";
        let digest = hmac::sign(&self.0, b"first run");
        let letter = |byte: &u8| LETTERS.get(usize::from(byte % 32)).copied().map_or('A', char::from);
        let code: String = digest.as_ref().iter().take(12).map(letter).collect();
        format!("{}-{}-{}", &code[..4], &code[4..8], &code[8..])
    }

    /// Whether a typed code is the one of [`first_run_code`](Self::first_run_code), in any case and with any hyphens.
    pub fn is_first_run_code(&self, typed: &str) -> bool {
        let plain = |text: &str| -> Vec<u8> {
            text.bytes().filter(u8::is_ascii_alphanumeric).map(|byte| byte.to_ascii_uppercase()).collect()
        };
        let key = hmac::sign(&self.0, &plain(&self.first_run_code()));
        hmac::verify(&self.0, &plain(typed), key.as_ref()).is_ok()
    }
}

fn message(session: Option<SessionId>) -> Vec<u8> {
    session.map_or_else(|| b"visitor".to_vec(), |session| format!("session {session}").into_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn token_is_good_for_its_session_only() {
        let tokens = FormTokens::of_secret(&Key::hs256(&[1; 32]).unwrap());
        let other = FormTokens::of_secret(&Key::hs256(&[2; 32]).unwrap());
        let session = |byte| Some(SessionId::new(jiff::Timestamp::UNIX_EPOCH, [byte; 10]));
        let token = tokens.of(session(1));
        assert!(tokens.verify(session(1), &token));
        assert!(!tokens.verify(session(2), &token) && !tokens.verify(None, &token));
        assert!(!other.verify(session(1), &token) && !tokens.verify(session(1), ""));
        assert!(tokens.verify(None, &tokens.of(None)));
    }

    #[test]
    fn first_run_code_may_be_typed_in_any_case() {
        let tokens = FormTokens::of_secret(&Key::hs256(&[1; 32]).unwrap());
        let code = tokens.first_run_code();
        assert_eq!(code.len(), 14, "{code}");
        assert!(
            tokens.is_first_run_code(&code)
                && tokens.is_first_run_code(&code.to_lowercase().replace('-', " "))
        );
        assert!(!tokens.is_first_run_code("") && !tokens.is_first_run_code(&code[1..]));
    }
}
