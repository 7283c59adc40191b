//! Where a request comes from: the last hop that is not ours.
//!
//! Whoever sends a request writes what stands at the left of `X-Forwarded-For`; each proxy adds, at the right, whom it
//! has spoken to. So the list is read from the right, and only as long as the speaker is a proxy that the operator
//! trusts. By default none is, and the other end of the connection is the client.

use std::{convert::Infallible, fmt, net::IpAddr, net::SocketAddr, str::FromStr};

use axum::extract::FromRequestParts;
use http::{HeaderMap, HeaderName, header::FORWARDED, request::Parts};
use ipnet::IpNet;

/// The address of the client; `None` where there is no connection, as in tests.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ClientAddress(pub Option<IpAddr>);

impl<S: Sync> FromRequestParts<S> for ClientAddress {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(Self::of(parts))
    }
}

impl ClientAddress {
    /// As the front has found it, for a request that may change something.
    pub fn of(parts: &Parts) -> Self {
        debug_assert!(
            !parts.method.is_safe(),
            "the front does not look where those come from that only read"
        );
        parts.extensions.get().copied().unwrap_or_default()
    }
}

/// The proxies whose word is believed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TrustedProxies(Vec<IpNet>);

const X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

impl TrustedProxies {
    /// The client behind the other end of the connection.
    pub fn client(&self, peer: IpAddr, headers: &HeaderMap) -> IpAddr {
        let peer = peer.to_canonical();
        if !self.trust(peer) {
            return peer;
        }
        let told = |name: &HeaderName, read| {
            headers.contains_key(name).then(|| self.last_stranger(peer, headers, name, read))
        };
        match (told(&X_FORWARDED_FOR, address_of), told(&FORWARDED, node_of)) {
            (Some(client), None) | (None, Some(client)) => client,
            (Some(one), Some(other)) if one == other => one,
            // A proxy writes one of the two and lets the other through as the client has sent it; which, we are not
            // told, so that a client who makes up the other one must not be believed.
            (Some(_), Some(_)) | (None, None) => peer,
        }
    }

    /// Whether this looks like a proxy that the operator has forgotten to name: somebody in a network of our own who says
    /// whom he speaks for. All his clients share one address then, and the limits of one.
    pub fn seem_to_lack(&self, peer: IpAddr, headers: &HeaderMap) -> bool {
        let is_ours = match peer.to_canonical() {
            IpAddr::V4(address) => address.is_loopback() || address.is_private() || address.is_link_local(),
            IpAddr::V6(address) => {
                address.is_loopback() || address.is_unique_local() || address.is_unicast_link_local()
            }
        };
        let speaks = headers.contains_key(X_FORWARDED_FOR) || headers.contains_key(FORWARDED);
        speaks && is_ours && !self.trust(peer.to_canonical())
    }

    /// Goes from hop to hop, as long as each is one of ours. What cannot be read ends the way: the last one who could
    /// be believed stands for all behind him.
    fn last_stranger(
        &self,
        peer: IpAddr,
        headers: &HeaderMap,
        name: &HeaderName,
        read: fn(&str) -> Option<IpAddr>,
    ) -> IpAddr {
        let mut hop = peer;
        for line in headers.get_all(name).iter().rev() {
            let Ok(line) = line.to_str() else { return hop };
            for element in line.rsplit(',') {
                let Some(before) = read(element) else { return hop };
                hop = before.to_canonical();
                if !self.trust(hop) {
                    return hop;
                }
            }
        }
        hop
    }

    fn trust(&self, address: IpAddr) -> bool {
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
                format!("{text:?} is no network: must be addresses or networks with commas between, as in 10.0.0.0/8,::1")
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

/// An element of `X-Forwarded-For`: an address, by some proxies with a port.
fn address_of(element: &str) -> Option<IpAddr> {
    let element = element.trim();
    let bare = element.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
    bare.unwrap_or(element).parse().ok().or_else(|| element.parse().ok().as_ref().map(SocketAddr::ip))
}

/// An element of `Forwarded` (RFC 7239, section 4): `for=192.0.2.60;proto=https`, `for="[2001:db8::1]:4711"`. An
/// address has no comma, so an element that was cut at one inside of quotes is not well-formed, and is not read.
fn node_of(element: &str) -> Option<IpAddr> {
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
        if name.eq_ignore_ascii_case("for") && node.replace(address_of(value)?).is_some() {
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
    fn nobody_is_believed_unless_the_operator_says_so() {
        let lines = [("x-forwarded-for", "203.0.113.9"), ("forwarded", "for=203.0.113.9")];
        check("", "127.0.0.1", &lines, "127.0.0.1");
        check("10.0.0.0/8", "192.0.2.1", &lines[..1], "192.0.2.1");
    }

    #[test]
    fn the_client_is_the_last_hop_that_is_not_ours_whatever_it_says_itself() {
        let trusted = "10.0.0.0/8,::1";
        check(trusted, "10.0.0.1", &[("x-forwarded-for", "203.0.113.9")], "203.0.113.9");
        check(trusted, "10.0.0.1", &[("x-forwarded-for", "1.1.1.1, 203.0.113.9")], "203.0.113.9");
        check(trusted, "10.0.0.1", &[("x-forwarded-for", "1.1.1.1, 203.0.113.9, 10.1.1.1")], "203.0.113.9");
        let lines = [("x-forwarded-for", "1.1.1.1"), ("x-forwarded-for", "203.0.113.9,10.9.9.9")];
        check(trusted, "::1", &lines, "203.0.113.9");
        check(trusted, "::ffff:10.0.0.1", &[("x-forwarded-for", "::ffff:203.0.113.9")], "203.0.113.9");
        // All are ours: the one that is furthest away.
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
    fn forwarded_is_read_like_its_elder() {
        for (value, want) in [
            ("for=203.0.113.9", "203.0.113.9"),
            ("for=1.1.1.1, For=\"[2001:db8::1]:4711\";proto=https;by=10.0.0.1", "2001:db8::1"),
            ("proto=http ; for=203.0.113.9", "203.0.113.9"),
            // A client tries to swallow what the proxy adds.
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
    fn what_cannot_be_read_ends_the_way_at_the_last_who_is_believed() {
        for value in ["", "203.0.113.9, nonsense", "203.0.113.9,", "203.0.113.9 1.1.1.1", "1.2.3", "01.2.3.4"]
        {
            check("10.0.0.1", "10.0.0.1", &[("x-forwarded-for", value)], "10.0.0.1");
        }
        check("10.0.0.1,10.0.0.2", "10.0.0.1", &[("x-forwarded-for", "x, 10.0.0.2")], "10.0.0.2");
    }

    #[test]
    fn a_client_who_sends_the_header_that_the_proxy_does_not_write_is_not_believed() {
        let lines = [("x-forwarded-for", "203.0.113.9"), ("forwarded", "for=198.51.100.1")];
        check("10.0.0.1", "10.0.0.1", &lines, "10.0.0.1");
        let lines = [("x-forwarded-for", "203.0.113.9"), ("forwarded", "for=203.0.113.9;proto=https")];
        check("10.0.0.1", "10.0.0.1", &lines, "203.0.113.9");
    }

    #[test]
    fn a_proxy_that_was_forgotten_is_noticed_and_a_stranger_is_none() {
        let trusted: TrustedProxies = "10.0.0.1".parse().unwrap();
        let told = headers(&[("x-forwarded-for", "203.0.113.9")]);
        for (peer, lines, noticed) in [
            ("10.0.0.2", &told, true),
            ("::ffff:192.168.0.1", &told, true),
            ("::1", &told, true),
            ("fd00::1", &headers(&[("forwarded", "for=203.0.113.9")]), true),
            ("10.0.0.1", &told, false),
            ("198.51.100.1", &told, false),
            ("2001:db8::1", &told, false),
            ("10.0.0.2", &HeaderMap::new(), false),
        ] {
            assert_eq!(trusted.seem_to_lack(peer.parse().unwrap(), lines), noticed, "{peer}");
        }
    }

    #[test]
    fn networks_are_read_strictly() {
        assert_eq!(" 10.0.0.0/8 , ::1,".parse::<TrustedProxies>().unwrap().to_string(), "10.0.0.0/8,::1/128");
        assert_eq!("".parse(), Ok(TrustedProxies::default()));
        for bad in ["10.0.0.0/33", "localhost", "10.0.0.0/8;::1", "*"] {
            assert!(bad.parse::<TrustedProxies>().unwrap_err().contains("is no network"), "{bad}");
        }
    }

    proptest! {
        #[test]
        fn whatever_stands_before_changes_nothing(made_up in "[0-9a-z:.,;=\"\\[\\] ]{0,60}") {
            let trusted: TrustedProxies = "10.0.0.1".parse().unwrap();
            for (name, told) in [("x-forwarded-for", "203.0.113.9"), ("forwarded", "for=203.0.113.9")] {
                let lines = headers(&[(name, &format!("{made_up},{told}"))]);
                prop_assert_eq!(trusted.client([10, 0, 0, 1].into(), &lines).to_string(), "203.0.113.9");
            }
        }
    }
}
