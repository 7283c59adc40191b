//! The address of a PostgreSQL database.

use std::fmt;
use std::str::FromStr as _;

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use rustls::{ClientConfig, RootCertStore};
use rustls_platform_verifier::ConfigVerifierExt as _;
use tokio_postgres::Config;
use tokio_postgres::config::{Host, SslMode};
use tokio_postgres_rustls::MakeRustlsConnect;

/// Where the database is, and whether the connection is encrypted. `Debug` and `Display` leave out the password.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct PostgresAddress {
    pub(crate) config: Config,
    /// The authorities of `sslrootcert`. Without them: those of the operating system.
    authorities: Option<Vec<CertificateDer<'static>>>,
    /// `pooler=transaction`: there is a pooler between, which hands a connection to another client after each transaction.
    pub(crate) has_pooler: bool,
}

impl PostgresAddress {
    /// Without an `sslmode`, TLS is required unless the server is on this machine.
    pub(super) fn parse(text: &str) -> Result<Self, &'static str> {
        let (address, parameters) = text.split_once('?').unwrap_or((text, ""));
        let parameters = parameters.split('&').filter(|parameter| !parameter.is_empty());
        let (modes, others): (Vec<_>, Vec<_>) =
            parameters.partition(|parameter| parameter.starts_with("sslmode="));
        let (roots, others): (Vec<_>, Vec<_>) =
            others.into_iter().partition(|parameter| parameter.starts_with("sslrootcert="));
        let (poolers, others): (Vec<_>, Vec<_>) =
            others.into_iter().partition(|parameter| parameter.starts_with("pooler="));
        let has_pooler = match poolers.as_slice() {
            [] => false,
            ["pooler=transaction"] => true,
            _ => return Err("must have no other pooler than pooler=transaction"),
        };
        let authorities = roots.last().map(|root| authorities_in(root)).transpose()?;
        let mut config = Config::from_str(&format!("{address}?{}", others.join("&"))).map_err(
            |_| "must be an address as postgres://user:password@host/database?sslmode=verify-full",
        )?;
        if config.get_hosts().is_empty() || config.get_user().is_none() || config.get_dbname().is_none() {
            return Err("must name a user, a host and a database, as in postgres://user@host/database");
        }
        config.ssl_mode(match modes.as_slice() {
            [] if is_local(&config) && authorities.is_none() => SslMode::Disable,
            // Both verify the certificate and the name of the host.
            [] | ["sslmode=require" | "sslmode=verify-full"] => SslMode::Require,
            ["sslmode=disable"] => SslMode::Disable,
            ["sslmode=prefer" | "sslmode=allow"] => {
                return Err(
                    "must have sslmode=verify-full or sslmode=disable: prefer and allow go on without \
                            encryption in silence",
                );
            }
            _ => return Err("must have one sslmode: verify-full, require (the same) or disable"),
        });
        Ok(Self { config, authorities, has_pooler })
    }

    /// Verifies the certificate and the name of the host.
    pub(crate) fn tls(&self) -> Result<MakeRustlsConnect, String> {
        let config = match &self.authorities {
            None => ClientConfig::with_platform_verifier().map_err(|why| why.to_string())?,
            Some(authorities) => {
                let mut roots = RootCertStore::empty();
                roots.add_parsable_certificates(authorities.iter().cloned());
                ClientConfig::builder().with_root_certificates(roots).with_no_client_auth()
            }
        };
        Ok(MakeRustlsConnect::new(config))
    }
}

/// The certificates of a parameter `sslrootcert=FILE`.
fn authorities_in(parameter: &str) -> Result<Vec<CertificateDer<'static>>, &'static str> {
    const WRONG: &str = "must have an sslrootcert that is a readable file with certificates in PEM";
    let file = parameter.trim_start_matches("sslrootcert=").replace("%2F", "/");
    let certificates: Vec<_> = CertificateDer::pem_file_iter(file)
        .map_err(|_| WRONG)?
        .collect::<Result<_, _>>()
        .map_err(|_| WRONG)?;
    if certificates.is_empty() { Err(WRONG) } else { Ok(certificates) }
}

/// Nothing between can read along.
fn is_local(config: &Config) -> bool {
    config.get_hosts().iter().all(|host| match host {
        Host::Unix(_) => true,
        Host::Tcp(name) => ["localhost", "127.0.0.1", "::1"].contains(&name.as_str()),
    })
}

impl fmt::Display for PostgresAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let config = &self.config;
        write!(f, "postgres://{}@", config.get_user().unwrap_or_default())?;
        for (number, host) in config.get_hosts().iter().enumerate() {
            f.write_str(if number > 0 { "," } else { "" })?;
            match host {
                Host::Tcp(name) => f.write_str(name)?,
                Host::Unix(path) => write!(f, "{}", path.to_string_lossy().replace('/', "%2F"))?,
            }
            if let Some(port) = config.get_ports().get(number).or_else(|| config.get_ports().first()) {
                write!(f, ":{port}")?;
            }
        }
        write!(f, "/{}", config.get_dbname().unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(text: &str) -> PostgresAddress {
        PostgresAddress::parse(text).unwrap()
    }

    #[test]
    fn connection_is_encrypted_unless_it_stays_on_this_machine_or_the_address_says_so() {
        for (text, mode) in [
            ("postgres://jo@db.example/recipes", SslMode::Require),
            ("postgresql://jo@db.example/recipes?sslmode=require", SslMode::Require),
            ("postgres://jo@localhost/recipes?sslmode=verify-full", SslMode::Require),
            ("postgres://jo@db.example/recipes?sslmode=disable", SslMode::Disable),
            ("postgres://jo@localhost:5433/recipes", SslMode::Disable),
            ("postgres://jo@localhost,db.example/recipes", SslMode::Require),
            ("postgres://jo@%2Frun%2Fpostgresql/recipes", SslMode::Disable),
        ] {
            assert_eq!(parsed(text).config.get_ssl_mode(), mode, "{text}");
        }
    }

    #[test]
    fn other_addresses_are_refused_with_the_right_form() {
        for (text, word) in [
            ("postgres://db.example/recipes", "user"),
            ("postgres://jo@db.example", "database"),
            ("postgres://jo@db.example:port/recipes", "postgres://"),
            ("postgres://jo@db.example/recipes?sslmode=prefer", "verify-full"),
            ("postgres://jo@db.example/recipes?sslmode=no", "disable"),
            ("postgres://jo@db.example/recipes?sslmode=disable&sslmode=require", "one sslmode"),
            ("postgres://jo@db.example/recipes?color=red", "postgres://"),
            ("postgres://jo@db.example/recipes?pooler=session", "pooler=transaction"),
            ("postgres://jo@db.example/recipes?sslrootcert=/does/not/exist.pem", "sslrootcert"),
            ("postgres://jo@db.example/recipes?sslrootcert=/dev/null", "sslrootcert"),
        ] {
            assert!(PostgresAddress::parse(text).unwrap_err().contains(word), "{text}");
        }
    }

    #[test]
    fn pooler_is_a_parameter_of_ours() {
        let address = parsed("postgres://jo@localhost/recipes?connect_timeout=2&pooler=transaction");
        assert!(address.has_pooler && !parsed("postgres://jo@localhost/recipes").has_pooler);
    }

    #[test]
    fn no_text_shows_the_password() {
        let address = parsed("postgres://jo:hunter2@db.example:5433/recipes");
        assert_eq!(address.to_string(), "postgres://jo@db.example:5433/recipes");
        assert!(!format!("{address:?}").contains("hunter2"));
    }
}
