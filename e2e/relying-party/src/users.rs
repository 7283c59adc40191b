use std::borrow::Cow;
use std::collections::HashMap;
use std::convert::Infallible;
use std::sync::{Arc, Mutex, PoisonError};

use secrecy::SecretString;
use tower_passport::{LoadUser, Login, SessionUser, VerifyLogin};

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

impl VerifyLogin for Users {
    type User = User;
    type Error = Infallible;

    async fn verify(&self, Login { profile, tokens, .. }: Login) -> Result<Option<User>, Infallible> {
        let email = profile.email.unwrap_or_default();
        let name = format!("{} at {} <{email}>", profile.subject, profile.provider);
        let user = User { name: name.clone(), id_token: tokens.id_token };
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(name, user.clone());
        Ok(Some(user))
    }
}

impl LoadUser for Users {
    type User = User;
    type Error = Infallible;

    async fn load(&self, id: String) -> Result<Option<User>, Infallible> {
        Ok(self.0.lock().unwrap_or_else(PoisonError::into_inner).get(&id).cloned())
    }
}
