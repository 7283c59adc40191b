//! `recipes users`: manages accounts without the HTTP API, and creates the first administrator.

use std::{
    fmt::Display,
    io::{self, BufRead as _, IsTerminal as _, Read as _, Write as _},
    process::ExitCode,
};

use accounts::{Email, Name, NewUser, Role, User};
use anyhow::{Context as _, anyhow, bail};
use clap::Subcommand;
use secrecy::{ExposeSecret as _, SecretString};
use store::{Access, Context, Page, Store, StoreError, UserFilter};

use super::database::open_existing;
use crate::clock::Clock;
use crate::config::Config;
use crate::entropy::Entropy;
use crate::passwords::Passwords;
use crate::telemetry::escape::escape;

pub(super) const EXAMPLES: &str = "\
Examples:
  recipes users add ada@example.com --name Ada --role admin
  recipes users list
  recipes users disable ada@example.com
  recipes users set-role ada@example.com user";

#[derive(Debug, Subcommand)]
pub(super) enum Users {
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
        /// Role: user, or admin, who may change everything
        #[arg(long, default_value = "user", value_parser = role)]
        role: Role,
        /// Read the password from the first line of standard input
        #[arg(long)]
        password_stdin: bool,
    },
    /// List all accounts
    #[command(after_help = "Examples:\n  recipes users list\n  recipes users list | grep disabled")]
    List,
    /// Disable an account: end its sessions, delete its API tokens and refuse its log-ins
    #[command(after_help = "Example:\n  recipes users disable ada@example.com")]
    Disable {
        /// E-mail address of the account
        #[arg(value_parser = Email::parse)]
        email: Email,
    },
    /// Enable a disabled account
    #[command(after_help = "Example:\n  recipes users enable ada@example.com")]
    Enable {
        /// E-mail address of the account
        #[arg(value_parser = Email::parse)]
        email: Email,
    },
    /// Change the role of an account
    #[command(after_help = "Example:\n  recipes users set-role ada@example.com admin")]
    SetRole {
        /// E-mail address of the account
        #[arg(value_parser = Email::parse)]
        email: Email,
        /// Role: user or admin
        #[arg(value_parser = role)]
        role: Role,
    },
}

fn role(text: &str) -> Result<Role, &'static str> {
    Role::parse(text).ok_or("must be user or admin")
}

impl Users {
    pub(super) async fn run(self, config: &Config) -> anyhow::Result<ExitCode> {
        let clock = Clock::system();
        let store = match self {
            Self::Add { .. } => Store::open(config.database_url(), clock.now()).await?,
            _ => open_existing(config, &clock).await?,
        };
        let context = Context::operator(clock.now());
        let before = has_administrator(&store).await;
        let done = match self {
            Self::Add { email, name, role, password_stdin } => {
                let read_password = if password_stdin { first_line } else { prompt };
                add(&store, config, Account { email, name, role }, read_password).await
            }
            Self::List => list(&store).await,
            Self::Disable { email } => report(
                &email,
                store.set_access(&email, Access::Disabled, context).await,
                "is disabled and logged out everywhere",
            ),
            Self::Enable { email } => {
                report(&email, store.set_access(&email, Access::Enabled, context).await, "is enabled")
            }
            Self::SetRole { email, role } => {
                let now_is = format!("has the role {}", role.as_str());
                report(&email, store.set_role(&email, role, context).await, now_is)
            }
        };
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

struct Account {
    email: Email,
    name: Option<Name>,
    role: Role,
}

async fn add(
    store: &Store,
    config: &Config,
    Account { email, name, role }: Account,
    read_password: fn() -> anyhow::Result<SecretString>,
) -> anyhow::Result<()> {
    let name = if let Some(name) = name {
        name
    } else {
        let local = email.as_str().rsplit_once('@').map_or("", |(local, _)| local);
        Name::parse(local).map_err(|why| anyhow!("--name {why}"))?
    };
    // Checked before the prompt for a password. The constraint of the database decides in the end.
    if store.user_by_email(&email).await?.is_some() {
        bail!("there is already an account for {}", email.as_str());
    }
    let password = read_password()?;
    let policy = config.password_policy();
    if let Err(why) = policy.check(password.expose_secret(), Some(name.as_str()), Some(email.as_str())) {
        bail!("the password {why}");
    }
    let hash = Passwords::start(config.scheme(), &Entropy::system())?.hash(password).await;
    let hash = hash.map_err(|why| anyhow!("the password {why}"))?;
    let new = NewUser { name, email: email.clone(), password_hash: Some(hash), role };
    match store.create_user(new, Clock::system().now()).await {
        Ok(user) => {
            let email = escape(email.as_str());
            writeln!(io::stdout(), "{email} is user {} with the role {}", user.id, role.as_str())?;
            Ok(())
        }
        Err(StoreError::EmailTaken) => bail!("there is already an account for {}", email.as_str()),
        Err(error) => Err(error.into()),
    }
}

fn prompt() -> anyhow::Result<SecretString> {
    if !io::stdin().is_terminal() {
        bail!("standard input is not a terminal; pass the password with --password-stdin");
    }
    let password = SecretString::from(rpassword::prompt_password("Password: ")?);
    let again = SecretString::from(rpassword::prompt_password("Again: ")?);
    if password.expose_secret() != again.expose_secret() {
        bail!("the two passwords differ");
    }
    Ok(password)
}

fn first_line() -> anyhow::Result<SecretString> {
    // Longer than the longest password, so that a longer one is refused and not cut.
    const MAX_BYTES: u64 = 2_048;
    let mut line = String::new();
    io::stdin().lock().take(MAX_BYTES).read_line(&mut line).context("the password cannot be read")?;
    Ok(line.trim_end_matches(['\r', '\n']).to_owned().into())
}

fn report(email: &Email, user: Result<Option<User>, StoreError>, what: impl Display) -> anyhow::Result<()> {
    if user?.is_none() {
        bail!("there is no account for {}", email.as_str());
    }
    writeln!(io::stdout(), "{} {what}", escape(email.as_str()))?;
    Ok(())
}

async fn list(store: &Store) -> anyhow::Result<()> {
    let mut out = io::stdout().lock();
    writeln!(out, "{:>6}  {:<5}  {:<8}  {:<10}  {:<32}  NAME", "ID", "ROLE", "STATE", "SINCE", "E-MAIL")?;
    let mut after = None;
    loop {
        let users = store.users(UserFilter::default(), Page::longest(after)).await?;
        for user in &users.rows {
            let state = if user.disabled { "disabled" } else { "enabled" };
            let since = user.created_at.strftime("%Y-%m-%d").to_string();
            let (id, role, email) = (user.id.to_string(), user.role.as_str(), escape(user.email.as_str()));
            writeln!(
                out,
                "{id:>6}  {role:<5}  {state:<8}  {since:<10}  {email:<32}  {}",
                escape(user.name.as_str())
            )?;
        }
        after = users.next;
        if after.is_none() {
            return Ok(());
        }
    }
}
