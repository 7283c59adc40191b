use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use secrecy::SecretString;
use http::request::Parts;
use tower_passport::{Error, Login, SessionRecord, SessionUser, Verification, Verify};

/// Whoever has been here, by provider and subject.
#[derive(Clone, Default)]
pub struct Users(Arc<Mutex<HashMap<String, User>>>);

#[derive(Clone)]
pub struct User {
    pub name: String,
    /// For the session: with it the provider knows whom to log out.
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

    async fn verify(&self, Login { profile, tokens, .. }: Login, _request: &Parts) -> Result<Verification<User>, Error> {
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
