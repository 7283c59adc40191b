//! The operations that a key may be used for.

/// The operations that a key is restricted to ([RFC 7517 §4.3](https://www.rfc-editor.org/rfc/rfc7517#section-4.3)).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Purpose {
    SignAndVerify,
    Sign,
    Verify,
}
