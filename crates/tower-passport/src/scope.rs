//! Scopes: the permissions of credentials.

#[cfg(feature = "axum")]
mod extract;

#[cfg(feature = "axum")]
pub use self::extract::{RequiredScope, Scoped};
use crate::{Challenge, Rejection};

/// A user with scoped credentials: an access token or an API key.
///
/// There are three ways to require a scope. Each one responds with 403 and
/// `WWW-Authenticate: Bearer error="insufficient_scope", scope=".."` (RFC 6750, section 3). The first two name the scheme of
/// the credentials, for example `ApiKey` for a key in a header of its own:
///
/// | for | write |
/// | --- | --- |
/// | a layer, a chain | [`guard.require_scope("recipes:write")`](crate::Strategy::require_scope) |
/// | an axum handler | `Scoped(user, ..): Scoped<Guard, WriteRecipes>` |
/// | a decision that needs more than the route | [`require_scope(&user, "recipes:write")?`](require_scope) |
///
/// ```
/// use tower_passport::{HasScope, scope_list_has};
///
/// struct Caller {
///     /// The claim `scope` of RFC 9068: words with spaces between them.
///     scope: String,
/// }
///
/// impl HasScope for Caller {
///     fn has_scope(&self, scope: &str) -> bool {
///         scope_list_has(&self.scope, scope)
///     }
/// }
///
/// let caller = Caller { scope: "recipes:read recipes:write".into() };
/// assert!(caller.has_scope("recipes:read") && !caller.has_scope("recipes"));
/// assert!(tower_passport::require_scope(&caller, "recipes:write recipes:delete").is_err());
/// ```
///
/// Scopes are about the *credentials*: they limit what a program may do for the user. Whether the user may do it (their role,
/// the owner of a recipe) is a different question, which the handler decides.
pub trait HasScope {
    /// Whether the credentials have this one scope.
    fn has_scope(&self, scope: &str) -> bool;
}

/// Whether a space-separated list of scopes contains this one (RFC 6749, section 3.3).
pub fn scope_list_has(list: &str, scope: &str) -> bool {
    !scope.is_empty() && list.split(' ').any(|word| word == scope)
}

/// Rejects a user without one of these space-separated scopes.
///
/// # Errors
/// A [`Rejection`] with 403 if a scope is missing.
pub fn require_scope<U: HasScope + ?Sized>(user: &U, scope: &str) -> Result<(), Rejection> {
    if has_all_scopes(user, scope) {
        return Ok(());
    }
    Err(rejected("Bearer", scope).logged(|| "require_scope".into(), None))
}

pub(crate) fn has_all_scopes<U: HasScope + ?Sized>(user: &U, scope: &str) -> bool {
    scope.split(' ').filter(|word| !word.is_empty()).all(|word| user.has_scope(word))
}

/// The rejection of a user whose credentials have this scheme and lack this scope.
pub(crate) fn rejected(scheme: &str, scope: &str) -> Rejection {
    let error = ("error", "insufficient_scope");
    // A text that is no scope (RFC 6749, section 3.3) is not sent: the client could not request it.
    let named = is_scope(scope).then(|| Challenge::new(scheme, &[error, ("scope", scope)]).ok()).flatten();
    Rejection::insufficient_scope(
        named
            .or_else(|| Challenge::new(scheme, &[error]).ok())
            .unwrap_or(const { Challenge::from_static(r#"Bearer error="insufficient_scope""#) }),
    )
}

const fn is_scope(list: &str) -> bool {
    let bytes = list.as_bytes();
    let mut at = 0;
    while at < bytes.len() {
        if !matches!(bytes[at], b' '..=b'~') || matches!(bytes[at], b'"' | b'\\') {
            return false;
        }
        at += 1;
    }
    at > 0
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Has(&'static str);

    impl HasScope for Has {
        fn has_scope(&self, scope: &str) -> bool {
            scope_list_has(self.0, scope)
        }
    }

    #[track_caller]
    fn check(has: &'static str, wants: &str, want: Result<(), &str>) {
        let rejected = require_scope(&Has(has), wants)
            .map_err(|rejection| rejection.challenges().next().unwrap().to_str().unwrap().to_owned());
        assert_eq!(rejected, want.map_err(str::to_owned), "{has:?} {wants:?}");
    }

    #[test]
    fn all_scopes_of_the_list_are_required() {
        check("read write", "read", Ok(()));
        check("read write", "write read", Ok(()));
        check("read", "", Ok(()));
        check("read", "read write", Err(r#"Bearer error="insufficient_scope", scope="read write""#));
        check("", "read", Err(r#"Bearer error="insufficient_scope", scope="read""#));
        check("reader", "read", Err(r#"Bearer error="insufficient_scope", scope="read""#));
        check("read", "Read", Err(r#"Bearer error="insufficient_scope", scope="Read""#));
    }

    #[test]
    fn a_text_that_is_no_scope_is_not_sent() {
        for odd in ["a\"b", "a\\b", "é", "a\nb"] {
            check("read", odd, Err(r#"Bearer error="insufficient_scope""#));
        }
    }
}
