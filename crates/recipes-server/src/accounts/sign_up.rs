//! Signing up.

use recipes::{Email, Encoding, Name, NewUser, Problem, Role};
use secrecy::SecretString;
use serde_json::{Map, Value};

use super::{Accounts, LoggedIn, Origin};
use crate::{
    body::{
        Parse,
        fields::{self, Fields},
    },
    error::ApiError,
    passwords::policy,
};

impl Accounts {
    /// Makes an account and its first session.
    ///
    /// # Errors
    /// [`ApiError::EmailTaken`], as the store's constraint decides, and when the work cannot be done now.
    pub async fn sign_up(&self, new: SignUp, origin: Origin) -> Result<LoggedIn, ApiError> {
        let SignUp { name, email, password } = new;
        let password_hash = Some(self.passwords.hash(password).await?);
        let new = NewUser { name, email, password_hash, role: Role::User };
        let session = self.new_session(origin);
        let token = session.token.clone();
        let now = self.clock.now();
        let (user, session) = self.store.create_user_with_session(new, session, None, now).await?;
        tracing::info!(user.id = %user.id, "User {} signed up", user.id);
        self.logged_in(user, &session, token, now)
    }
}

/// A valid request for an account.
pub struct SignUp {
    name: Name,
    email: Email,
    password: SecretString,
}

impl Parse for SignUp {
    fn unknown_fields(fields: &Map<String, Value>) -> Vec<String> {
        fields::unknown(fields, &["name", "email", "password"])
    }

    fn parse(fields: &Map<String, Value>, _: Encoding) -> Result<Self, Vec<Problem>> {
        let mut fields = Fields::of(fields);
        let name = fields.required("name", Name::parse);
        let email = fields.required("email", Email::parse);
        let password = fields.required("password", |password| {
            policy::check(password, name.as_ref().map(Name::as_str), email.as_ref().map(Email::as_str))?;
            Ok::<_, String>(SecretString::from(password))
        });
        match (name, email, password) {
            (Some(name), Some(email), Some(password)) => Ok(Self { name, email, password }),
            _ => Err(fields.problems()),
        }
    }
}
