//! Settings of mails: the mail server, the sender, the public address in links.

use std::{
    net::{IpAddr, SocketAddr},
    path::Path,
    str::FromStr,
};

use clap::Args;
use lettre::message::Mailbox;
use secrecy::SecretString;

use super::error::ConfigError;
use super::values::HEADING;
use crate::clock::Clock;
use crate::entropy::Entropy;
use crate::jobs::mail::{MailTemplate, Outbox, Smtp, Transport, with_ascii_domain};
use crate::public_url::PublicUrl;

#[derive(Args, Clone, Debug)]
#[command(next_help_heading = HEADING)]
pub struct MailSettings {
    /// Filled by [`Config::read_secrets`](super::Config::read_secrets).
    #[arg(skip)]
    pub(super) smtp_url: Option<SecretString>,

    /// Sender of the mails; without it, recipes@ and the host of the public URL
    #[arg(long = "mail-from", env = "MAIL_FROM", global = true, value_name = "ADDRESS")]
    from: Option<Sender>,

    /// Address that clients use, for links in mails and as the issuer of tokens; without it, links have the address of
    /// the listener
    #[arg(long, env, global = true, value_name = "URL")]
    pub public_url: Option<PublicUrl>,
}

impl MailSettings {
    /// How mails are sent: through the mail server, or into the folder `outbox`. Warns if the mail server is reached
    /// without TLS.
    pub(super) fn transport(
        &self,
        data_dir: &Path,
        clock: &Clock,
        entropy: &Entropy,
    ) -> Result<Transport, ConfigError> {
        let Some(url) = &self.smtp_url else {
            let (clock, entropy) = (clock.clone(), entropy.clone());
            return Ok(Transport::Outbox(Outbox { folder: data_dir.join("outbox"), clock, entropy }));
        };
        let smtp = Smtp::new(url).map_err(|why| ConfigError::new(format!("SMTP_URL {why}")))?;
        if smtp.sends_without_tls() {
            tracing::warn!(
                "SMTP_URL has no TLS: the mails to {smtp} can be read on the way, and their links are as good as \
                 passwords; use smtps://, or smtp:// with ?tls=required"
            );
        }
        Ok(Transport::Smtp(smtp))
    }

    /// Sender and links of the mails of a service that listens at `bound`.
    pub(super) fn template(&self, bound: SocketAddr) -> Result<MailTemplate, ConfigError> {
        let site = self.public_url.clone().unwrap_or_else(|| PublicUrl::of_listener(bound));
        if let Some(Sender(from)) = &self.from {
            return Ok(MailTemplate { from: from.clone(), site });
        }
        // Mail servers deliver nothing for an IP address without a name.
        let is_name = site.host().parse::<IpAddr>().is_err();
        let address = format!("recipes@{}", if is_name { site.host() } else { "localhost" });
        let from = address.parse().map_err(|_| {
            ConfigError::new(format!("{address} cannot be the sender of mails: set MAIL_FROM (--mail-from)"))
        })?;
        Ok(MailTemplate { from, site })
    }
}

/// An address, optionally with a name before it.
#[derive(Clone, Debug)]
struct Sender(Mailbox);

impl FromStr for Sender {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        const FORM: &str = "must be as in recipes@example.com or Recipes <recipes@example.com>";
        let mailbox: Mailbox = text.parse().map_err(|_| FORM)?;
        let Mailbox { name, email } = mailbox;
        let email = with_ascii_domain(&email).ok_or(FORM)?;
        // Only few mail servers can send others (RFC 6531).
        if !email.user().is_ascii() {
            return Err("must have an address that is ASCII before the @; the name may be in any script");
        }
        Ok(Self(Mailbox::new(name, email)))
    }
}
