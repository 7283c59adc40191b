//! The log-in route: an e-mail address and a password in the body.

use std::sync::Arc;

use accounts::audit::Actor;
use axum::extract::{FromRef, FromRequest, Request};
use http::request::Parts;
use tower_passport::{Denial, Error, Local, LocalCredentials, Strategy, Verification, Verify};

use crate::http::body::{Body, ParseFields, fields::Fields};
use crate::http::client_address::ClientAddress;
use crate::http::error::Report;
use crate::passwords::HashError;
use crate::use_cases::accounts::{CheckError, CheckedUser, LogIn, PasswordCheck};

/// The strategy of the log-in route.
pub type PasswordStrategy = Local<CheckPassword>;

/// The strategy that checks passwords with this use case.
pub fn password_strategy(log_in: LogIn) -> PasswordStrategy {
    Local::new(CheckPassword(log_in)).username_field("email").password_field("password")
}

/// The verification of the log-in route.
pub struct CheckPassword(LogIn);

impl Verify<LocalCredentials> for CheckPassword {
    type User = CheckedUser;

    async fn verify(
        &self,
        credentials: LocalCredentials,
        request: &Parts,
    ) -> Result<Verification<CheckedUser>, Error> {
        let LocalCredentials { username, password, .. } = credentials;
        let actor = Actor::anonymous(ClientAddress::of(request).0);
        match self.0.check_password(&username, password, actor).await {
            Ok(PasswordCheck::Right(user)) => Ok(Verification::Accept(user)),
            Ok(PasswordCheck::Wrong) => Ok(Denial::new("wrong_credentials").into()),
            Ok(PasswordCheck::LimitReached(reached)) => {
                let denial = Denial::too_many_requests("log_in_limit", reached.retry_after);
                Ok(denial.with_extension(reached).into())
            }
            Err(error) => Err(match error {
                CheckError::Hash(HashError::Overloaded { retry_after }) => {
                    Error::new(error).with_retry_after(retry_after)
                }
                _ => Error::new(error),
            }),
        }
    }
}

/// The user of a log-in, as a handler argument. It reads the body.
pub struct PasswordLogIn(pub CheckedUser);

impl<S> FromRequest<S> for PasswordLogIn
where
    Arc<PasswordStrategy>: FromRef<S>,
    S: Send + Sync,
{
    type Rejection = Report;

    async fn from_request(request: Request, state: &S) -> Result<Self, Report> {
        let (mut head, Body(LogInBody(credentials))) = Body::split(request).await?;
        head.extensions.insert(credentials);
        Ok(Self(Arc::<PasswordStrategy>::from_ref(state).admit(&head).await?))
    }
}

/// The body of a log-in.
struct LogInBody(LocalCredentials);

impl ParseFields for LogInBody {
    const FIELDS: &'static [&'static str] = &["email", "password"];
    // A proxy that counts log-ins may read the first one.
    const REJECTS_DUPLICATES: bool = true;

    fn parse_fields(fields: &mut Fields<'_>) -> Option<Self> {
        let [email, password] = ["email", "password"].map(|name| fields.required(name, Ok::<_, String>));
        Some(Self(LocalCredentials::new(email?, password?)))
    }
}
