//! Mails out through a mail server.

use std::{fmt, net::IpAddr, time::Duration};

use lettre::{AsyncSmtpTransport, AsyncTransport as _, Message, Tokio1Executor};
use secrecy::{ExposeSecret as _, SecretString};

use super::Failure;

/// Longer than a server that looks mails through takes.
const PATIENCE: Duration = Duration::from_secs(30);

/// A mail server to hand mails to.
pub struct Smtp {
    transport: AsyncSmtpTransport<Tokio1Executor>,
    /// Host and port.
    server: String,
    in_the_clear: bool,
}

impl Smtp {
    /// Reads `smtps://user:password@host:port`, `smtp://host:port?tls=required` and the like.
    ///
    /// # Errors
    /// What to write instead; the URL is not in it, as it may hold a password.
    pub fn new(url: &SecretString) -> Result<Self, String> {
        const FORM: &str = "must be as in smtps://user:password@mail.example.com or smtp://localhost:25, signs in the \
                            password percent-encoded";
        let parsed: http::Uri = url.expose_secret().parse().map_err(|_| FORM)?;
        let authority = parsed.authority().ok_or(FORM)?.as_str();
        let (credentials, server) = match authority.rsplit_once('@') {
            Some((credentials, server)) => (Some(credentials), server),
            None => (None, authority),
        };
        let encrypts = parsed.scheme_str() == Some("smtps") || parsed.query() == Some("tls=required");
        if credentials.is_some() && !encrypts {
            return Err(
                "would send the password for everybody to read: use smtps://, or smtp:// with ?tls=required"
                    .into(),
            );
        }
        if credentials.is_some_and(|credentials| !credentials.contains(':')) {
            return Err("has a user and no password: smtps://user:password@mail.example.com".into());
        }
        let builder = AsyncSmtpTransport::<Tokio1Executor>::from_url(url.expose_secret());
        // What it has to say of a URL that cannot be read may be the URL.
        let builder =
            builder.map_err(|error| if error.is_tls() { error.to_string() } else { FORM.to_owned() })?;
        Ok(Self {
            transport: builder.timeout(Some(PATIENCE)).build(),
            server: server.to_owned(),
            in_the_clear: !encrypts && !parsed.host().is_some_and(is_this_machine),
        })
    }

    /// Whether others may read the mails on their way to the server. Also where TLS is opportunistic: whoever is on the
    /// way takes it out of the server's offer.
    pub fn sends_in_the_clear(&self) -> bool {
        self.in_the_clear
    }

    pub(super) async fn send(&self, message: &Message) -> Result<(), Failure> {
        match self.transport.send(message.clone()).await {
            Ok(_) => Ok(()),
            // Never will: the server says so, or it cannot do what this mail takes (an address that is not ASCII wants
            // SMTPUTF8, RFC 6531). Who does not answer may do so later.
            Err(error) => {
                let again = !error.is_permanent() && !error.is_client();
                Err(Failure { why: error.to_string(), again })
            }
        }
    }
}

fn is_this_machine(host: &str) -> bool {
    let address = host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
    address.map_or(host.eq_ignore_ascii_case("localhost"), |address| address.is_loopback())
}

impl fmt::Display for Smtp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.server)
    }
}

impl fmt::Debug for Smtp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Smtp({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_log_names_the_server_and_never_the_password() {
        for (url, server) in [
            ("smtp://localhost:2525", "localhost:2525"),
            ("smtp://192.0.2.1", "192.0.2.1"),
            ("smtp://mail.example.com?tls=opportunistic", "mail.example.com"),
            ("smtp://ada:hunter%402@mail.example.com:587?tls=required", "mail.example.com:587"),
            ("smtps://ada:hunter2@mail.example.com", "mail.example.com"),
        ] {
            let smtp = Smtp::new(&url.to_owned().into()).unwrap();
            assert_eq!(
                (smtp.to_string(), format!("{smtp:?}")),
                (server.to_owned(), format!("Smtp({server})"))
            );
        }
    }

    #[test]
    fn what_goes_to_another_machine_without_tls_is_known() {
        for (url, in_the_clear) in [
            ("smtp://localhost:2525", false),
            ("smtp://LOCALHOST", false),
            ("smtp://127.0.0.2:25", false),
            ("smtp://[::1]:25", false),
            ("smtp://mail.example.com", true),
            ("smtp://192.0.2.1:25", true),
            ("smtp://[2001:db8::1]", true),
            ("smtp://localhost.example.com", true),
            ("smtp://mail.example.com?tls=opportunistic", true),
            ("smtp://mail.example.com?tls=required", false),
            ("smtps://ada:hunter2@mail.example.com", false),
        ] {
            let smtp = Smtp::new(&url.to_owned().into()).unwrap();
            assert_eq!(smtp.sends_in_the_clear(), in_the_clear, "{url}");
        }
    }

    #[test]
    fn what_cannot_be_used_is_told_without_being_shown() {
        for (url, word) in [
            ("mail.example.com", "must be as in smtps://"),
            ("https://ada:hunter2@mail.example.com", "would send the password"),
            ("https://mail.example.com", "must be as in smtps://"),
            ("smtp://mail.example.com?tls=hunter2", "must be as in smtps://"),
            ("smtp://ada:hunter2@mail.example.com", "for everybody to read"),
            ("smtp://ada:hunter2@mail.example.com?tls=opportunistic", "for everybody to read"),
            ("smtps://hunter2@mail.example.com", "no password"),
            ("smtps://ada:hunter2 @mail.example.com", "must be as in smtps://"),
        ] {
            let why = Smtp::new(&url.to_owned().into()).unwrap_err();
            assert!(why.contains(word) && !why.contains("hunter2"), "{url}: {why}");
        }
    }
}
