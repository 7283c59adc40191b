//! The device, the address and the language of the client, read from the request.

use std::convert::Infallible;

use accounts::Device;
use axum::extract::FromRequestParts;
use http::{header, request::Parts};

use super::client_address::ClientAddress;
use crate::use_cases::accounts::ClientInfo;
use crate::web::languages::Language;

impl<S: Sync> FromRequestParts<S> for ClientInfo {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        let user_agent = parts.headers.get(header::USER_AGENT);
        let device = user_agent.and_then(|value| Device::of(&String::from_utf8_lossy(value.as_bytes())));
        let ClientAddress(address) = ClientAddress::of(parts);
        Ok(Self { device, address, language: Language::of_request(&parts.headers).into() })
    }
}
