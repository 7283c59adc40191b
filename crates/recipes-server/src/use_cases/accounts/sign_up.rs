//! Signing up.

use accounts::{Email, Name, NewUser, Role, TokenDigest, audit::Actor};
use secrecy::{ExposeSecret as _, SecretString};

use super::{
    Accounts,
    error::AccountError,
    sessions::{ClientInfo, LoggedIn},
    settings::SignUpMode,
};

/// The command to create an account.
pub struct SignUp {
    pub name: Name,
    pub email: Email,
    pub password: SecretString,
    /// The token of an invitation. Ignored where signing up requires none.
    pub invitation: Option<TokenDigest>,
}

impl Accounts {
    /// Creates an account and its first session, and sends a mail to verify the address.
    ///
    /// # Errors
    /// [`AccountError::SignUpClosed`], [`AccountError::NotInvited`], [`AccountError::EmailTaken`] (the store's constraint
    /// decides), [`AccountError::Invalid`] for a password that the policy refuses.
    pub async fn sign_up(&self, command: SignUp, client: ClientInfo) -> Result<LoggedIn, AccountError> {
        let SignUp { name, email, password, invitation } = command;
        let invitation = match self.settings.sign_up {
            SignUpMode::Open => None,
            SignUpMode::Invite => Some(invitation.ok_or(AccountError::NotInvited)?),
            SignUpMode::Closed => return Err(AccountError::SignUpClosed),
        };
        let policy = &self.settings.password_policy;
        let checked = policy.check(password.expose_secret(), Some(name.as_str()), Some(email.as_str()));
        checked.map_err(|message| AccountError::invalid("password", message))?;
        // An invented invitation must not make the server hash. The transaction below checks the invitation again.
        if let Some(invitation) = invitation
            && !self.store.is_invited(invitation, &email, self.clock.now()).await?
        {
            return Err(AccountError::NotInvited);
        }
        let password_hash = Some(self.passwords.hash(password).await?);
        let user = NewUser { name, email, password_hash, role: Role::User };
        let language = client.language;
        let session = self.new_session(client);
        let token = session.token.clone();
        let now = self.clock.now();
        let (user, session) = self.store.sign_up(store::SignUp { user, session, invitation }, now).await?;
        tracing::info!(user.id = %user.id, "User {} signed up", user.id);
        let actor =
            Actor { user: Some(user.id), session: Some(session.id), ..Actor::anonymous(session.address) };
        self.send_verification_or_log(&user, actor, language).await;
        self.logged_in(user, &session, token, now)
    }
}
