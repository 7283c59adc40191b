//! Pairwise subjects: two clients cannot tell that they have the same user
//! ([OpenID Connect Core §8.1](https://openid.net/specs/openid-connect-core-1_0.html#PairwiseAlg)).

use aws_lc_rs::hmac;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use url::Url;

use crate::client::{Client, RedirectUri};

/// The `sub` of `user` for `client`: an HMAC of the sector and the user. Clients with the same sector see the same `sub`.
pub(crate) fn subject(salt: &[u8; 32], client: &Client, user: &str) -> String {
    let mut context = hmac::Context::with_key(&hmac::Key::new(hmac::HMAC_SHA256, salt));
    context.update(sector(client).as_bytes());
    // No sector contains a NUL, so no two pairs give the same input.
    context.update(&[0]);
    context.update(user.as_bytes());
    URL_SAFE_NO_PAD.encode(context.sign())
}

/// The sector of a client: the host of its redirect URIs. The client itself if it has several hosts, because nothing then
/// shows that they belong together, or if a URI belongs to the device of the user and not to one company.
fn sector(client: &Client) -> String {
    if client.redirect_uris.iter().any(RedirectUri::is_shared_on_device) {
        return client.id.clone();
    }
    let host = |uri: &str| Url::parse(uri).ok().and_then(|url| url.host_str().map(str::to_owned));
    let mut hosts = client.redirect_uris.iter().map(|uri| host(uri.as_str()));
    match hosts.next().flatten() {
        Some(first) if hosts.all(|host| host.as_deref() == Some(first.as_str())) => first,
        _ => client.id.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::client::ClientKind;

    fn client(id: &str, uris: &[&str]) -> Client {
        let mut client = Client::new(id, "App", ClientKind::Web);
        client.redirect_uris =
            uris.iter().map(|uri| RedirectUri::parse(uri, ClientKind::Web).unwrap()).collect();
        client
    }

    #[test]
    fn clients_of_one_host_see_the_same_subject() {
        let [one, same, other] = [
            client("c_1", &["https://a.example/cb", "https://a.example:8443/cb"]),
            client("c_2", &["https://a.example/other"]),
            client("c_3", &["https://b.example/cb"]),
        ];
        let subject = |client| subject(&[7; 32], client, "user");
        assert_eq!(subject(&one), subject(&same));
        assert_ne!(subject(&one), subject(&other));
        assert_eq!(subject(&one).len(), 43);
        assert_ne!(super::subject(&[8; 32], &one, "user"), subject(&one));
        assert_ne!(super::subject(&[7; 32], &one, "other"), subject(&one));
    }

    #[test]
    fn a_client_of_two_hosts_is_alone() {
        let two = client("c_1", &["https://a.example/cb", "https://b.example/cb"]);
        let one = client("c_2", &["https://a.example/cb"]);
        assert_eq!(sector(&two), "c_1");
        assert_eq!(sector(&one), "a.example");
        assert_eq!(sector(&client("c_3", &["http://127.0.0.1/cb"])), "c_3");
    }
}
