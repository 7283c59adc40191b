//! Sends signed messages to webhooks (Standard Webhooks).

use std::time::Duration;

use aws_lc_rs::hmac;
use base64::{Engine as _, engine::general_purpose::STANDARD};
use bytes::Bytes;
use http::{Request, StatusCode, Uri, header};
use ids::WebhookId;
use jiff::Timestamp;
use tower_passport::{HttpClient, HttpError, Network};

/// A receiver that is slower should answer first and work then.
const TIMEOUT: Duration = Duration::from_secs(15);
/// Bytes of an answer, of which nothing is used.
const ANSWER_BYTES: usize = 64 << 10;

/// An HTTP client for webhooks. It connects to public addresses only, unless the operator allows private ones, and follows no redirects.
/// Clones share the connections.
#[derive(Clone, Debug)]
pub struct WebhookSender {
    client: HttpClient,
    is_private_allowed: bool,
}

/// A message to a webhook.
#[derive(Clone, Debug)]
pub struct Message {
    /// The same for each try.
    pub id: String,
    pub body: String,
}

impl WebhookSender {
    /// `None` if this machine has no root certificates.
    pub fn start(is_private_allowed: bool) -> Option<Self> {
        let warn = |error: &HttpError| tracing::warn!("Webhooks are off: {error}");
        Self::new(if is_private_allowed { Network::Private } else { Network::Public }).inspect_err(warn).ok()
    }

    /// # Errors
    /// If the system has no root certificates.
    pub fn new(network: Network) -> Result<Self, HttpError> {
        let client = HttpClient::new(network)?.timeout(TIMEOUT).max_body(ANSWER_BYTES).cut_bodies();
        Ok(Self { client, is_private_allowed: network == Network::Private })
    }

    /// Checks an address without resolving its name.
    ///
    /// # Errors
    /// Why the service does not send to it.
    pub fn check(&self, url: &str) -> Result<(), String> {
        let refusal = |error: HttpError| match error {
            HttpError::Forbidden(what) if what.starts_with("an address") && !self.is_private_allowed => {
                format!("cannot be used: it is {what}; WEBHOOK_PRIVATE=true allows private networks")
            }
            HttpError::Forbidden(what) => format!("cannot be used: it is {what}"),
            error => format!("cannot be used: {error}"),
        };
        // What a URL may leave to its readers to encode, a request may not contain.
        if url.parse::<Uri>().is_err() {
            return Err("cannot be used: it is no URL, or has characters that must be encoded".to_owned());
        }
        self.client.check(url).map_err(refusal)
    }

    /// Sends a message with a signature for each key.
    ///
    /// # Errors
    /// Why there is no answer.
    pub async fn send(
        &self,
        url: &str,
        message: Message,
        keys: &[&[u8]],
        now: Timestamp,
    ) -> Result<StatusCode, HttpError> {
        let Message { id, body } = message;
        let timestamp = now.as_second();
        let signed = format!("{id}.{timestamp}.{body}");
        let signatures: Vec<_> = keys.iter().map(|key| sign(key, signed.as_bytes())).collect();
        let request = Request::post(url)
            .header(header::USER_AGENT, concat!("Recipes/", env!("CARGO_PKG_VERSION")))
            .header(header::CONTENT_TYPE, "application/json")
            .header("webhook-id", id)
            .header("webhook-timestamp", timestamp)
            .header("webhook-signature", signatures.join(" "))
            .body(Bytes::from(body))
            .map_err(|_| HttpError::Forbidden("an address that is no web address"))?;
        Ok(self.client.send(request).await?.status())
    }
}

/// The name under which the secret of a webhook is encrypted.
pub(crate) fn secret_name(id: WebhookId) -> String {
    format!("webhook {id}")
}

fn sign(key: &[u8], text: &[u8]) -> String {
    let signature = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key), text);
    format!("v1,{}", STANDARD.encode(signature))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of the specification.
    #[test]
    fn signatures_are_those_of_standard_webhooks() {
        let key = STANDARD.decode("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap();
        let text = r#"msg_p5jXN8AQM9LWM0D4loKWxJek.1614265330.{"test": 2432232314}"#;
        assert_eq!(sign(&key, text.as_bytes()), "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    }

    #[test]
    fn private_addresses_need_a_setting() {
        let (public, private) = (WebhookSender::new(Network::Public), WebhookSender::new(Network::Private));
        let (public, private) = (public.unwrap(), private.unwrap());
        for url in ["https://192.168.1.7/hook", "https://10.0.0.1/hook", "http://127.0.0.1:9/hook"] {
            assert!(public.check(url).unwrap_err().contains("WEBHOOK_PRIVATE"), "{url}");
            private.check(url).unwrap();
        }
        for url in [
            "http://kitchen.example/hook",
            "https://169.254.169.254/",
            "https://u:p@kitchen.example/",
            "https://kitchen.example/<a>",
            "kitchen",
        ] {
            assert!(public.check(url).is_err() && private.check(url).is_err(), "{url}");
        }
        public.check("https://kitchen.example/hook").unwrap();
    }
}
