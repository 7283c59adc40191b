//! Creating the first administrator of a new service, by its operator in a browser.

use accounts::{NewUser, Role, audit::Actor};
use secrecy::ExposeSecret as _;
use store::Context;

use super::{
    Accounts,
    error::AccountError,
    sessions::{ClientInfo, LoggedIn},
    sign_up::SignUp,
};

impl Accounts {
    /// Whether a user who can log in is an administrator.
    ///
    /// # Errors
    /// When the store is unavailable.
    pub async fn has_admin(&self) -> Result<bool, AccountError> {
        Ok(self.store.has_admin().await?)
    }

    /// Makes a user who has signed up before the first administrator. The caller has checked the code that the log shows, so this is
    /// the operator.
    ///
    /// # Errors
    /// [`AccountError::AdminRequired`] if there is an administrator; [`AccountError::ActorRevoked`].
    pub async fn become_first_admin(&self, actor: Actor) -> Result<(), AccountError> {
        let context = Context { actor, now: self.clock.now() };
        let user = self.store.become_first_admin(context).await?.ok_or(AccountError::AdminRequired)?;
        tracing::info!(user.id = %user.id, "User {} is the first administrator", user.id);
        Ok(())
    }

    /// Creates the first administrator and the first session of that user. The caller has checked the code that the log shows, so
    /// this is the operator.
    ///
    /// # Errors
    /// [`AccountError::AdminRequired`] if there is an administrator; [`AccountError::EmailTaken`]; [`AccountError::Invalid`] for a
    /// password that the policy refuses.
    pub async fn create_first_admin(
        &self,
        command: SignUp,
        client: ClientInfo,
    ) -> Result<LoggedIn, AccountError> {
        let SignUp { name, email, password, .. } = command;
        if self.has_admin().await? {
            return Err(AccountError::AdminRequired);
        }
        let policy = &self.settings.password_policy;
        let checked = policy.check(password.expose_secret(), Some(name.as_str()), Some(email.as_str()));
        checked.map_err(|message| AccountError::invalid("password", message))?;
        let password_hash = Some(self.passwords.hash(password).await?);
        let new = NewUser { name, email, password_hash: password_hash.clone(), role: Role::Admin };
        let user = self.store.create_first_admin(new, self.clock.now()).await?;
        let user = user.ok_or(AccountError::AdminRequired)?;
        tracing::info!(user.id = %user.id, "User {} is the first administrator", user.id);
        let session = self.begin_session(user, password_hash.as_ref(), client).await?;
        session.ok_or(AccountError::UnableToLogIn)
    }
}
