//! The fields of a client in requests and responses.

use jiff::Timestamp;
use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;
use strict_jose::{Algorithm, KeySet};
use strict_oidc::{AssertionAudience, ClientFlag, ClientKind, GrantType, RedirectUri, Scopes};

use crate::http::body::{ParseFields, fields::Fields};
use crate::provider::ClientRecord;
use crate::use_cases::clients::{ClientError, RegisteredClient};

/// A client to register.
pub struct NewClient(pub(super) ClientRecord);

/// The changes of a client. `None`: the field stays.
#[derive(Default)]
pub struct ClientPatch {
    name: Option<String>,
    disabled: Option<bool>,
    redirect_uris: Option<Vec<String>>,
    post_logout_redirect_uris: Option<Vec<String>>,
    /// Empty: none.
    backchannel_logout_uri: Option<String>,
    grants: Option<Vec<GrantType>>,
    scopes: Option<Scopes>,
    audiences: Option<Vec<String>>,
    serves: Option<Vec<String>>,
    flags: Option<Vec<ClientFlag>>,
    jwks: Option<String>,
    id_token_algorithm: Option<String>,
    assertion_audience: Option<AssertionAudience>,
}

impl ClientPatch {
    pub(super) fn apply(self, record: &mut ClientRecord) -> Result<(), ClientError> {
        let kind = record.kind;
        set(&mut record.name, self.name);
        set(&mut record.disabled, self.disabled);
        set(&mut record.redirect_uris, uris("redirectUris", self.redirect_uris, kind)?);
        let after_log_out = uris("postLogoutRedirectUris", self.post_logout_redirect_uris, kind)?;
        set(&mut record.post_logout_redirect_uris, after_log_out);
        let logout_uri = self.backchannel_logout_uri.map(|uri| Some(uri).filter(|uri| !uri.is_empty()));
        set(&mut record.backchannel_logout_uri, logout_uri);
        set(&mut record.grants, self.grants);
        set(&mut record.scopes, self.scopes);
        set(&mut record.audiences, self.audiences);
        set(&mut record.serves, self.serves);
        set(&mut record.flags, self.flags);
        set(&mut record.jwks, self.jwks.map(Some));
        set(&mut record.id_token_algorithm, self.id_token_algorithm.map(Some));
        set(&mut record.assertion_audience, self.assertion_audience);
        Ok(())
    }
}

fn uris(
    field: &'static str,
    texts: Option<Vec<String>>,
    kind: ClientKind,
) -> Result<Option<Vec<RedirectUri>>, ClientError> {
    let parse = |uri: &String| {
        let parsed = RedirectUri::parse(uri, kind);
        parsed.map_err(|why| ClientError::InvalidField {
            field,
            message: format!("has an address that cannot be used: {why}"),
        })
    };
    texts.map(|texts| texts.iter().map(parse).collect()).transpose()
}

fn set<T>(field: &mut T, value: Option<T>) {
    if let Some(value) = value {
        *field = value;
    }
}

const FIELDS: &[&str] = &[
    "name",
    "kind",
    "redirectUris",
    "postLogoutRedirectUris",
    "backchannelLogoutUri",
    "grants",
    "scopes",
    "audiences",
    "serves",
    "flags",
    "jwks",
    "idTokenAlgorithm",
    "assertionAudience",
];

impl ParseFields for NewClient {
    const FIELDS: &'static [&'static str] = FIELDS;

    fn parse_fields(fields: &mut Fields<'_>) -> Option<Self> {
        let name = fields.required("name", |text| Ok::<_, String>(text.to_owned()));
        let kind = fields.required("kind", |text| {
            known::<ClientKind>(text).ok_or("must be web, browser, native or service")
        });
        let patch = patch_of(fields);
        let mut record = ClientRecord::new(name?, kind?);
        if let Err(ClientError::InvalidField { field, message }) = patch.apply(&mut record) {
            return fields.invalid(field, message);
        }
        Some(Self(record))
    }
}

impl ParseFields for ClientPatch {
    const FIELDS: &'static [&'static str] = &[
        "name",
        "disabled",
        "redirectUris",
        "postLogoutRedirectUris",
        "backchannelLogoutUri",
        "grants",
        "scopes",
        "audiences",
        "serves",
        "flags",
        "jwks",
        "idTokenAlgorithm",
        "assertionAudience",
    ];

    fn parse_fields(fields: &mut Fields<'_>) -> Option<Self> {
        let name = fields.optional("name", |text| Ok::<_, String>(text.to_owned()));
        let disabled = fields.flag("disabled");
        Some(Self { name, disabled, ..patch_of(fields) })
    }
}

/// The fields that both requests have.
fn patch_of(fields: &mut Fields<'_>) -> ClientPatch {
    let words = |list: Vec<String>| Scopes::parse(&list.join(" ")).map_err(|why| why.to_string());
    let scopes = texts(fields, "scopes").map(words);
    let scopes = scopes.and_then(|scopes| scopes.map_err(|why| fields.invalid::<()>("scopes", why)).ok());
    ClientPatch {
        redirect_uris: texts(fields, "redirectUris"),
        post_logout_redirect_uris: texts(fields, "postLogoutRedirectUris"),
        backchannel_logout_uri: match fields.get("backchannelLogoutUri") {
            Some(Value::Null) => Some(String::new()),
            _ => fields.optional("backchannelLogoutUri", |uri| Ok::<_, String>(uri.to_owned())),
        },
        grants: known_list(fields, "grants", &grant_names()),
        audiences: texts(fields, "audiences"),
        serves: texts(fields, "serves"),
        flags: known_list(fields, "flags", FLAGS),
        jwks: jwks(fields),
        id_token_algorithm: fields.optional("idTokenAlgorithm", |name| match name.parse() {
            Ok(Algorithm::Rs256 | Algorithm::Es256) => Ok(name.to_owned()),
            _ => Err("must be RS256 or ES256"),
        }),
        assertion_audience: fields.optional("assertionAudience", |text| {
            known::<AssertionAudience>(text).ok_or("must be issuer or token-endpoint")
        }),
        scopes,
        ..ClientPatch::default()
    }
}

/// The names of the flags in requests.
const FLAGS: &str =
    "first-party, without-pkce, require-par, require-dpop, id-token-claims, pairwise, signed-userinfo";

fn grant_names() -> String {
    GrantType::ALL.iter().map(|grant| grant.as_str()).collect::<Vec<_>>().join(", ")
}

fn texts(fields: &mut Fields<'_>, name: &str) -> Option<Vec<String>> {
    fields.get(name)?;
    let list = match fields.list(name) {
        Ok(list) => list,
        Err(message) => return fields.invalid(name, message),
    };
    let texts = list.iter().map(|value| value.as_str().map(str::to_owned)).collect::<Option<Vec<_>>>();
    texts.or_else(|| fields.invalid(name, "must be a list of texts"))
}

fn known<T: DeserializeOwned>(text: &str) -> Option<T> {
    serde_json::from_value(Value::String(text.to_owned())).ok()
}

fn known_list<T: DeserializeOwned>(fields: &mut Fields<'_>, name: &str, names: &str) -> Option<Vec<T>> {
    let list = texts(fields, name)?;
    let list = list.iter().map(|text| known(text)).collect::<Option<Vec<_>>>();
    list.or_else(|| fields.invalid(name, format!("must be a list of these: {names}")))
}

/// A set of public keys, as an object or as its text.
fn jwks(fields: &mut Fields<'_>) -> Option<String> {
    let text = match fields.get("jwks")? {
        Value::String(text) => text.clone(),
        set => set.to_string(),
    };
    match KeySet::from_jwks(&text) {
        Ok(_) => Some(text),
        Err(why) => fields.invalid("jwks", format!("must be a set of public keys: {why}")),
    }
}

/// A client in responses.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ClientView<'a> {
    client_id: &'a str,
    name: &'a str,
    kind: ClientKind,
    disabled: bool,
    redirect_uris: Vec<&'a str>,
    post_logout_redirect_uris: Vec<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    backchannel_logout_uri: Option<&'a str>,
    grants: &'a [GrantType],
    scopes: Vec<&'a str>,
    audiences: &'a [String],
    serves: &'a [String],
    flags: &'a [ClientFlag],
    id_token_algorithm: &'a str,
    assertion_audience: AssertionAudience,
    #[serde(skip_serializing_if = "Option::is_none")]
    jwks: Option<Value>,
    created_at: Timestamp,
}

impl<'a> ClientView<'a> {
    pub(super) fn of(client: &'a RegisteredClient) -> Self {
        let record = &client.record;
        Self {
            client_id: &client.id,
            name: &record.name,
            kind: record.kind,
            disabled: record.disabled,
            redirect_uris: record.redirect_uris.iter().map(RedirectUri::as_str).collect(),
            post_logout_redirect_uris: record
                .post_logout_redirect_uris
                .iter()
                .map(RedirectUri::as_str)
                .collect(),
            backchannel_logout_uri: record.backchannel_logout_uri.as_deref(),
            grants: &record.grants,
            scopes: record.scopes.iter().collect(),
            audiences: &record.audiences,
            serves: &record.serves,
            flags: &record.flags,
            id_token_algorithm: record.id_token_algorithm.as_deref().unwrap_or("RS256"),
            assertion_audience: record.assertion_audience,
            jwks: record.jwks.as_deref().and_then(|jwks| serde_json::from_str(jwks).ok()),
            created_at: client.created_at,
        }
    }
}
