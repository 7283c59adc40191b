//! How mails leave, and where their links lead.

use std::{
    env, fmt,
    net::{IpAddr, SocketAddr},
    str::FromStr,
};

use crate::clock::Clock;
use crate::entropy::Entropy;
use clap::Args;
use http::Uri;
use lettre::message::Mailbox;
use secrecy::SecretString;

use super::{Config, ConfigError};
use crate::jobs::mail::{Letterhead, Outbox, Smtp, Transport};

#[derive(Args, Clone, Debug)]
#[command(next_help_heading = super::HEADING)]
pub struct Mail {
    /// Not a flag, because it may hold a password, and everybody on the machine can read the flags of a process.
    #[arg(skip = smtp_url())]
    pub(super) smtp_url: Option<SecretString>,

    /// Who writes the mails of this service; else recipes at the host of the public URL
    #[arg(long = "mail-from", env = "MAIL_FROM", global = true, value_name = "ADDRESS", default_value = "")]
    from: Sender,

    /// Where people reach this service, for the links in mails; else where it listens
    #[arg(long, env, global = true, value_name = "URL", default_value = "")]
    pub public_url: PublicUrl,
}

impl Config {
    /// How mails leave: through the mail server, or into the folder `outbox` beside the database. Warns if others can read
    /// them on the way.
    ///
    /// # Errors
    /// When `SMTP_URL` cannot be used.
    pub fn mail_transport(&self, clock: &Clock, entropy: &Entropy) -> Result<Transport, ConfigError> {
        match &self.mail.smtp_url {
            Some(url) => {
                let smtp = Smtp::new(url).map_err(|why| ConfigError(format!("SMTP_URL {why}")))?;
                if smtp.sends_in_the_clear() {
                    tracing::warn!(
                        "SMTP_URL has no TLS: mails go to {smtp} for everybody on the way to read, and their links are as \
                         good as passwords; use smtps://, or smtp:// with ?tls=required"
                    );
                }
                Ok(Transport::Smtp(smtp))
            }
            None => Ok(Transport::Outbox(Outbox {
                folder: self.database_url.file().unwrap_or("".as_ref()).with_file_name("outbox"),
                clock: clock.clone(),
                entropy: entropy.clone(),
            })),
        }
    }

    /// Who writes, from a service that listens there.
    ///
    /// # Errors
    /// When nobody's address can be made of the host.
    pub fn letterhead(&self, bound: SocketAddr) -> Result<Letterhead, ConfigError> {
        let site = self.mail.public_url.or_where_it_listens(bound);
        if let Sender(Some(from)) = &self.mail.from {
            return Ok(Letterhead { from: from.clone(), site });
        }
        // Nothing is delivered for an IP address without a name.
        let domain = site.host().filter(|host| host.parse::<IpAddr>().is_err());
        let address = format!("recipes@{}", domain.unwrap_or("localhost"));
        let from = address.parse().map_err(|_| {
            ConfigError(format!("{address} is nobody's address: set MAIL_FROM (--mail-from)"))
        })?;
        Ok(Letterhead { from, site })
    }
}

fn smtp_url() -> Option<SecretString> {
    let url = env::var_os("SMTP_URL").filter(|url| !url.is_empty())?;
    Some(url.to_string_lossy().into_owned().into())
}

/// An address, maybe with a name before it.
#[derive(Clone, Debug)]
struct Sender(Option<Mailbox>);

impl FromStr for Sender {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text.trim().is_empty() {
            return Ok(Self(None));
        }
        let mailbox =
            text.parse().map_err(|_| "must be as in recipes@example.com or Recipes <recipes@example.com>")?;
        Ok(Self(Some(mailbox)))
    }
}

/// `https://recipes.example.com`, maybe with a path, without a slash at the end. Empty: nobody has said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublicUrl(String);

impl PublicUrl {
    /// The host, without a port.
    pub fn host(&self) -> Option<&str> {
        let authority = self.0.split_once("://")?.1.split('/').next()?;
        Some(match authority.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
            Some((address, _)) => address,
            None => authority.split(':').next()?,
        })
    }

    fn or_where_it_listens(&self, bound: SocketAddr) -> Self {
        if !self.0.is_empty() {
            return self.clone();
        }
        // All addresses of a machine are no address to visit.
        if bound.ip().is_unspecified() {
            return Self(format!("http://localhost:{}", bound.port()));
        }
        Self(format!("http://{bound}"))
    }
}

impl FromStr for PublicUrl {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        const FORM: &str =
            "must be the http:// or https:// address that people see, as in https://recipes.example.com";
        const ASCII: &str =
            "must be ASCII, as mails are: percent-encode its path, and write its host as xn--..";
        let text = text.trim().trim_end_matches('/');
        if text.is_empty() {
            return Ok(Self(String::new()));
        }
        if !text.is_ascii() {
            return Err(ASCII);
        }
        let url: Uri = text.parse().map_err(|_| FORM)?;
        let scheme = url.scheme_str().map(str::to_ascii_lowercase);
        let is_web = matches!(scheme.as_deref(), Some("http" | "https"));
        // A line of a mail has at most 998 characters (RFC 5322 section 2.1.1).
        let is_short = text.len() <= 500;
        let has_more = url.query().is_some() || text.contains(['#', '@']);
        if is_web && is_short && url.host().is_some() && !has_more {
            Ok(Self(text.to_owned()))
        } else {
            Err(FORM)
        }
    }
}

impl fmt::Display for PublicUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
