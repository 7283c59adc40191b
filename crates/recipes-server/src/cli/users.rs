//! `recipes users`: manages accounts without the HTTP API, and creates the first administrator.

mod account;
mod add;
mod invite;
mod output;
mod password;

use std::{
    io::{self, IsTerminal as _, Write as _},
    process::ExitCode,
};

use accounts::{Email, Name, Role, User};
use anyhow::bail;
use clap::{Args, Subcommand};
use store::{Access, Administered, Context, Page, Store, StoreError, UserFilter};

pub(super) use self::account::Account;
use self::add::NewAccount;
use self::output::Output;
use super::database::{open, open_existing};
use crate::clock::Clock;
use crate::config::Config;
use crate::telemetry::escape::escape;

pub(super) const EXAMPLES: &str = "\
USER is the e-mail address or the id of an account.

Examples:
  recipes users add ada@example.com --name Ada --role admin
  recipes users list
  recipes users show ada@example.com --json
  recipes users set-password ada@example.com
  recipes users disable ada@example.com";

#[derive(Args, Debug)]
pub(super) struct UsersCommand {
    /// Print JSON, one object a line
    #[arg(long, global = true)]
    json: bool,
    #[command(subcommand)]
    command: Users,
}

#[derive(Debug, Subcommand)]
enum Users {
    /// Create an account; prompts for the password
    #[command(after_help = "Examples:\n  recipes users add ada@example.com --name \"Ada Lovelace\"\n  \
                      recipes users add ada@example.com --role admin --password-stdin < password.txt")]
    Add {
        /// E-mail address, for log-in
        #[arg(value_parser = Email::parse)]
        email: Email,
        /// Name of the user; default: the part of the address before the @
        #[arg(long, value_parser = Name::parse)]
        name: Option<Name>,
        /// Role: viewer, who writes no recipes; user; or admin, who may change everything
        #[arg(long, default_value = "user", value_parser = role)]
        role: Role,
        /// Read the password from the first line of standard input
        #[arg(long)]
        password_stdin: bool,
    },
    /// List all accounts
    #[command(after_help = "Examples:\n  recipes users list\n  recipes users list --json | jq -r .email")]
    List,
    /// Show an account with its sessions and API tokens
    #[command(after_help = "Examples:\n  recipes users show ada@example.com\n  recipes users show 7 --json")]
    Show { user: Account },
    /// Disable an account: end its sessions, delete its API tokens and refuse its log-ins
    #[command(after_help = "Example:\n  recipes users disable ada@example.com")]
    Disable { user: Account },
    /// Enable a disabled account
    #[command(after_help = "Example:\n  recipes users enable ada@example.com")]
    Enable { user: Account },
    /// Change the role of an account
    #[command(after_help = "Example:\n  recipes users set-role ada@example.com admin")]
    SetRole {
        user: Account,
        /// Role: viewer, user or admin
        #[arg(value_parser = role)]
        role: Role,
    },
    /// Set a new password, for a user who forgot the old one; ends all sessions and deletes the API tokens
    #[command(after_help = "Examples:\n  recipes users set-password ada@example.com\n  \
                      recipes users set-password ada@example.com --password-stdin < password.txt")]
    SetPassword {
        user: Account,
        /// Read the password from the first line of standard input
        #[arg(long)]
        password_stdin: bool,
    },
    /// End all sessions of an account and delete its API tokens
    #[command(after_help = "Example:\n  recipes users logout ada@example.com")]
    Logout { user: Account },
    /// Delete an account with its private recipes; its public recipes stay, without an owner
    #[command(
        after_help = "Examples:\n  recipes users delete ada@example.com\n  recipes users delete 7 --yes"
    )]
    Delete {
        user: Account,
        /// Delete without asking
        #[arg(long)]
        yes: bool,
    },
    /// Create an invitation and print its link; it is not mailed
    #[command(after_help = "Examples:\n  recipes users invite ada@example.com\n  recipes users invite")]
    Invite {
        /// E-mail address that can use it; without one, the holder of the link can use it
        #[arg(value_parser = Email::parse)]
        email: Option<Email>,
    },
}

fn role(text: &str) -> Result<Role, &'static str> {
    Role::parse(text).ok_or("must be viewer, user or admin")
}

impl UsersCommand {
    pub(super) async fn run(self, config: &Config) -> anyhow::Result<ExitCode> {
        let clock = Clock::system();
        let store = match self.command {
            Users::Add { .. } => open(config, &clock).await?,
            _ => open_existing(config, &clock).await?,
        };
        let before = has_administrator(&store).await;
        let output = if self.json { Output::Json } else { Output::Text };
        let done = Run { store: &store, config, clock, output }.run(self.command).await;
        let after = has_administrator(&store).await;
        store.close().await;
        done?;
        if before? && !after? {
            // The change is made all the same: the operator can create another administrator.
            writeln!(io::stderr(), "recipes: {NO_ADMINISTRATOR}")?;
        }
        Ok(ExitCode::SUCCESS)
    }
}

const NO_ADMINISTRATOR: &str = "no administrator is left who can log in; make an account an administrator with \
    \"recipes users set-role EMAIL admin\", or create one with \"recipes users add EMAIL --role admin\"";

async fn has_administrator(store: &Store) -> Result<bool, StoreError> {
    let enabled = UserFilter { role: Some(Role::Admin), access: Some(Access::Enabled), text: None };
    Ok(!store.users(enabled, Page::default()).await?.rows.is_empty())
}

/// What the subcommands work with.
struct Run<'a> {
    store: &'a Store,
    config: &'a Config,
    clock: Clock,
    output: Output,
}

impl Run<'_> {
    async fn run(&self, command: Users) -> anyhow::Result<()> {
        let (store, context) = (self.store, Context::operator(self.clock.now()));
        match command {
            Users::Add { email, name, role, password_stdin } => {
                self.add(NewAccount { email, name, role }, password_stdin).await
            }
            Users::List => self.list().await,
            Users::Show { user } => self.show(&user).await,
            Users::Disable { user } => {
                let found = user.find(store).await?;
                let changed = store.set_access(&found.email, Access::Disabled, context).await?;
                self.report(&user, changed, "is disabled and logged out everywhere")
            }
            Users::Enable { user } => {
                let found = user.find(store).await?;
                let changed = store.set_access(&found.email, Access::Enabled, context).await?;
                self.report(&user, changed, "is enabled")
            }
            Users::SetRole { user, role } => {
                let found = user.find(store).await?;
                let changed = store.set_role(&found.email, role, context).await?;
                self.report(&user, changed, &format!("has the role {}", role.as_str()))
            }
            Users::SetPassword { user, password_stdin } => self.set_password(&user, password_stdin).await,
            Users::Logout { user } => {
                let found = user.find(store).await?;
                store.end_sessions(found.id, context).await?;
                self.report(&user, Some(found), "is logged out everywhere")
            }
            Users::Delete { user, yes } => self.delete(&user, yes).await,
            Users::Invite { email } => self.invite(email).await,
        }
    }

    async fn list(&self) -> anyhow::Result<()> {
        self.output.begin_list()?;
        let mut after = None;
        loop {
            let users = self.store.users(UserFilter::default(), Page::longest(after)).await?;
            users.rows.iter().try_for_each(|user| self.output.row(user))?;
            after = users.next;
            if after.is_none() {
                return Ok(());
            }
        }
    }

    async fn show(&self, account: &Account) -> anyhow::Result<()> {
        let user = account.find(self.store).await?;
        let limits = self.config.accounts().sessions;
        let sessions = self.store.sessions(user.id, limits, self.clock.now()).await?;
        let api_tokens = self.store.api_tokens(user.id).await?;
        self.output.details(&user, &sessions, &api_tokens)
    }

    async fn delete(&self, account: &Account, yes: bool) -> anyhow::Result<()> {
        let user = account.find(self.store).await?;
        if !yes && !confirmed(&user)? {
            bail!("nothing was deleted");
        }
        match self.store.remove_user(user.id, Context::operator(self.clock.now())).await? {
            Administered::Done(user) => {
                // An account with many recipes is deleted in steps. If this is interrupted, the service goes on with it.
                while self.store.continue_deletion(self.clock.now()).await? {}
                self.report(
                    account,
                    Some(*user),
                    "is deleted with the private recipes; public recipes stay, without an owner",
                )
            }
            Administered::NoSuchUser | Administered::LastAdmin => self.report(account, None, ""),
        }
    }

    /// `None`: the account was deleted after it was found.
    fn report(&self, account: &Account, user: Option<User>, what: &str) -> anyhow::Result<()> {
        let user = user.ok_or_else(|| account.not_found())?;
        self.output.changed(&user, &escape(&format!("{account} {what}")))
    }
}

/// Asks on the terminal.
fn confirmed(user: &User) -> anyhow::Result<bool> {
    if !io::stdin().is_terminal() {
        bail!("standard input is not a terminal; confirm the deletion with --yes");
    }
    write!(
        io::stderr(),
        "Delete user {}, {}, and all private recipes? (yes/no) ",
        user.id,
        escape(user.email.as_str())
    )?;
    let mut answer = String::new();
    io::stdin().read_line(&mut answer)?;
    Ok(answer.trim() == "yes")
}
