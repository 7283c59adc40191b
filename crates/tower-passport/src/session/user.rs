use std::borrow::Cow;

/// The parts of a user that a session must remember.
pub trait SessionUser {
    /// The id by which the verification of [`Session`](crate::Session) finds the user again.
    fn id(&self) -> Cow<'_, str>;

    /// A value that ends all sessions of the user when it changes: the hash of the password, or a counter.
    ///
    /// The session keeps a digest of it.
    fn session_auth_hash(&self) -> Cow<'_, [u8]>;
}
