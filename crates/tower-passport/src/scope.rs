//! What credentials allow: somebody is known, and may still not do this.

#[cfg(feature = "axum")]
mod extract;

use http::request::Parts;

#[cfg(feature = "axum")]
pub use self::extract::{RequiredScope, Scoped};
use crate::refusal::logged;
use crate::{Challenge, Error, Outcome, Refusal, Rejection, Strategy};

/// A user whose credentials allow some things and not others: the scope of an access token or of an API key.
///
/// It is asked in three ways, and each answers 403 with
/// `WWW-Authenticate: Bearer error="insufficient_scope", scope=".."` (RFC 6750, section 3):
///
/// | for | write |
/// | --- | --- |
/// | a layer, a chain | [`guard.require_scope("recipes:write")`](Strategy::require_scope) |
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
/// Scopes are about the *credentials*: what their owner let this program do. Whether the owner himself may do it (his
/// role, whose recipe it is) is another question, and the handler's.
pub trait HasScope {
    /// Whether these credentials allow this one scope.
    fn has_scope(&self, scope: &str) -> bool;
}

/// Whether a list of scopes, as tokens have it (RFC 6749, section 3.3: words with spaces between them), has this one.
pub fn scope_list_has(list: &str, scope: &str) -> bool {
    !scope.is_empty() && list.split(' ').any(|word| word == scope)
}

/// Refuses a user whose credentials do not have all scopes of this list (words with spaces between them).
///
/// # Errors
/// A [`Refusal`], 403, if one is missing.
pub fn require_scope<U: HasScope + ?Sized>(user: &U, scope: &str) -> Result<(), Refusal> {
    if has_all(user, scope) { Ok(()) } else { Err(logged(insufficient(challenge(scope)).into())) }
}

/// A strategy that also wants a scope: see [`Strategy::require_scope`].
#[derive(Clone, Debug)]
pub struct RequireScope<S> {
    strategy: S,
    scope: Box<str>,
    challenge: Challenge,
}

impl<S> RequireScope<S> {
    pub(crate) fn new(strategy: S, scope: &str) -> Self {
        Self { strategy, scope: scope.into(), challenge: challenge(scope) }
    }
}

impl<S: Strategy<User: HasScope>> Strategy for RequireScope<S> {
    type User = S::User;

    async fn authenticate(&self, request: &Parts) -> Result<Outcome<S::User>, Error> {
        Ok(match self.strategy.authenticate(request).await? {
            Outcome::Accept(user) if !has_all(&user, &self.scope) => {
                Outcome::Reject(insufficient(self.challenge.clone()))
            }
            concluded => concluded,
        })
    }
}

fn has_all<U: HasScope + ?Sized>(user: &U, scope: &str) -> bool {
    scope.split(' ').filter(|word| !word.is_empty()).all(|word| user.has_scope(word))
}

fn insufficient(challenge: Challenge) -> Rejection {
    Rejection::insufficient_scope(challenge).because("insufficient_scope")
}

fn challenge(scope: &str) -> Challenge {
    let error = ("error", "insufficient_scope");
    // What is no scope (RFC 6749, section 3.3) is not sent: the client could not ask for it.
    let named = is_scope(scope).then(|| Challenge::new("Bearer", &[error, ("scope", scope)]));
    named
        .and_then(Result::ok)
        .unwrap_or(const { Challenge::from_static(r#"Bearer error="insufficient_scope""#) })
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
        let refused = require_scope(&Has(has), wants)
            .map_err(|refusal| refusal.challenges().next().unwrap().to_str().unwrap().to_owned());
        assert_eq!(refused, want.map_err(str::to_owned), "{has:?} {wants:?}");
    }

    #[test]
    fn all_scopes_of_the_list_are_needed() {
        check("read write", "read", Ok(()));
        check("read write", "write read", Ok(()));
        check("read", "", Ok(()));
        check("read", "read write", Err(r#"Bearer error="insufficient_scope", scope="read write""#));
        check("", "read", Err(r#"Bearer error="insufficient_scope", scope="read""#));
        check("reader", "read", Err(r#"Bearer error="insufficient_scope", scope="read""#));
        check("read", "Read", Err(r#"Bearer error="insufficient_scope", scope="Read""#));
    }

    #[test]
    fn what_no_client_could_ask_for_is_not_sent() {
        for odd in ["a\"b", "a\\b", "é", "a\nb"] {
            check("read", odd, Err(r#"Bearer error="insufficient_scope""#));
        }
    }
}
