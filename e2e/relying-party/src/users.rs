use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use axum::http::request::Parts;
use secrecy::SecretString;
use tower_passport::{Error, Login, SessionRecord, SessionUser, Verification, Verify};

/// All users who have logged in, by provider and subject.
#[derive(Clone, Default)]
pub struct Users(Arc<Mutex<HashMap<String, User>>>);

#[derive(Clone)]
pub struct User {
    pub name: String,
    /// Stored with the session, as the hint for the log-out at the provider.
    pub id_token: Option<SecretString>,
}

impl SessionUser for User {
    fn id(&self) -> Cow<'_, str> {
        Cow::Borrowed(&self.name)
    }

    fn session_auth_hash(&self) -> Cow<'_, [u8]> {
        Cow::Borrowed(b"")
    }
}

impl Verify<Login> for Users {
    type User = User;

    async fn verify(
        &self,
        Login { profile, tokens, .. }: Login,
        _request: &Parts,
    ) -> Result<Verification<User>, Error> {
        let email = profile.email.unwrap_or_default();
        let name = format!("{} at {} <{email}>", profile.subject, profile.provider);
        let user = User { name: name.clone(), id_token: tokens.id_token };
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(name, user.clone());
        Ok(Verification::Accept(user))
    }
}

impl Verify<SessionRecord> for Users {
    type User = User;

    async fn verify(&self, session: SessionRecord, _request: &Parts) -> Result<Verification<User>, Error> {
        Ok(self.0.lock().unwrap_or_else(PoisonError::into_inner).get(&session.user).cloned().into())
    }
}
