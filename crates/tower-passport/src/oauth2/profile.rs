use std::fmt;

use bytes::Bytes;
use http::{Request, Response, StatusCode, header};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use secrecy::ExposeSecret;
use serde_json::Value;
use url::Url;

use super::encode;
use super::provider::{AccessTokenIn, EmailList, ProfilePointers, Provider, Userinfo};
use super::provider_error::ProviderError;
use super::tokens::Tokens;
use crate::{HttpClient, HttpError};

/// The profile of a user, as the provider reports it.
#[derive(Clone, PartialEq)]
#[non_exhaustive]
pub struct Profile {
    /// The provider: [`Provider::id`].
    pub provider: String,
    /// The issuer of the ID token. A multi-tenant provider has one for each tenant.
    pub issuer: Option<String>,
    /// The id of the user at the provider. Together with the provider (or the issuer) it identifies one user for good.
    pub subject: String,
    /// The e-mail address, if the provider reports one.
    pub email: Option<String>,
    /// Whether the provider has verified the address; `false` if it does not say.
    pub email_verified: bool,
    /// The display name.
    pub name: Option<String>,
    /// The URL of a picture.
    pub picture: Option<String>,
    /// All claims that the provider reported.
    pub claims: Value,
}

impl Profile {
    /// Reads the profile in a JSON document.
    pub(crate) fn read(
        provider: &str,
        pointers: &ProfilePointers,
        claims: Value,
    ) -> Result<Self, ProviderError> {
        let text = |pointer: &Option<String>| {
            let value = claims.pointer(pointer.as_deref()?)?;
            value.as_str().filter(|text| !text.is_empty()).map(str::to_owned)
        };
        let subject = match claims.pointer(&pointers.subject) {
            Some(Value::String(subject)) if !subject.is_empty() => subject.clone(),
            // A float is not an id: 1e3 and 1000.0 could be one user or two.
            Some(Value::Number(number)) if !number.is_f64() => number.to_string(),
            _ => return Err(ProviderError::Protocol("a profile without the user's id")),
        };
        let verified = pointers.email_verified.as_deref().and_then(|pointer| claims.pointer(pointer));
        let email_verified = match verified {
            Some(Value::Bool(verified)) => *verified,
            Some(Value::String(verified)) => verified == "true",
            _ => false,
        };
        Ok(Self {
            provider: provider.to_owned(),
            issuer: None,
            subject,
            email: text(&pointers.email),
            email_verified,
            name: text(&pointers.name),
            picture: text(&pointers.picture),
            claims,
        })
    }

    /// Fetches the profile of the owner of these tokens.
    pub(super) async fn fetch(
        provider: &Provider,
        client_id: &str,
        http: &HttpClient,
        tokens: &Tokens,
    ) -> Result<Self, ProviderError> {
        let request = ProfileRequest { provider, client_id, http, tokens };
        let claims = match &provider.userinfo {
            Userinfo::TokenResponse => Value::Object(tokens.extra.clone()),
            Userinfo::Get(url) => request.document(Request::get("/"), url).await?,
            Userinfo::Post(url) => request.document(Request::post("/"), url).await?,
        };
        let mut profile = Self::read(&provider.id, &provider.profile, claims)?;
        if let Some(list) = &provider.emails {
            let emails = match request.document(Request::get("/"), &list.url).await {
                Err(ProviderError::Http(HttpError::Status(
                    StatusCode::FORBIDDEN | StatusCode::NOT_FOUND,
                ))) => Value::Null,
                emails => emails?,
            };
            profile.choose_email(list, &emails);
            if let Value::Object(claims) = &mut profile.claims {
                claims.insert("emails".into(), emails);
            }
        }
        Ok(profile)
    }

    fn choose_email(&mut self, list: &EmailList, emails: &Value) {
        let items = emails.pointer(&list.items).and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
        let says = |item: &Value, pointer: &str| item.pointer(pointer).and_then(Value::as_bool) == Some(true);
        let primary = items.iter().find(|item| says(item, &list.primary));
        let chosen = primary.or_else(|| items.iter().find(|item| says(item, &list.verified)));
        self.email = chosen.and_then(|item| item.pointer(&list.email)?.as_str()).map(str::to_owned);
        self.email_verified = self.email.is_some() && chosen.is_some_and(|item| says(item, &list.verified));
    }
}

/// A request for the profile of the owner of a token.
struct ProfileRequest<'a> {
    provider: &'a Provider,
    client_id: &'a str,
    http: &'a HttpClient,
    tokens: &'a Tokens,
}

impl ProfileRequest<'_> {
    async fn document(&self, request: http::request::Builder, url: &str) -> Result<Value, ProviderError> {
        const BAD: ProviderError = ProviderError::Protocol("a userinfo request that cannot be written");
        let token = self.tokens.access_token.expose_secret();
        let mut url = Url::parse(&self.filled(url)?).map_err(|_| BAD)?;
        let scheme = match &self.provider.userinfo_token {
            AccessTokenIn::Bearer => Some("Bearer"),
            AccessTokenIn::Scheme(scheme) => Some(&**scheme),
            AccessTokenIn::Query(name) => {
                url.query_pairs_mut().append_pair(name, token);
                None
            }
        };
        let mut request = request.uri(url.as_str());
        if let Some(scheme) = scheme {
            let value = encode::authorization(scheme, token).map_err(|_| BAD)?;
            request = request.header(header::AUTHORIZATION, value);
        }
        let fields = &self.provider.userinfo_headers;
        if !fields.iter().any(|(name, _)| name.eq_ignore_ascii_case("accept")) {
            request = request.header(header::ACCEPT, "application/json");
        }
        for (name, value) in fields {
            request = request.header(name, value.replace("{client_id}", self.client_id));
        }
        document(self.http, request.body(Bytes::new()).map_err(|_| BAD)?).await
    }

    /// The URL with its `{name}` placeholders replaced by percent-encoded members of the token response.
    fn filled(&self, url: &str) -> Result<String, ProviderError> {
        const BAD: ProviderError =
            ProviderError::Protocol("a token response without a member that the userinfo URL needs");
        let mut filled = String::new();
        let mut rest = url;
        while let Some((before, (name, after))) =
            rest.split_once('{').and_then(|(before, behind)| Some((before, behind.split_once('}')?)))
        {
            let value = match (name, self.tokens.extra.get(name)) {
                ("access_token", _) => self.tokens.access_token.expose_secret().to_owned(),
                (_, Some(Value::String(text))) => text.clone(),
                (_, Some(Value::Number(number))) => number.to_string(),
                _ => return Err(BAD),
            };
            filled.push_str(before);
            filled.extend(utf8_percent_encode(&value, RESERVED));
            rest = after;
        }
        filled.push_str(rest);
        Ok(filled)
    }
}

/// All characters except the unreserved ones (RFC 3986, section 2.3).
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// Fetches a JSON document.
pub(crate) async fn document(http: &HttpClient, request: Request<Bytes>) -> Result<Value, ProviderError> {
    let response: Response<Bytes> = http.send(request).await?;
    if response.status() != StatusCode::OK {
        return Err(HttpError::Status(response.status()).into());
    }
    serde_json::from_slice(response.body())
        .map_err(|_| ProviderError::Protocol("a userinfo response that is not JSON"))
}

/// Shows only the id of the person.
impl fmt::Debug for Profile {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Profile")
            .field("provider", &self.provider)
            .field("issuer", &self.issuer)
            .field("subject", &self.subject)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[track_caller]
    fn check(emails: &Value, want: Option<&str>, verified: bool) {
        let list = EmailList {
            url: String::new(),
            items: "/values".into(),
            email: "/email".into(),
            primary: "/primary".into(),
            verified: "/verified".into(),
        };
        let profile = json!({ "id": 1, "email": "public@example.com", "verified": true });
        let mut profile = Profile::read("a", &ProfilePointers::subject("/id"), profile).unwrap();
        profile.choose_email(&list, &json!({ "values": emails }));
        assert_eq!((profile.email.as_deref(), profile.email_verified), (want, verified), "{emails}");
    }

    #[test]
    fn the_primary_address_is_preferred_to_other_verified_ones() {
        let item = |email: &str, primary: bool, verified: bool| json!({ "email": email, "primary": primary, "verified": verified });
        check(&json!([item("a", false, true), item("b", true, true)]), Some("b"), true);
        check(&json!([item("a", false, true), item("b", true, false)]), Some("b"), false);
        check(
            &json!([item("a", false, false), item("b", false, true), item("c", false, true)]),
            Some("b"),
            true,
        );
        check(&json!([item("a", false, false)]), None, false);
        check(&json!([{ "email": "a", "primary": "true", "verified": 1 }]), None, false);
        check(&json!([{ "email": null, "primary": true, "verified": true }]), None, false);
        check(&json!([]), None, false);
        check(&Value::Null, None, false);
    }
}
