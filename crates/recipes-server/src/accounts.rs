//! What people do with their accounts, free of HTTP: sign up, log in, be recognized.

use std::time::Duration;

use recipes::{Clock, Email, Encoding, Name, NewUser, Problem, Role, User, UserId, store::Store};
use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use strict_jose::{Key, Rules};
use tower_passport::{Jwt, Local, LocalCredentials, VerifyClaims, VerifyPassword};

use crate::{
    body::Parse,
    conditional::system_time,
    error::{ApiError, Cause},
    passwords::{Passwords, Verdict, policy},
};

/// Who may pass a protected route: the bearer of an access token of ours whose user is still there.
pub type Guard = Jwt<Key, FindUser>;

/// Who may have a token: whoever knows the e-mail and the password of an account.
pub type LogIn = Local<CheckPassword>;

/// What an access token is for, so that no other kind of token passes as one (RFC 8725 section 3.11).
const ACCESS_TOKEN: &str = "at+jwt";

/// The claims of an access token. `id` is the original API's name for the user; nothing personal is in it.
#[derive(Debug, Serialize, Deserialize)]
pub struct AccessClaims {
    pub id: UserId,
    pub iat: i64,
    pub exp: i64,
}

/// What every access token must satisfy. It is made and read by this server only, with a key that nobody else
/// has, so there is no other issuer or audience to tell it from.
pub fn access_rules() -> Rules {
    Rules::typ(ACCESS_TOKEN).any_issuer().any_audience()
}

/// The guard of the protected routes.
pub fn guard(key: Key, store: Store, clock: Clock) -> Guard {
    Jwt::new(key, access_rules(), FindUser(store)).clock(move || system_time(clock.now()))
}

/// The door of the log-in route, for bodies that say `email` and `password`.
pub fn log_in(store: Store, passwords: Passwords, clock: Clock) -> LogIn {
    Local::new(CheckPassword { store, passwords, clock }).username_field("email").password_field("password")
}

/// Makes accounts and the tokens for them.
pub struct Accounts {
    pub store: Store,
    pub passwords: Passwords,
    pub key: Key,
    pub expires_in: Duration,
    pub clock: Clock,
}

impl Accounts {
    /// Makes an account and its first access token.
    ///
    /// # Errors
    /// [`ApiError::EmailTaken`], as the store's constraint decides, and when the work cannot be done now.
    pub async fn sign_up(&self, SignUp { name, email, password }: SignUp) -> Result<String, ApiError> {
        let password_hash = Some(self.passwords.hash(password).await?);
        let new = NewUser { name, email, password_hash, role: Role::User };
        let user = self.store.create_user(new, self.clock.now()).await?;
        tracing::info!(user.id = %user.id, "User {} signed up", user.id);
        self.access_token(user.id)
    }

    /// An access token for this user, good for the configured time from now.
    ///
    /// # Errors
    /// Should signing fail, an [`ApiError::Internal`].
    pub fn access_token(&self, id: UserId) -> Result<String, ApiError> {
        let iat = self.clock.now().as_second();
        let lifetime = i64::try_from(self.expires_in.as_secs()).unwrap_or(i64::MAX);
        let claims = AccessClaims { id, iat, exp: iat.saturating_add(lifetime) };
        self.key.sign(ACCESS_TOKEN, &claims).map_err(ApiError::internal)
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
        let unknown = fields.keys().filter(|name| !["name", "email", "password"].contains(&name.as_str()));
        unknown.map(|name| format!("/{}", name.replace('~', "~0").replace('/', "~1"))).collect()
    }

    fn parse(fields: &Map<String, Value>, _: Encoding) -> Result<Self, Vec<Problem>> {
        let text = |field| match fields.get(field) {
            Some(Value::String(text)) => Ok(text.as_str()),
            None | Some(Value::Null) => Err("is required"),
            Some(_) => Err("must be a text"),
        };
        let name = text("name").and_then(Name::parse).map_err(str::to_owned);
        let email = text("email").and_then(Email::parse).map_err(str::to_owned);
        let password = text("password").map_err(str::to_owned).and_then(|password| {
            let known = (name.as_ref().ok().map(Name::as_str), email.as_ref().ok().map(Email::as_str));
            policy::check(password, known.0, known.1)?;
            Ok(SecretString::from(password))
        });
        match (name, email, password) {
            (Ok(name), Ok(email), Ok(password)) => Ok(Self { name, email, password }),
            (name, email, password) => {
                let problems =
                    [("/name", name.err()), ("/email", email.err()), ("/password", password.err())];
                let problem = |(pointer, message): (&str, Option<String>)| {
                    message.map(|message| Problem { pointer: pointer.to_owned(), message })
                };
                Err(problems.into_iter().filter_map(problem).collect())
            }
        }
    }
}

/// Finds the user an access token was made for.
pub struct FindUser(Store);

impl VerifyClaims for FindUser {
    type Claims = AccessClaims;
    type User = User;
    type Error = Cause;

    async fn verify(&self, claims: AccessClaims) -> Result<Option<User>, Cause> {
        // Ids are never reused, so the token of a deleted user can never become somebody else's.
        Ok(self.0.user(claims.id).await?.filter(|user| !user.disabled))
    }
}

/// Checks an e-mail and a password with the same work and the same answer whether the account exists or not.
pub struct CheckPassword {
    store: Store,
    passwords: Passwords,
    clock: Clock,
}

impl VerifyPassword for CheckPassword {
    type User = User;
    type Error = Cause;

    async fn verify(&self, credentials: LocalCredentials) -> Result<Option<User>, Cause> {
        let LocalCredentials { username, password, .. } = credentials;
        let (user, stored) = match Email::parse(&username) {
            Ok(email) => self.store.user_by_email(&email).await?.unzip(),
            // No account can have this name; only the time it takes must not say so.
            Err(_) => (None, None),
        };
        let stored = stored.flatten();
        let verdict = self.passwords.verify(password.clone(), stored.clone()).await?;
        let user = user.filter(|user| verdict != Verdict::Wrong && !user.disabled);
        match (&user, stored) {
            (Some(user), Some(stored)) if verdict == Verdict::RightButOutdated => {
                self.upgrade(user, stored, password).await;
            }
            (None, _) => tracing::info!("A log-in failed"),
            _ => {}
        }
        Ok(user)
    }
}

impl CheckPassword {
    /// Replaces a hash of an older scheme or weaker parameters: now is the only time the password is at hand.
    async fn upgrade(&self, user: &User, old: recipes::PasswordHash, password: SecretString) {
        // bcrypt reads 72 bytes, and imported hashes were made from no more; a longer password must still log in
        // after the scheme has changed to one that would refuse it.
        let new = match self.passwords.hash(password).await {
            Ok(new) => new,
            Err(error) => {
                tracing::warn!(user.id = %user.id, %error, "An outdated password hash was kept");
                return;
            }
        };
        match self.store.replace_password_hash(user.id, &old, new, self.clock.now()).await {
            Ok(_) => tracing::info!(user.id = %user.id, "User {}: password hash upgraded", user.id),
            // The log-in itself is good; the next one tries again.
            Err(error) => tracing::warn!(user.id = %user.id, %error, "An outdated password hash was kept"),
        }
    }
}
