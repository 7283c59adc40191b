//! The caller of a request and its scopes.
//!
//! Scopes limit API tokens. A session may do whatever its user may. Everything under `users/me` requires the scope
//! `account`, so an API token for recipes can neither read the profile, nor end sessions, nor create more API tokens. An
//! operation that requires the password requires it with an API token, too.

use std::net::IpAddr;

use accounts::audit::{Actor, Application};
use accounts::{ApiToken, Role, Scope, User};
use ids::SessionId;
use tower_passport::HasScope;

/// A user, and what was shown to prove it.
#[derive(Clone, Debug)]
pub struct Caller {
    pub user: User,
    pub credential: Credential,
}

#[derive(Clone, Debug)]
pub enum Credential {
    Session(SessionId),
    ApiToken(Box<ApiToken>),
    /// A token that an OAuth client got for these scopes.
    Grant(Box<strict_oidc::Scopes>, Application),
}

impl Caller {
    /// For the store, which checks the actor's authority again in each write, and for the audit log.
    pub fn actor(&self, address: Option<IpAddr>) -> Actor {
        let actor = Actor { user: Some(self.user.id), ..Actor::anonymous(address) };
        match &self.credential {
            Credential::Session(id) => Actor { session: Some(*id), ..actor },
            Credential::ApiToken(token) => Actor { api_token: Some(token.id), ..actor },
            Credential::Grant(_, application) => Actor { application: Some(*application), ..actor },
        }
    }

    /// Whether this is an administrator who has logged in. No API token is one: what a program can do must end at its
    /// owner's own account.
    pub fn acts_as_admin(&self) -> bool {
        self.user.role == Role::Admin && matches!(self.credential, Credential::Session(_))
    }
}

impl HasScope for Caller {
    fn has_scope(&self, scope: &str) -> bool {
        match &self.credential {
            Credential::Session(_) => true,
            Credential::ApiToken(token) => Scope::parse(scope).is_some_and(|it| token.scopes.contains(it)),
            Credential::Grant(scopes, _) => scopes.contains(scope),
        }
    }
}
