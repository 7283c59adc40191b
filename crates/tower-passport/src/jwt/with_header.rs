use serde::de::DeserializeOwned;
use strict_jose::{Verified, VerifiedHeader};

/// The claims of a verified token together with its header, as the argument of a verification of [`Jwt`](crate::Jwt).
///
/// A verification that takes its claims in this type also sees the `kid` and the `typ`, for example to log the key:
///
/// ```
/// use serde::Deserialize;
/// use strict_jose::{Key, Rules};
/// use tower_passport::{Jwt, WithHeader};
///
/// #[derive(Deserialize)]
/// struct Claims {
///     sub: String,
/// }
/// # fn example(key: Key, rules: Rules) {
/// let guard = Jwt::new(key, rules, async |token: WithHeader<Claims>| {
///     println!("{} came with a token of the key {:?}", token.claims.sub, token.header.kid());
///     Ok::<_, String>(Some(token.claims.sub))
/// });
/// # }
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WithHeader<C> {
    /// The claims.
    pub claims: C,
    /// The header. The signature covers it.
    pub header: VerifiedHeader,
}

/// What a verification of [`Jwt`](crate::Jwt) can take of a verified token: its claims, in any type that implements
/// `serde::Deserialize` and owns its data, or [`WithHeader`].
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be read from the claims of a token",
    label = "this must implement `serde::Deserialize` and own its data (`String`, not `&str`)"
)]
pub trait FromVerified: Sized + Send + 'static {
    /// The type of the claims.
    type Claims: DeserializeOwned + Send;

    /// Takes the needed values of a verified token.
    fn from_verified(token: Verified<Self::Claims>) -> Self;
}

impl<C: DeserializeOwned + Send + 'static> FromVerified for C {
    type Claims = C;

    fn from_verified(token: Verified<C>) -> C {
        token.claims
    }
}

impl<C: DeserializeOwned + Send + 'static> FromVerified for WithHeader<C> {
    type Claims = C;

    fn from_verified(Verified { claims, header, .. }: Verified<C>) -> Self {
        Self { claims, header }
    }
}
