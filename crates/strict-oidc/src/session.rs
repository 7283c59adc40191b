//! What the server knows about the browser of a user.

use serde::{Deserialize, Serialize};

use crate::scopes::Scopes;
use crate::time::UnixTime;

/// A log-in of a user in one browser. Load it by the session cookie.
///
/// ```
/// use strict_oidc::{Session, UnixTime};
///
/// let session = Session {
///     id: "s1".into(),
///     subject: "7".into(),
///     authenticated_at: UnixTime(1_900_000_000),
///     acr: "aal1".into(),
///     amr: vec!["pwd".into()],
///     attainable_acr: "aal2".into(),
/// };
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Session {
    /// The id of the session. It never leaves the server.
    pub id: String,
    /// The id of the user. It never starts with `c_`, as client ids do.
    pub subject: String,
    /// When the user last authenticated.
    pub authenticated_at: UnixTime,
    /// The authentication level that was reached: one of [`Provider::acr_values`](crate::Provider::acr_values).
    pub acr: String,
    /// How it was reached ([RFC 8176](https://www.rfc-editor.org/rfc/rfc8176)), such as `pwd`, `otp`, `hwk`.
    pub amr: Vec<String>,
    /// The strongest level that this user can reach with the factors that they have.
    pub attainable_acr: String,
}

/// What a user allowed a client to do. Store it by user and client, and load it for each visit.
///
/// ```
/// use strict_oidc::{Consent, Scopes};
///
/// let consent = Consent { resource: None, scopes: Scopes::parse("openid profile")? };
/// # Ok::<(), strict_oidc::InvalidScope>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Consent {
    /// The resource that the client asked for by name.
    pub resource: Option<String>,
    /// The scopes that the user allowed.
    pub scopes: Scopes,
}
