//! A client on its own behalf ([RFC 6749 §4.4](https://www.rfc-editor.org/rfc/rfc6749#section-4.4)).

use super::{AccessClaims, Change, NewToken, Request, TokenDecision, Tokens};
use crate::error::{ErrorCode, OAuthError};
use crate::scopes::Scopes;

impl Request<'_> {
    /// Stores nothing: the access token is all there is.
    pub(super) fn client_credentials(&self) -> Result<TokenDecision, OAuthError> {
        let (call, client) = (self.call, self.client());
        let invalid = |problem: String| OAuthError::new(ErrorCode::InvalidScope, problem);
        if !client.kind.is_confidential() {
            let problem = "client_credentials is for clients that authenticate";
            return Err(OAuthError::new(ErrorCode::UnauthorizedClient, problem));
        }
        // A client is no user: nothing about a user can be granted.
        let allowed = client.scopes.filter(|scope| !call.provider.is_identity_scope(scope));
        let named = self.parameters.get("scope")?;
        let asked = match named {
            Some(asked) => Scopes::parse(asked).map_err(|problem| invalid(problem.to_string()))?,
            None => allowed.clone(),
        };
        if let Some(scope) = asked.iter().find(|scope| !allowed.contains(scope)) {
            return Err(invalid(format!("this client may not ask for the scope {scope} on its own behalf")));
        }
        let target = call.provider.target(client, self.resource.as_deref(), &asked);
        if let Some(scope) = asked.iter().find(|scope| named.is_some() && !target.scopes.contains(scope)) {
            return Err(invalid(format!("the scope {scope} belongs to another `resource`")));
        }
        let access = AccessClaims::new(
            call.provider,
            client,
            &target,
            NewToken { sub: client.id.clone(), random: call.random, now: call.now },
        );
        let access = AccessClaims { cnf: self.confirmation(), ..access };
        let tokens = Tokens { access, algorithm: target.algorithm, id_token: None, refresh_token: None };
        Ok(TokenDecision::issue(Change::Nothing, tokens))
    }
}
