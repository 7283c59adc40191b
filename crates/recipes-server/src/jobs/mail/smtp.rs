//! Mails through a mail server.

use std::{fmt, net::IpAddr, time::Duration};

use base64::{Engine as _, engine::general_purpose::STANDARD};

use lettre::{AsyncSmtpTransport, AsyncTransport as _, Message, Tokio1Executor};
use percent_encoding::percent_decode_str;
use secrecy::{ExposeSecret as _, SecretString};

use super::send_error::SendError;
use crate::telemetry::escape;

/// Mail servers that scan mails take less time.
const TIMEOUT: Duration = Duration::from_secs(30);

/// A mail server.
pub struct Smtp {
    transport: AsyncSmtpTransport<Tokio1Executor>,
    /// Host and port.
    server: String,
    without_tls: bool,
    /// Every form in which the password is sent. A mail server may repeat them in its answer, which is logged.
    secrets: Vec<String>,
}

impl Smtp {
    /// Reads `smtps://user:password@host:port`, `smtp://host:port?tls=required` and the like.
    ///
    /// # Errors
    /// A phrase that says what to write instead. It does not contain the URL, which may hold a password.
    pub fn new(url: &SecretString) -> Result<Self, String> {
        const FORM: &str = "must be as in smtps://user:password@mail.example.com or smtp://localhost:25, with special \
                            characters in the password percent-encoded";
        let parsed: http::Uri = url.expose_secret().parse().map_err(|_| FORM)?;
        let authority = parsed.authority().ok_or(FORM)?.as_str();
        let (credentials, server) = match authority.rsplit_once('@') {
            Some((credentials, server)) => (Some(credentials), server),
            None => (None, authority),
        };
        let encrypts = parsed.scheme_str() == Some("smtps") || parsed.query() == Some("tls=required");
        if credentials.is_some() && !encrypts {
            return Err(
                "would send the password without encryption: use smtps://, or smtp:// with ?tls=required"
                    .into(),
            );
        }
        if credentials.is_some_and(|credentials| !credentials.contains(':')) {
            return Err("has a user and no password: smtps://user:password@mail.example.com".into());
        }
        let builder = AsyncSmtpTransport::<Tokio1Executor>::from_url(url.expose_secret());
        // Its error for a malformed URL may contain the URL.
        let builder =
            builder.map_err(|error| if error.is_tls() { error.to_string() } else { FORM.to_owned() })?;
        Ok(Self {
            transport: builder.timeout(Some(TIMEOUT)).build(),
            server: server.to_owned(),
            without_tls: !encrypts && !parsed.host().is_some_and(is_this_machine),
            secrets: credentials.map(forms_of_password).unwrap_or_default(),
        })
    }

    /// Whether mails go to another machine without TLS. Opportunistic TLS counts as none: an attacker on the way can
    /// remove it from the server's offer.
    pub fn sends_without_tls(&self) -> bool {
        self.without_tls
    }

    /// Connects and logs in, and sends no mail.
    ///
    /// # Errors
    /// Why the server cannot be used, without a password.
    pub async fn check(&self) -> Result<(), String> {
        match self.transport.test_connection().await {
            Ok(true) => Ok(()),
            Ok(false) => Err("it ends the connection".into()),
            Err(error) => Err(escape::mask(&error.to_string(), &self.secrets)),
        }
    }

    pub(super) async fn send(&self, message: &Message) -> Result<(), SendError> {
        match self.transport.send(message.clone()).await {
            Ok(_) => Ok(()),
            // No retry if the server refuses for good, or lacks a feature that this mail needs (SMTPUTF8 for an address
            // that is not ASCII, RFC 6531).
            Err(error) => {
                let can_retry = !error.is_permanent() && !error.is_client();
                Err(SendError { why: escape::mask(&error.to_string(), &self.secrets), can_retry })
            }
        }
    }
}

/// The password of `user:password`, as it is in the URL, as it is, and as the commands AUTH LOGIN and AUTH PLAIN send it.
fn forms_of_password(credentials: &str) -> Vec<String> {
    let decode = |text| percent_decode_str(text).decode_utf8_lossy().into_owned();
    let (user, encoded) = credentials.split_once(':').unwrap_or_default();
    let (user, password) = (decode(user), decode(encoded));
    let plain = STANDARD.encode(format!("\0{user}\0{password}"));
    vec![encoded.to_owned(), STANDARD.encode(&password), plain, password]
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
    fn display_and_debug_name_the_server_without_the_password() {
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
    fn answer_that_repeats_the_password_is_masked() {
        let smtp = Smtp::new(&"smtps://ada:hunter%402@mail.example.com".to_owned().into()).unwrap();
        for (answer, logged) in [
            ("535 AUTH PLAIN AGFkYQBodW50ZXJAMg== refused", "535 AUTH PLAIN *** refused"),
            ("535 AUTH LOGIN aHVudGVyQDI= refused", "535 AUTH LOGIN *** refused"),
            ("535 AUTH PLAIN AGFkYQBodW50ZX refused", "535 AUTH PLAIN *** refused"),
            ("535 hunter@2 and hunter%402 are refused", "535 *** and *** are refused"),
            ("550 no such user", "550 no such user"),
        ] {
            assert_eq!(escape::mask(answer, &smtp.secrets), logged);
        }
    }

    #[test]
    fn other_machine_without_tls_is_detected() {
        for (url, without_tls) in [
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
            assert_eq!(smtp.sends_without_tls(), without_tls, "{url}");
        }
    }

    #[test]
    fn invalid_url_is_refused_without_being_shown() {
        for (url, word) in [
            ("mail.example.com", "must be as in smtps://"),
            ("https://ada:hunter2@mail.example.com", "would send the password"),
            ("https://mail.example.com", "must be as in smtps://"),
            ("smtp://mail.example.com?tls=hunter2", "must be as in smtps://"),
            ("smtp://ada:hunter2@mail.example.com", "without encryption"),
            ("smtp://ada:hunter2@mail.example.com?tls=opportunistic", "without encryption"),
            ("smtps://hunter2@mail.example.com", "no password"),
            ("smtps://ada:hunter2 @mail.example.com", "must be as in smtps://"),
        ] {
            let why = Smtp::new(&url.to_owned().into()).unwrap_err();
            assert!(why.contains(word) && !why.contains("hunter2"), "{url}: {why}");
        }
    }
}
