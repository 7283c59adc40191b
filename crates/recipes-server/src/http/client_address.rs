//! The address of the client: the last hop that is not a trusted proxy.
//!
//! A client can write anything into `X-Forwarded-For`; each proxy appends the address that connected to it. So the list is
//! read from the right, for as long as each hop is a proxy that the administrator trusts. By default no proxy is trusted,
//! and the other end of the connection is the client.

use std::{convert::Infallible, fmt, net::IpAddr, net::SocketAddr, str::FromStr};

use axum::extract::FromRequestParts;
use http::{HeaderMap, HeaderName, header::FORWARDED, request::Parts};
use ipnet::IpNet;

/// The address of the client; `None` without a connection, as in tests.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ClientAddress(pub Option<IpAddr>);

impl<S: Sync> FromRequestParts<S> for ClientAddress {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(Self::of(parts))
    }
}

impl ClientAddress {
    /// The address that [`crate::http::stack`] found.
    pub fn of(parts: &Parts) -> Self {
        parts.extensions.get().copied().unwrap_or_default()
    }
}

/// The proxies that are trusted to name the client in forwarding headers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TrustedProxies(Vec<IpNet>);

const X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

impl TrustedProxies {
    /// The client behind `peer`, the other end of the connection.
    pub fn client(&self, peer: IpAddr, headers: &HeaderMap) -> IpAddr {
        let peer = peer.to_canonical();
        if !self.trusts(peer) {
            return peer;
        }
        let client_in = |name: &HeaderName, parse| {
            headers.contains_key(name).then(|| self.last_untrusted_hop(peer, headers, name, parse))
        };
        match (client_in(&X_FORWARDED_FOR, parse_x_forwarded_for), client_in(&FORWARDED, parse_forwarded)) {
            (Some(client), None) | (None, Some(client)) => client,
            (Some(one), Some(other)) if one == other => one,
            // A proxy writes one of the two headers and passes the other one on as the client sent it. We cannot know
            // which one, so if they disagree, neither is believed.
            (Some(_), Some(_)) | (None, None) => peer,
        }
    }

    /// Whether `peer` may be a proxy that the administrator forgot to list: it has a private address and sends a forwarding
    /// header. Until it is listed, all its clients share one address and its rate limits.
    pub fn may_lack(&self, peer: IpAddr, headers: &HeaderMap) -> bool {
        let is_private = match peer.to_canonical() {
            IpAddr::V4(address) => address.is_loopback() || address.is_private() || address.is_link_local(),
            IpAddr::V6(address) => {
                address.is_loopback() || address.is_unique_local() || address.is_unicast_link_local()
            }
        };
        let forwards = headers.contains_key(X_FORWARDED_FOR) || headers.contains_key(FORWARDED);
        forwards && is_private && !self.trusts(peer.to_canonical())
    }

    /// Follows the hops from right to left, for as long as each is trusted. An element that cannot be parsed ends the walk
    /// at the last trusted hop.
    fn last_untrusted_hop(
        &self,
        peer: IpAddr,
        headers: &HeaderMap,
        name: &HeaderName,
        parse: fn(&str) -> Option<IpAddr>,
    ) -> IpAddr {
        let mut hop = peer;
        for line in headers.get_all(name).iter().rev() {
            let Ok(line) = line.to_str() else { return hop };
            for element in line.rsplit(',') {
                let Some(before) = parse(element) else { return hop };
                hop = before.to_canonical();
                if !self.trusts(hop) {
                    return hop;
                }
            }
        }
        hop
    }

    pub fn trusts(&self, address: IpAddr) -> bool {
        self.0.iter().any(|network| network.contains(&address))
    }
}

impl FromStr for TrustedProxies {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let network = |text: &str| {
            let network =
                text.parse().or_else(|_| text.parse().map(|address: IpAddr| address.to_canonical().into()));
            network.map_err(|_: std::net::AddrParseError| {
                format!("{text:?} is not a network: use addresses or networks separated by commas, as in 10.0.0.0/8,::1")
            })
        };
        let parts = text.split(',').map(str::trim).filter(|part| !part.is_empty());
        parts.map(network).collect::<Result<_, _>>().map(Self)
    }
}

impl fmt::Display for TrustedProxies {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let networks: Vec<_> = self.0.iter().map(ToString::to_string).collect();
        f.write_str(&networks.join(","))
    }
}

/// Parses an element of `X-Forwarded-For`: an address, to which some proxies add a port.
fn parse_x_forwarded_for(element: &str) -> Option<IpAddr> {
    let element = element.trim();
    let bare = element.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
    bare.unwrap_or(element).parse().ok().or_else(|| element.parse().ok().as_ref().map(SocketAddr::ip))
}

/// Parses an element of `Forwarded` (RFC 7239 section 4): `for=192.0.2.60;proto=https`, `for="[2001:db8::1]:4711"`. No
/// address contains a comma, so an element that was split at a comma inside quotes is malformed and `None`.
fn parse_forwarded(element: &str) -> Option<IpAddr> {
    let mut node = None;
    for pair in element.split(';') {
        let (name, value) = pair.trim().split_once('=')?;
        let value = match value.strip_prefix('"') {
            Some(rest) => rest.strip_suffix('"')?,
            None => value,
        };
        if value.contains(['"', '\\']) {
            return None;
        }
        if name.eq_ignore_ascii_case("for") && node.replace(parse_x_forwarded_for(value)?).is_some() {
            return None;
        }
    }
    node
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn headers(lines: &[(&str, &str)]) -> HeaderMap {
        let line = |(name, value): &(&str, &str)| (name.parse().unwrap(), value.parse().unwrap());
        lines.iter().map(line).collect()
    }

    #[track_caller]
    fn check(trusted: &str, peer: &str, lines: &[(&str, &str)], want: &str) {
        let trusted: TrustedProxies = trusted.parse().unwrap();
        let client = trusted.client(peer.parse().unwrap(), &headers(lines));
        assert_eq!(client.to_string(), want, "{lines:?} from {peer}");
    }

    #[test]
    fn by_default_no_forwarding_header_is_believed() {
        let lines = [("x-forwarded-for", "203.0.113.9"), ("forwarded", "for=203.0.113.9")];
        check("", "127.0.0.1", &lines, "127.0.0.1");
        check("10.0.0.0/8", "192.0.2.1", &lines[..1], "192.0.2.1");
    }

    #[test]
    fn client_is_the_last_untrusted_hop() {
        let trusted = "10.0.0.0/8,::1";
        check(trusted, "10.0.0.1", &[("x-forwarded-for", "203.0.113.9")], "203.0.113.9");
        check(trusted, "10.0.0.1", &[("x-forwarded-for", "1.1.1.1, 203.0.113.9")], "203.0.113.9");
        check(trusted, "10.0.0.1", &[("x-forwarded-for", "1.1.1.1, 203.0.113.9, 10.1.1.1")], "203.0.113.9");
        let lines = [("x-forwarded-for", "1.1.1.1"), ("x-forwarded-for", "203.0.113.9,10.9.9.9")];
        check(trusted, "::1", &lines, "203.0.113.9");
        check(trusted, "::ffff:10.0.0.1", &[("x-forwarded-for", "::ffff:203.0.113.9")], "203.0.113.9");
        // All hops are trusted: the farthest one.
        check(trusted, "10.0.0.1", &[("x-forwarded-for", "10.0.0.3, 10.0.0.2")], "10.0.0.3");
    }

    #[test]
    fn addresses_may_have_ports_and_brackets() {
        for (element, want) in [
            ("203.0.113.9:4711", "203.0.113.9"),
            ("[2001:db8::1]:4711", "2001:db8::1"),
            ("[2001:db8::1]", "2001:db8::1"),
            (" 2001:db8::1 ", "2001:db8::1"),
        ] {
            check("10.0.0.1", "10.0.0.1", &[("x-forwarded-for", element)], want);
        }
    }

    #[test]
    fn forwarded_is_read_like_x_forwarded_for() {
        for (value, want) in [
            ("for=203.0.113.9", "203.0.113.9"),
            ("for=1.1.1.1, For=\"[2001:db8::1]:4711\";proto=https;by=10.0.0.1", "2001:db8::1"),
            ("proto=http ; for=203.0.113.9", "203.0.113.9"),
            // A client opens a quote to hide what the proxy appends.
            ("for=\"1.1.1.1, for=203.0.113.9", "203.0.113.9"),
            ("for=203.0.113.9, for=unknown", "10.0.0.1"),
            ("for=203.0.113.9, for=_hidden", "10.0.0.1"),
            ("for=203.0.113.9;for=1.1.1.1", "10.0.0.1"),
            ("for=\"203.0.113.9", "10.0.0.1"),
            ("203.0.113.9", "10.0.0.1"),
            ("", "10.0.0.1"),
        ] {
            check("10.0.0.1", "10.0.0.1", &[("forwarded", value)], want);
        }
    }

    #[test]
    fn malformed_element_ends_the_walk_at_the_last_trusted_hop() {
        for value in ["", "203.0.113.9, nonsense", "203.0.113.9,", "203.0.113.9 1.1.1.1", "1.2.3", "01.2.3.4"]
        {
            check("10.0.0.1", "10.0.0.1", &[("x-forwarded-for", value)], "10.0.0.1");
        }
        check("10.0.0.1,10.0.0.2", "10.0.0.1", &[("x-forwarded-for", "x, 10.0.0.2")], "10.0.0.2");
    }

    #[test]
    fn disagreeing_headers_are_not_believed() {
        let lines = [("x-forwarded-for", "203.0.113.9"), ("forwarded", "for=198.51.100.1")];
        check("10.0.0.1", "10.0.0.1", &lines, "10.0.0.1");
        let lines = [("x-forwarded-for", "203.0.113.9"), ("forwarded", "for=203.0.113.9;proto=https")];
        check("10.0.0.1", "10.0.0.1", &lines, "203.0.113.9");
    }

    #[test]
    fn unlisted_proxy_in_a_private_network_is_noticed() {
        let trusted: TrustedProxies = "10.0.0.1".parse().unwrap();
        let forwarded = headers(&[("x-forwarded-for", "203.0.113.9")]);
        for (peer, lines, noticed) in [
            ("10.0.0.2", &forwarded, true),
            ("::ffff:192.168.0.1", &forwarded, true),
            ("::1", &forwarded, true),
            ("fd00::1", &headers(&[("forwarded", "for=203.0.113.9")]), true),
            ("10.0.0.1", &forwarded, false),
            ("198.51.100.1", &forwarded, false),
            ("2001:db8::1", &forwarded, false),
            ("10.0.0.2", &HeaderMap::new(), false),
        ] {
            assert_eq!(trusted.may_lack(peer.parse().unwrap(), lines), noticed, "{peer}");
        }
    }

    #[test]
    fn malformed_networks_are_rejected() {
        assert_eq!(" 10.0.0.0/8 , ::1,".parse::<TrustedProxies>().unwrap().to_string(), "10.0.0.0/8,::1/128");
        assert_eq!("".parse(), Ok(TrustedProxies::default()));
        for bad in ["10.0.0.0/33", "localhost", "10.0.0.0/8;::1", "*"] {
            assert!(bad.parse::<TrustedProxies>().unwrap_err().contains("is not a network"), "{bad}");
        }
    }

    proptest! {
        #[test]
        fn client_cannot_change_the_result_by_prepending(prefix in "[0-9a-z:.,;=\"\\[\\] ]{0,60}") {
            let trusted: TrustedProxies = "10.0.0.1".parse().unwrap();
            for (name, appended) in [("x-forwarded-for", "203.0.113.9"), ("forwarded", "for=203.0.113.9")] {
                let lines = headers(&[(name, &format!("{prefix},{appended}"))]);
                prop_assert_eq!(trusted.client([10, 0, 0, 1].into(), &lines).to_string(), "203.0.113.9");
            }
        }
    }
}
