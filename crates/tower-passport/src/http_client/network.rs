use std::error::Error as StdError;
use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use url::{Host, Url};

/// The part of the network that an [`HttpClient`](crate::HttpClient) may connect to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Network {
    /// Public addresses, with `https`.
    Public,
    /// Public addresses and loopback, also with `http`: for tests and development.
    Loopback,
    /// Public addresses, loopback and the private ranges (RFC 1918, RFC 6598, RFC 4193), for an internal provider.
    ///
    /// Link-local addresses, where clouds serve the credentials of the machine, are never allowed.
    Private,
}

impl Network {
    /// Checks a URL without resolving its name.
    pub(super) fn check(self, url: &Url) -> Result<(), &'static str> {
        if !url.username().is_empty() || url.password().is_some() {
            return Err("a URL with a user name or a password in it");
        }
        let address = match url.host() {
            Some(Host::Ipv4(address)) => Some(IpAddr::V4(address)),
            Some(Host::Ipv6(address)) => Some(IpAddr::V6(address)),
            Some(Host::Domain(name)) if is_localhost(name) => Some(IpAddr::V4(Ipv4Addr::LOCALHOST)),
            Some(Host::Domain(_)) => None,
            None => return Err("a URL without a host"),
        };
        let is_loopback = address.is_some_and(|address| Reach::of(address) == Reach::Loopback);
        match url.scheme() {
            "https" => {}
            "http" if is_loopback => {}
            _ => return Err("a URL that is not https"),
        }
        if address.is_none_or(|address| self.allows(address)) { Ok(()) } else { Err(self.refusal()) }
    }

    fn allows(self, address: IpAddr) -> bool {
        match Reach::of(address) {
            Reach::Public => true,
            Reach::Loopback => self != Self::Public,
            Reach::Private => self == Self::Private,
            Reach::Never => false,
        }
    }

    const fn refusal(self) -> &'static str {
        match self {
            Self::Public => "an address that is not public",
            Self::Loopback => "an address that is neither public nor loopback",
            Self::Private => "an address that is neither public, private nor loopback",
        }
    }
}

/// Whether the name is this machine, whatever name servers say (RFC 6761, section 6.3).
fn is_localhost(name: &str) -> bool {
    let name = name.strip_suffix('.').unwrap_or(name);
    name.eq_ignore_ascii_case("localhost")
        || name.len() > 10 && name[name.len() - 10..].eq_ignore_ascii_case(".localhost")
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Reach {
    Public,
    Loopback,
    Private,
    Never,
}

impl Reach {
    /// Source: the IANA special-purpose address registries (RFC 6890 and its additions).
    fn of(address: IpAddr) -> Self {
        match address {
            IpAddr::V4(address) => Self::of_v4(address),
            IpAddr::V6(address) => Self::of_v6(address),
        }
    }

    const fn of_v4(address: Ipv4Addr) -> Self {
        match address.octets() {
            [127, ..] => Self::Loopback,
            [10, ..] | [172, 16..=31, ..] | [192, 168, ..] | [100, 64..=127, ..] => Self::Private,
            [0 | 224.., ..]
            | [169, 254, ..]
            | [192, 0, 0 | 2, _]
            | [192, 88, 99, _]
            | [198, 18 | 19, ..]
            | [198, 51, 100, _]
            | [203, 0, 113, _] => Self::Never,
            _ => Self::Public,
        }
    }

    fn of_v6(address: Ipv6Addr) -> Self {
        // ::ffff:0:0/96 and 64:ff9b::/96 contain IPv4 addresses, which are checked instead.
        if let Some(inner) = address.to_ipv4_mapped() {
            return Self::of_v4(inner);
        }
        match address.segments() {
            [0x64, 0xff9b, 0, 0, 0, 0, high, low] => {
                Self::of_v4(Ipv4Addr::from(u32::from(high) << 16 | u32::from(low)))
            }
            [0, 0, 0, 0, 0, 0, 0, 1] => Self::Loopback,
            [0xfc00..=0xfdff, ..] => Self::Private,
            // Protocol assignments and Teredo, documentation, 6to4.
            [0x2001, 0..=0x1ff | 0xdb8, ..] | [0x2002, ..] | [0x3fff, 0..=0xfff, ..] => Self::Never,
            [0x2000..=0x3fff, ..] => Self::Public,
            _ => Self::Never,
        }
    }
}

/// Resolves names to allowed addresses only. The connection uses these addresses, so the name cannot be pointed elsewhere
/// in between (DNS rebinding).
pub(super) struct GuardedResolver(pub(super) Network);

impl Resolve for GuardedResolver {
    fn resolve(&self, name: Name) -> Resolving {
        let Self(network) = *self;
        Box::pin(async move {
            if is_localhost(name.as_str()) {
                let both = [IpAddr::V4(Ipv4Addr::LOCALHOST), IpAddr::V6(Ipv6Addr::LOCALHOST)];
                return network.only_allowed(both.map(|address| SocketAddr::new(address, 0)));
            }
            network.only_allowed(tokio::net::lookup_host((name.as_str(), 0)).await?)
        })
    }
}

impl Network {
    fn only_allowed(
        self,
        addresses: impl IntoIterator<Item = SocketAddr>,
    ) -> Result<Addrs, Box<dyn StdError + Send + Sync>> {
        let allowed: Vec<_> =
            addresses.into_iter().filter(|address| self.allows(address.ip().to_canonical())).collect();
        if allowed.is_empty() {
            return Err(Forbidden(self.refusal()).into());
        }
        Ok(Box::new(allowed.into_iter()))
    }
}

/// The name has no allowed address.
#[derive(Debug)]
pub(super) struct Forbidden(pub(super) &'static str);

impl fmt::Display for Forbidden {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.0)
    }
}

impl StdError for Forbidden {}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(url: &str, allowed_in: &[Network]) {
        let url = Url::parse(url).unwrap();
        for network in [Network::Public, Network::Loopback, Network::Private] {
            assert_eq!(network.check(&url).is_ok(), allowed_in.contains(&network), "{url}, {network:?}");
        }
    }

    const ALL: &[Network] = &[Network::Public, Network::Loopback, Network::Private];
    const LOCAL: &[Network] = &[Network::Loopback, Network::Private];
    const PRIVATE: &[Network] = &[Network::Private];

    #[test]
    fn public_addresses_are_allowed_with_https() {
        check("https://id.example/", ALL);
        check("https://93.184.216.34/", ALL);
        check("https://[2606:2800:220:1::1]/", ALL);
        check("http://id.example/", &[]);
        check("http://93.184.216.34/", &[]);
        check("ftp://id.example/", &[]);
        check("file:///etc/passwd", &[]);
        check("https://user@id.example/", &[]);
        check("https://:word@id.example/", &[]);
    }

    #[test]
    fn loopback_is_allowed_only_in_its_networks() {
        for url in [
            "http://127.0.0.1:8080/",
            "https://127.9.9.9/",
            "http://[::1]/",
            "http://localhost/",
            "http://LocalHost./",
            "http://a.localhost/",
            // Other notations of 127.0.0.1, which a comparison of texts would miss.
            "http://2130706433/",
            "http://0x7f.1/",
            "http://0177.0.0.1/",
            "http://[::ffff:127.0.0.1]/",
            "http://[64:ff9b::7f00:1]/",
        ] {
            check(url, LOCAL);
        }
        check("https://mylocalhost/", ALL);
        check("http://mylocalhost/", &[]);
    }

    #[test]
    fn private_ranges_are_allowed_only_in_private_networks() {
        for host in ["10.0.0.1", "172.16.0.1", "172.31.9.9", "192.168.1.1", "100.64.0.1", "[fd00::1]"] {
            check(&format!("https://{host}/"), PRIVATE);
            check(&format!("http://{host}/"), &[]);
        }
        check("https://[::ffff:10.0.0.1]/", PRIVATE);
        check("https://172.32.0.1/", ALL);
        check("https://100.128.0.1/", ALL);
    }

    #[test]
    fn special_addresses_are_never_allowed() {
        for host in [
            "0.0.0.0",
            "169.254.169.254",
            "192.0.0.1",
            "192.0.2.1",
            "192.88.99.1",
            "198.18.0.1",
            "198.51.100.1",
            "203.0.113.1",
            "224.0.0.1",
            "255.255.255.255",
            "[::]",
            "[fe80::1]",
            "[ff02::1]",
            "[fec0::1]",
            "[2001::1]",
            "[2001:db8::1]",
            "[2002:7f00:1::]",
            "[3fff::1]",
            "[::ffff:169.254.169.254]",
            "[64:ff9b::a9fe:a9fe]",
            "[64:ff9b:1::1]",
        ] {
            check(&format!("https://{host}/"), &[]);
        }
    }

    #[test]
    fn only_allowed_addresses_of_a_name_are_used() {
        let at = |address: &str| SocketAddr::new(address.parse().unwrap(), 0);
        let mixed = [at("10.0.0.1"), at("93.184.216.34"), at("::1")];
        let allowed = |network: Network| network.only_allowed(mixed).map(Iterator::collect::<Vec<_>>);
        assert_eq!(allowed(Network::Public).unwrap(), [mixed[1]]);
        assert_eq!(allowed(Network::Loopback).unwrap(), mixed[1..]);
        assert_eq!(allowed(Network::Private).unwrap(), mixed);
        let refused = Network::Public.only_allowed([at("169.254.169.254"), at("::ffff:127.0.0.1")]);
        assert!(refused.err().is_some_and(|error| error.is::<Forbidden>()));
    }

    #[tokio::test]
    async fn localhost_is_not_resolved_by_name_servers() {
        let resolve =
            async |network: Network| GuardedResolver(network).resolve("a.localhost".parse().unwrap()).await;
        let addresses: Vec<_> = resolve(Network::Loopback).await.unwrap().map(|at| at.ip()).collect();
        assert!(!addresses.is_empty() && addresses.iter().all(IpAddr::is_loopback));
        assert!(resolve(Network::Public).await.is_err_and(|error| error.is::<Forbidden>()));
    }
}
