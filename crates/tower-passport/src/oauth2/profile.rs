use std::fmt;

use bytes::Bytes;
use http::{HeaderValue, Request, Response, StatusCode, header};
use secrecy::ExposeSecret;
use serde_json::Value;
use url::Url;

use super::{AccessTokenIn, Failure, ProfilePointers, Provider, Tokens, Userinfo};
use crate::HttpClient;

/// What a provider says of its user.
#[derive(Clone, PartialEq)]
#[non_exhaustive]
pub struct Profile {
    /// Which provider says so: [`Provider::id`].
    pub provider: String,
    /// The issuer of the ID token, exact also where one provider has many (a tenant of Microsoft's).
    pub issuer: Option<String>,
    /// His id there. With the provider (or the issuer) it names one person for good.
    pub subject: String,
    /// His e-mail address, as far as the provider knows.
    pub email: Option<String>,
    /// Whether the provider says that the address is his. `false` if it does not say.
    pub email_verified: bool,
    /// What he is called.
    pub name: Option<String>,
    /// The URL of his picture.
    pub picture: Option<String>,
    /// Everything that was said.
    pub claims: Value,
}

impl Profile {
    /// Reads a document by its pointers.
    pub(crate) fn read(provider: &str, pointers: &ProfilePointers, claims: Value) -> Result<Self, Failure> {
        let text = |pointer: &Option<String>| {
            let value = claims.pointer(pointer.as_deref()?)?;
            value.as_str().filter(|text| !text.is_empty()).map(str::to_owned)
        };
        let subject = match claims.pointer(&pointers.subject) {
            Some(Value::String(subject)) if !subject.is_empty() => subject.clone(),
            // A float is no id: 1e3 and 1000.0 would be two users, or one of two.
            Some(Value::Number(number)) if !number.is_f64() => number.to_string(),
            _ => return Err(Failure::Protocol("a profile without the user's id")),
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

    /// Asks the provider whose tokens these are.
    pub(super) async fn fetch(
        provider: &Provider,
        client_id: &str,
        http: &HttpClient,
        tokens: &Tokens,
    ) -> Result<Self, Failure> {
        let claims = match &provider.userinfo {
            Userinfo::TokenResponse => Value::Object(tokens.extra.clone()),
            Userinfo::Get(url) => {
                document(http, userinfo_request(Request::get("/"), url, provider, client_id, tokens)?).await?
            }
            Userinfo::Post(url) => {
                document(http, userinfo_request(Request::post("/"), url, provider, client_id, tokens)?)
                    .await?
            }
        };
        Self::read(&provider.id, &provider.profile, claims)
    }
}

fn userinfo_request(
    request: http::request::Builder,
    url: &str,
    provider: &Provider,
    client_id: &str,
    tokens: &Tokens,
) -> Result<Request<Bytes>, Failure> {
    const BAD: Failure = Failure::Protocol("a userinfo request that cannot be written");
    let token = tokens.access_token.expose_secret();
    let mut url = Url::parse(url).map_err(|_| BAD)?;
    let authorization = match &provider.userinfo_token {
        AccessTokenIn::Bearer => Some(format!("Bearer {token}")),
        AccessTokenIn::Scheme(scheme) => Some(format!("{scheme} {token}")),
        AccessTokenIn::Query(name) => {
            url.query_pairs_mut().append_pair(name, token);
            None
        }
    };
    let mut request = request.uri(url.as_str()).header(header::ACCEPT, "application/json");
    if let Some(authorization) = authorization {
        let mut value = HeaderValue::try_from(authorization).map_err(|_| BAD)?;
        value.set_sensitive(true);
        request = request.header(header::AUTHORIZATION, value);
    }
    for (name, value) in &provider.userinfo_headers {
        request = request.header(name, value.replace("{client_id}", client_id));
    }
    request.body(Bytes::new()).map_err(|_| BAD)
}

/// A JSON object, or the failure of whoever should have given one.
pub(crate) async fn document(http: &HttpClient, request: Request<Bytes>) -> Result<Value, Failure> {
    let answer: Response<Bytes> = http.send(request).await?;
    if answer.status() != StatusCode::OK {
        return Err(crate::HttpError::Status(answer.status()).into());
    }
    serde_json::from_slice(answer.body()).map_err(|_| Failure::Protocol("a userinfo answer that is no JSON"))
}

/// Nothing of the person is shown but the id.
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
