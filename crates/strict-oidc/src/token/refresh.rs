//! A refresh token is replaced ([RFC 6749 §6](https://www.rfc-editor.org/rfc/rfc6749#section-6)).

use super::{Change, EndReason, FoundGrant, Request, TokenDecision, invalid_grant};
use crate::error::{ErrorCode, OAuthError};
use crate::refresh_token::{RefreshToken, Rotation};
use crate::scopes::Scopes;

impl Request<'_> {
    pub(super) fn refresh(
        &self,
        token: &RefreshToken,
        found: FoundGrant,
    ) -> Result<TokenDecision, OAuthError> {
        let FoundGrant { grant, user } = found;
        if grant.client_id != self.client().id {
            return Err(invalid_grant("the refresh token was issued to another client"));
        }
        if grant.jkt.as_deref().is_some_and(|bound| self.call.jkt != Some(bound)) {
            return Err(invalid_grant("the refresh token is bound to another DPoP key"));
        }
        let Some(user) = user else {
            return Err(invalid_grant("the user has logged out or is disabled"));
        };
        let scopes = self.scopes(&grant.scopes)?;
        if grant.resource.is_some() && self.resource.is_some() && self.resource != grant.resource {
            let problem = "the `resource` is another one than that of the authorization request";
            return Err(OAuthError::new(ErrorCode::InvalidTarget, problem));
        }
        let end = |reason, problem| {
            let change = Change::EndGrant { grant: grant.id, reason };
            Ok(TokenDecision::refuse(change, invalid_grant(problem)))
        };
        let (change, next) = match token.rotate(
            &grant,
            &self.call.provider.lifetimes,
            self.call.random.secret(),
            self.call.now,
        ) {
            Rotation::Unknown => {
                return Err(invalid_grant("the refresh token is unknown or its grant has ended"));
            }
            Rotation::Expired => {
                return end(EndReason::Expired, "the refresh token has expired: log in again");
            }
            Rotation::Reused => {
                return end(
                    EndReason::RefreshTokenReused,
                    "the refresh token was used before; all tokens of the grant are revoked",
                );
            }
            Rotation::Again(next) => (Change::Nothing, next),
            Rotation::Next(next, refresh) => {
                let current = grant.refresh.map_or(refresh.current, |state| state.current);
                (Change::Rotate { grant: grant.id, current, refresh }, next)
            }
        };
        let mut tokens = self.tokens(&grant, &scopes, None, &user);
        tokens.refresh_token = Some(next);
        Ok(TokenDecision::issue(change, tokens))
    }

    /// The scopes of the new access token: those of the grant, or fewer.
    fn scopes(&self, granted: &Scopes) -> Result<Scopes, OAuthError> {
        let Some(asked) = self.parameters.get("scope")? else { return Ok(granted.clone()) };
        let asked = Scopes::parse(asked).ok().filter(|asked| granted.contains_all(asked));
        asked.ok_or_else(|| {
            OAuthError::new(ErrorCode::InvalidScope, "a refresh cannot add scopes: ask the user again")
        })
    }
}
