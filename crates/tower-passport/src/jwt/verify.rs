use std::fmt;
use std::marker::PhantomData;

use serde::de::DeserializeOwned;

/// Makes a user of the claims of a token whose signature and rules are already good.
///
/// A function `|claims: C| async { .. }` can be given to [`Jwt::new`](crate::Jwt::new) just as well. A type of your own
/// has a name, and so has then the strategy:
///
/// ```
/// use serde::Deserialize;
/// use strict_jose::Key;
/// # #[cfg(feature = "axum")]
/// use tower_passport::Auth;
/// use tower_passport::{Jwt, VerifyClaims};
///
/// type Guard = Jwt<Key, FindUser>;
///
/// # #[cfg(feature = "axum")]
/// async fn profile(Auth(user): Auth<Guard>) -> String {
///     user.name
/// }
///
/// struct FindUser {
///     users: Users,
/// }
///
/// impl VerifyClaims for FindUser {
///     type Claims = Claims;
///     type User = User;
///     type Error = std::io::Error;
///
///     async fn verify(&self, claims: Claims) -> Result<Option<User>, std::io::Error> {
///         self.users.find(claims.sub).await
///     }
/// }
///
/// #[derive(Deserialize)]
/// struct Claims {
///     sub: u64,
/// }
/// # struct User { name: String }
/// # struct Users;
/// # impl Users { async fn find(&self, id: u64) -> Result<Option<User>, std::io::Error> { Ok(None) } }
/// ```
pub trait VerifyClaims: Send + Sync + 'static {
    /// What is read from the token's payload. A payload of another shape is refused.
    type Claims: DeserializeOwned + Send;
    /// Who it turns out to be.
    type User: Send + 'static;
    /// Why it cannot be found out now; any error, also [`tower_passport::Error`](crate::Error) with a `Retry-After`.
    type Error: Into<Box<dyn std::error::Error + Send + Sync>>;

    /// Finds the user. Write it as `async fn`.
    ///
    /// # Errors
    /// If it could not decide: the answer is 503. Somebody who is unknown, locked or logged out is no error but
    /// `Ok(None)`, and the answer 401.
    fn verify(
        &self,
        claims: Self::Claims,
    ) -> impl Future<Output = Result<Option<Self::User>, Self::Error>> + Send;
}

/// What [`Jwt::new`](crate::Jwt::new) takes: a [`VerifyClaims`] type or a function of the claims. `Kind` is which of
/// them, and the compiler finds it.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot verify claims",
    label = "expected `|claims: Claims| async {{ Ok(Some(user)) }}` or a type that implements `VerifyClaims`",
    note = "the type of the claims must be written out and implement `serde::Deserialize`",
    note = "the future must be `Send` and give `Result<Option<User>, E>`, where `E` is an error"
)]
pub trait IntoVerifyClaims<Kind> {
    /// The verification that it becomes.
    type Verify: VerifyClaims;

    /// Becomes it.
    fn into_verify(self) -> Self::Verify;
}

/// The kind of [`IntoVerifyClaims`] that is a type.
#[derive(Debug)]
pub struct ByType(());

/// The kind of [`IntoVerifyClaims`] that is a function of the claims `C`.
#[derive(Debug)]
pub struct ByFunction<C>(PhantomData<C>);

impl<V: VerifyClaims> IntoVerifyClaims<ByType> for V {
    type Verify = V;

    fn into_verify(self) -> V {
        self
    }
}

impl<F, C, Answer, U, E> IntoVerifyClaims<ByFunction<C>> for F
where
    F: Fn(C) -> Answer + Send + Sync + 'static,
    C: DeserializeOwned + Send + 'static,
    Answer: Future<Output = Result<Option<U>, E>> + Send,
    U: Send + 'static,
    E: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    type Verify = VerifyFn<F, C>;

    fn into_verify(self) -> VerifyFn<F, C> {
        VerifyFn { function: self, claims: PhantomData }
    }
}

/// A function as [`VerifyClaims`].
#[derive(Clone)]
pub struct VerifyFn<F, C> {
    function: F,
    claims: PhantomData<fn(C)>,
}

impl<F, C, Answer, U, E> VerifyClaims for VerifyFn<F, C>
where
    F: Fn(C) -> Answer + Send + Sync + 'static,
    C: DeserializeOwned + Send + 'static,
    Answer: Future<Output = Result<Option<U>, E>> + Send,
    U: Send + 'static,
    E: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    type Claims = C;
    type User = U;
    type Error = E;

    fn verify(&self, claims: C) -> impl Future<Output = Result<Option<U>, E>> + Send {
        (self.function)(claims)
    }
}

impl<F, C> fmt::Debug for VerifyFn<F, C> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("VerifyFn(..)")
    }
}
