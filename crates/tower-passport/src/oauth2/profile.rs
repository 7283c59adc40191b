use std::fmt;

use bytes::Bytes;
use http::{Request, Response, StatusCode, header};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use secrecy::ExposeSecret;
use serde_json::Value;
use url::Url;

use super::{AccessTokenIn, EmailList, Failure, ProfilePointers, Provider, Tokens, Userinfo, encode};
use crate::{HttpClient, HttpError};

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
        let asked = Asked { provider, client_id, http, tokens };
        let claims = match &provider.userinfo {
            Userinfo::TokenResponse => Value::Object(tokens.extra.clone()),
            Userinfo::Get(url) => asked.document(Request::get("/"), url).await?,
            Userinfo::Post(url) => asked.document(Request::post("/"), url).await?,
        };
        let mut profile = Self::read(&provider.id, &provider.profile, claims)?;
        if let Some(list) = &provider.emails {
            let emails = match asked.document(Request::get("/"), &list.url).await {
                Err(Failure::Http(HttpError::Status(StatusCode::FORBIDDEN | StatusCode::NOT_FOUND))) => {
                    Value::Null
                }
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

/// The request for what a provider says of the owner of a token.
struct Asked<'a> {
    provider: &'a Provider,
    client_id: &'a str,
    http: &'a HttpClient,
    tokens: &'a Tokens,
}

impl Asked<'_> {
    async fn document(&self, request: http::request::Builder, url: &str) -> Result<Value, Failure> {
        const BAD: Failure = Failure::Protocol("a userinfo request that cannot be written");
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

    /// The URL with what the token answer says in the places of it, so encoded that it stays in its place.
    fn filled(&self, url: &str) -> Result<String, Failure> {
        const BAD: Failure = Failure::Protocol("a token answer without what the userinfo's URL needs");
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

/// Everything that could mean something in a URL (RFC 3986, section 2.3).
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// A JSON object, or the failure of whoever should have given one.
pub(crate) async fn document(http: &HttpClient, request: Request<Bytes>) -> Result<Value, Failure> {
    let answer: Response<Bytes> = http.send(request).await?;
    if answer.status() != StatusCode::OK {
        return Err(HttpError::Status(answer.status()).into());
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
    fn the_primary_address_is_taken_and_else_a_verified_one() {
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
