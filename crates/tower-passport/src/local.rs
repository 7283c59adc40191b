//! A user name and a password in the body: the log-in itself.

use std::fmt;

use http::request::Parts;
use secrecy::ExposeSecret;

use crate::fields::{ContentType, Field, Unreadable};
use crate::{
    BufferedBody, Challenge, Challenges, Error, LocalCredentials, Outcome, Rejection, Strategy, Verify,
};

/// Authenticates by a user name and a password in the body of the request, as JSON or as a form.
///
/// Use it on the log-in route, inside the [`BufferBody`](crate::BufferBody) layer, which reads the body. An application that
/// parses the body itself inserts [`LocalCredentials`] into the extensions of the request instead.
///
/// ```
/// use axum::{Extension, Router, routing::post};
/// use secrecy::ExposeSecret;
/// use tower_passport::{Authenticate, BufferBody, CurrentUser, Local, LocalCredentials};
///
/// async fn log_in(Extension(CurrentUser(user)): Extension<CurrentUser<String>>) -> String {
///     format!("Hello, {user}")
/// }
///
/// let local = Local::new(|credentials: LocalCredentials| async move {
///     // In earnest: look the user up, and verify the password even if there is none.
///     let good = credentials.password.expose_secret() == "open sesame";
///     Ok::<_, std::convert::Infallible>(good.then_some(credentials.username))
/// })
/// .username_field("email");
///
/// let app: Router = Router::new()
///     .route("/login", post(log_in))
///     .route_layer(Authenticate::new(local))
///     .route_layer(BufferBody::new(16 * 1024));
/// ```
///
/// | the request has | outcome |
/// | --- | --- |
/// | no body, and is no form | pass |
/// | a body that is neither JSON nor a form, is broken, or names a field twice | 400 `invalid_request` |
/// | a field missing, empty, or not text | 400 `invalid_request`, with all such fields in `missing_fields` |
/// | both fields, and the verification denies | 401 `wrong_credentials`, unless the [`Denial`](crate::Denial) says otherwise |
/// | both fields, and the verification fails | 503 |
/// | anything, but the `BufferBody` layer is missing | 500, and the log names the layer |
///
/// The query string is never read: passwords in URLs end up in logs and histories.
///
/// # Requests that other sites cause
///
/// If the log-in begins a cookie session, put [`CrossOriginProtection`](crate::CrossOriginProtection) around it. Otherwise
/// another site could log its visitors in to an account of the attacker.
///
/// # The challenge
///
/// A 401 response must name a scheme (RFC 9110, section 15.5.2), but none is registered for log-in forms, and `Basic` would
/// open the browser's own dialogue. The challenge is therefore `Form`, which clients ignore.
/// [`challenges`](Self::challenges) replaces it.
pub struct Local<V> {
    verify: V,
    username: Field,
    password: Field,
    challenges: Challenges,
}

impl<V: Verify<LocalCredentials>> Local<V> {
    /// The strategy for the fields `username` and `password`. The [verification](Verify) takes [`LocalCredentials`].
    pub fn new(verify: V) -> Self {
        Self {
            verify,
            username: Field::new("username"),
            password: Field::new("password"),
            challenges: Challenge::from_static("Form").into(),
        }
    }
}

impl<V> Local<V> {
    /// Sets the name of the field with the user name.
    ///
    /// `user[email]` and `user.email` both mean the field `email` inside `user`: a member of an object in JSON, and a field with
    /// either of these names in a form.
    #[must_use]
    pub fn username_field(self, name: &str) -> Self {
        Self { username: Field::new(name), ..self }
    }

    /// Sets the name of the field with the password. It can be nested like [`username_field`](Self::username_field).
    #[must_use]
    pub fn password_field(self, name: &str) -> Self {
        Self { password: Field::new(name), ..self }
    }

    /// Sets the challenges of 401 responses, instead of `Form`.
    #[must_use]
    pub fn challenges(self, challenges: impl Into<Challenges>) -> Self {
        Self { challenges: challenges.into(), ..self }
    }

    fn read(&self, request: &Parts, body: &[u8]) -> Result<LocalCredentials, Rejection> {
        let wanted = [&self.username, &self.password];
        let Some(content_type) = ContentType::of(request) else {
            return Err(Rejection::invalid_request(CONTENT_TYPES).with_cause("content_type"));
        };
        let found = content_type.read(body, wanted).map_err(|unreadable| match unreadable {
            Unreadable::Broken => {
                Rejection::invalid_request("The body cannot be read.").with_cause("broken_body")
            }
            Unreadable::Twice => {
                Rejection::invalid_request("A field appears twice.").with_cause("field_twice")
            }
        })?;
        let [username, password] = found.map(Option::unwrap_or_default);
        self.complete(LocalCredentials::new(username, password))
    }

    /// Rejects empty credentials as missing.
    fn complete(&self, credentials: LocalCredentials) -> Result<LocalCredentials, Rejection> {
        let is_empty = [credentials.username.is_empty(), credentials.password.expose_secret().is_empty()];
        if is_empty == [false; 2] {
            return Ok(credentials);
        }
        let fields = std::iter::zip(is_empty, [&self.username, &self.password]);
        let missing = fields.filter(|(is_empty, _)| *is_empty).map(|(_, field)| field.name().to_owned());
        Err(Rejection::invalid_request("Fields are missing.")
            .with_missing_fields(missing)
            .with_cause("missing_fields"))
    }
}

const CONTENT_TYPES: &str = "Send the credentials as application/json or application/x-www-form-urlencoded.";

impl<V: Verify<LocalCredentials>> Strategy for Local<V> {
    type User = V::User;

    async fn authenticate(&self, request: &Parts) -> Result<Outcome<V::User>, Error> {
        let credentials = match (request.extensions.get(), request.extensions.get()) {
            (Some(parsed), _) => self.complete(LocalCredentials::clone(parsed)),
            // An empty form is a log-in with missing fields. Any other empty body has no credentials, even with a
            // `Content-Type`, which some clients send with every request.
            (None, Some(BufferedBody(body)))
                if body.is_empty() && !matches!(ContentType::of(request), Some(ContentType::Form)) =>
            {
                return Ok(Outcome::Pass(self.challenges.clone()));
            }
            (None, Some(BufferedBody(body))) => self.read(request, body),
            (None, None) => {
                return Err(Error::misconfigured(
                    "`Local` reads the body that the `BufferBody` layer buffers: add that layer",
                ));
            }
        };
        let credentials = match credentials {
            Ok(credentials) => credentials,
            Err(rejection) => return Ok(Outcome::Reject(rejection)),
        };
        let verification = self.verify.verify(credentials, request).await?;
        Ok(verification.into_outcome(|| Rejection::wrong_credentials(self.challenges.clone())))
    }
}

/// Leaves out the verification.
impl<V> fmt::Debug for Local<V> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Local")
            .field("username", &self.username.name())
            .field("password", &self.password.name())
            .finish_non_exhaustive()
    }
}
