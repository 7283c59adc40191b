//! Signing up.

use accounts::{Email, Name, NewUser, Role, TokenDigest, audit::Actor};
use recipes::{FieldError, Scalars};
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::{Map, Value};

use super::{Accounts, LoggedIn, Origin, SignUpMode, verification::token};
use crate::http::body::{
    Parse,
    fields::{self, Fields},
};
use crate::http::error::ApiError;
use crate::passwords::policy::Policy;

impl Accounts {
    /// Makes an account and its first session, and sends a mail to verify the address.
    ///
    /// # Errors
    /// [`ApiError::SignUpClosed`] and [`ApiError::NotInvited`], where not everybody may have an account;
    /// [`ApiError::EmailTaken`], as the store's constraint decides, and when the work cannot be done now.
    pub async fn sign_up(&self, new: SignUp, origin: Origin) -> Result<LoggedIn, ApiError> {
        let SignUp { name, email, password, invitation } = new;
        let invitation = match self.settings.sign_up {
            SignUpMode::Open => None,
            SignUpMode::Invite => Some(invitation.ok_or(ApiError::NotInvited)?),
            SignUpMode::Closed => return Err(ApiError::SignUpClosed),
        };
        let policy = &self.settings.password_policy;
        let checked = policy.check(password.expose_secret(), Some(name.as_str()), Some(email.as_str()));
        checked.map_err(|message| ApiError::invalid("/password", message))?;
        // What is made up makes nobody hash. Whether it is still good is asked again when it is used.
        if let Some(invitation) = invitation
            && !self.store.is_invited(invitation, &email, self.clock.now()).await?
        {
            return Err(ApiError::NotInvited);
        }
        let password_hash = Some(self.passwords.hash(password).await?);
        let user = NewUser { name, email, password_hash, role: Role::User };
        let session = self.new_session(origin);
        let token = session.token.clone();
        let now = self.clock.now();
        let (user, session) = self.store.sign_up(store::SignUp { user, session, invitation }, now).await?;
        tracing::info!(user.id = %user.id, "User {} signed up", user.id);
        let actor = Actor { user: Some(user.id), session: Some(session.id), address: session.address };
        self.send_verification(&user, actor);
        self.logged_in(user, &session, token, now)
    }
}

/// A valid request for an account.
pub struct SignUp {
    name: Name,
    email: Email,
    password: SecretString,
    /// Looked at where it takes one.
    invitation: Option<TokenDigest>,
}

impl Parse for SignUp {
    fn unknown_fields(fields: &Map<String, Value>) -> Vec<FieldError> {
        fields::unknown(fields, &["name", "email", "password", "invitation"])
    }

    fn parse(fields: &Map<String, Value>, _: Scalars) -> Result<Self, Vec<FieldError>> {
        let mut fields = Fields::of(fields);
        let name = fields.required("name", Name::parse);
        let email = fields.required("email", Email::parse);
        // What no service would take is told together with the rest; what this one asks besides, once that is right.
        let password = fields.required("password", |password| {
            let (name, email) = (name.as_ref().map(Name::as_str), email.as_ref().map(Email::as_str));
            Policy::default().check(password, name, email)?;
            Ok::<_, String>(SecretString::from(password))
        });
        let invitation = fields.optional("invitation", token);
        let problems = fields.problems();
        match (name, email, password) {
            (Some(name), Some(email), Some(password)) if problems.is_empty() => {
                Ok(Self { name, email, password, invitation })
            }
            _ => Err(problems),
        }
    }
}
