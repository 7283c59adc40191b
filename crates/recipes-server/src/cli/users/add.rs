//! `recipes users add` and `recipes users set-password`.

use accounts::{Email, Name, NewUser, PasswordHash, Role};
use anyhow::{anyhow, bail};
use secrecy::ExposeSecret as _;
use store::StoreError;

use super::{Account, Run, password};
use crate::entropy::Entropy;
use crate::passwords::Passwords;
use crate::telemetry::escape::escape;

pub(super) struct NewAccount {
    pub(super) email: Email,
    pub(super) name: Option<Name>,
    pub(super) role: Role,
}

impl Run<'_> {
    pub(super) async fn add(&self, account: NewAccount, from_stdin: bool) -> anyhow::Result<()> {
        let NewAccount { email, name, role } = account;
        let name = if let Some(name) = name {
            name
        } else {
            let local = email.as_str().rsplit_once('@').map_or("", |(local, _)| local);
            Name::parse(local).map_err(|why| anyhow!("--name {why}"))?
        };
        // Checked before the prompt for a password. The constraint of the database decides in the end.
        if self.store.user_by_email(&email).await?.is_some() {
            bail!("there is already an account for {}", email.as_str());
        }
        let password_hash = Some(self.new_password(&name, &email, from_stdin).await?);
        let new = NewUser { name, email: email.clone(), password_hash, role };
        match self.store.create_user(new, self.clock.now()).await {
            Ok(user) => {
                let text = format!("{} is user {} with the role {}", email.as_str(), user.id, role.as_str());
                self.output.changed(&user, &escape(&text))
            }
            Err(StoreError::EmailTaken) => bail!("there is already an account for {}", email.as_str()),
            Err(error) => Err(error.into()),
        }
    }

    pub(super) async fn set_password(&self, account: &Account, from_stdin: bool) -> anyhow::Result<()> {
        let user = account.find(self.store).await?;
        let hash = self.new_password(&user.name, &user.email, from_stdin).await?;
        let changed = self.store.set_password(user.id, hash, self.clock.now()).await?;
        self.report(account, changed, "has a new password and is logged out everywhere")
    }

    async fn new_password(
        &self,
        name: &Name,
        email: &Email,
        from_stdin: bool,
    ) -> anyhow::Result<PasswordHash> {
        let password = if from_stdin { password::first_line()? } else { password::prompt()? };
        let policy = self.config.password_policy();
        if let Err(why) = policy.check(password.expose_secret(), Some(name.as_str()), Some(email.as_str())) {
            bail!("the password {why}");
        }
        let hash = Passwords::start(self.config.scheme(), &Entropy::system())?.hash(password).await;
        hash.map_err(|why| anyhow!("the password {why}"))
    }
}
