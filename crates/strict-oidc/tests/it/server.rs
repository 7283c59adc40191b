//! A server in memory: what a program over this crate does, without HTTP.

use std::collections::{HashMap, HashSet};

use serde_json::{Value, json};
use strict_jose::{Algorithm, Key, KeySet, inspect};
use strict_oidc::{
    AuthenticatedClient, AuthorizationResponse, Change, Client, ClientFlag, ClientKind, CodeRecord, Consent,
    ConsentForm, ConsentPage, Credentials, DeviceRecord, Digest, ErrorCode, Found, FoundCode, FoundDevice,
    FoundGrant, Grant, GrantId, GrantType, Issued, KeyState, Needs, Next, OAuthError, Outcome, Parameters,
    PresentedClient, Provider, PushedRequest, Random, RedirectUri, Resource, Scopes, SecretRecord, Session,
    SigningKeys, TicketKey, TokenCall, TokenRequest, TokenResponse, UnixTime, UserClaims, Visit,
};

pub(crate) const NOW: u64 = 1_900_000_000;
pub(crate) const ISSUER: &str = "https://id.example";
pub(crate) const API: &str = "https://api.example/v1";
pub(crate) const OTHER_API: &str = "https://other.example";
pub(crate) const CALLBACK: &str = "https://kitchen.example/callback";
pub(crate) const SECRET: &str = "the-secret-of-the-kitchen-timer";
/// RFC 7636, appendix B.
pub(crate) const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
pub(crate) const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

pub(crate) struct Server {
    pub(crate) provider: Provider,
    pub(crate) keys: SigningKeys,
    pub(crate) tickets: TicketKey,
    pub(crate) now: UnixTime,
    pub(crate) clients: HashMap<String, Client>,
    pub(crate) session: Option<Session>,
    pub(crate) consents: Vec<Consent>,
    pub(crate) user: Option<UserClaims>,
    pub(crate) codes: HashMap<Digest, CodeRecord>,
    pub(crate) used_codes: HashMap<Digest, GrantId>,
    pub(crate) grants: HashMap<GrantId, Grant>,
    pub(crate) pushed: HashMap<Digest, PushedRequest>,
    pub(crate) devices: HashMap<Digest, DeviceRecord>,
    pub(crate) assertions: HashSet<Digest>,
    random: u64,
}

/// How a test sends the token request.
#[derive(Clone, Copy, Default)]
pub(crate) struct Sent<'a> {
    pub(crate) authorization: Option<&'a str>,
    pub(crate) jkt: Option<&'a str>,
}

pub(crate) fn signing_keys() -> SigningKeys {
    let key =
        |algorithm, pem: &str| Key::from_pem(algorithm, pem.as_bytes()).unwrap().with_thumbprint_as_kid();
    SigningKeys::new(
        [
            key(Algorithm::Rs256, include_str!("keys/rsa-pkcs8.pem")),
            key(Algorithm::Es256, include_str!("keys/p256-pkcs8.pem")),
            key(Algorithm::EdDsa, include_str!("keys/ed25519-pkcs8.pem")),
        ]
        .map(|key| (KeyState::Current, key)),
    )
}

/// The key of the client `c_keys`.
pub(crate) fn client_key() -> Key {
    Key::from_jwk(
        r#"{"kty":"OKP","crv":"Ed25519","kid":"client","d":"nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}"#,
    )
    .unwrap()
}

pub(crate) fn client(id: &str, kind: ClientKind) -> Client {
    let mut client = Client::new(id, "Kitchen Timer", kind);
    if kind != ClientKind::Service {
        client.redirect_uris = vec![RedirectUri::parse(CALLBACK, kind).unwrap()];
    }
    if kind.is_confidential() {
        let record = SecretRecord { digest: Digest::of(SECRET), expires_at: None };
        client.credentials = Credentials::Secrets(vec![record]);
    }
    client.scopes = Scopes::parse("openid profile email offline_access recipes:read recipes:write").unwrap();
    client.resources = vec![API.into()];
    client
}

impl Server {
    /// A server with one client of each kind and a logged-in user.
    pub(crate) fn new() -> Self {
        let mut provider = Provider::new(ISSUER).unwrap();
        let texts = [("recipes:read", "read your recipes"), ("recipes:write", "change your recipes")];
        provider.resources =
            vec![Resource::new(API, texts), Resource::new(OTHER_API, [("other", "do other things")])];
        provider.grants = GrantType::ALL.to_vec();
        provider.accepts_request_objects = true;
        let mut web = client("c_web", ClientKind::Web);
        web.post_logout_redirect_uris =
            vec![RedirectUri::parse("https://kitchen.example/bye", ClientKind::Web).unwrap()];
        web.grants.push(GrantType::ClientCredentials);
        web.grants.push(GrantType::DeviceCode);
        let mut with_keys = client("c_keys", ClientKind::Web);
        let jwks = format!(r#"{{"keys":[{}]}}"#, client_key().to_public_jwk().unwrap());
        with_keys.credentials = Credentials::Keys(KeySet::from_jwks(&jwks).unwrap());
        with_keys.grants.push(GrantType::ClientCredentials);
        let mut native = client("c_native", ClientKind::Native);
        native
            .redirect_uris
            .push(RedirectUri::parse("http://127.0.0.1/callback", ClientKind::Native).unwrap());
        let mut service = client("c_service", ClientKind::Service);
        service.scopes = Scopes::parse("recipes:read").unwrap();
        let clients = [web, with_keys, native, service, client("c_browser", ClientKind::Browser)];
        Self {
            provider,
            keys: signing_keys(),
            tickets: TicketKey::new(&[9; 32]).unwrap(),
            now: UnixTime(NOW),
            clients: clients.into_iter().map(|client| (client.id.clone(), client)).collect(),
            session: Some(session()),
            consents: vec![],
            user: Some(
                UserClaims::default()
                    .with("name", "Ada")
                    .with("email", "ada@example.org")
                    .with("email_verified", true),
            ),
            codes: HashMap::new(),
            used_codes: HashMap::new(),
            grants: HashMap::new(),
            pushed: HashMap::new(),
            devices: HashMap::new(),
            assertions: HashSet::new(),
            random: 0,
        }
    }

    pub(crate) fn client(&mut self, id: &str) -> &mut Client {
        self.clients.get_mut(id).unwrap()
    }

    pub(crate) fn set_flag(&mut self, id: &str, flag: ClientFlag) {
        self.client(id).flags.push(flag);
    }

    pub(crate) fn wait(&mut self, seconds: u64) {
        self.now = UnixTime(self.now.0 + seconds);
    }

    /// Bytes that differ at each call.
    pub(crate) fn random(&mut self) -> Random {
        self.random += 1;
        let mut bytes = [0; 64];
        for (index, part) in bytes.chunks_mut(32).enumerate() {
            part.copy_from_slice(Digest::of(format!("{index} {}", self.random)).as_bytes());
        }
        Random::new(bytes)
    }

    pub(crate) fn visit(&self) -> Visit<'_> {
        Visit::new(self.now, &self.tickets, &self.keys).session(self.session.as_ref(), &self.consents)
    }

    pub(crate) fn authorize(&self, query: &str) -> Next {
        let parameters = Parameters::parse(query).unwrap();
        let client = parameters.get("client_id").ok().flatten().and_then(|id| self.clients.get(id));
        let pushed =
            PushedRequest::reference_in(&parameters).and_then(|reference| self.pushed.get(&reference));
        strict_oidc::authorize(&self.provider, client, &parameters, &self.visit().pushed(pushed))
    }

    pub(crate) fn post_consent(&self, form: &str) -> Next {
        let form = ConsentForm::read(&Parameters::parse(form).unwrap()).unwrap();
        let client = form.request.get("client_id").unwrap().and_then(|id| self.clients.get(id));
        let pushed =
            PushedRequest::reference_in(&form.request).and_then(|reference| self.pushed.get(&reference));
        strict_oidc::consent(&self.provider, client, &form, &self.visit().pushed(pushed))
    }

    /// The response to a request whose user allows everything.
    pub(crate) fn approve(&mut self, query: &str) -> AuthorizationResponse {
        let next = match self.authorize(query) {
            Next::Consent(page) => self.post_consent(&consent_form(&page, "allow")),
            next => next,
        };
        let Next::Issue(approved) = next else { panic!("not approved: {next:?}") };
        if let Some(consent) = approved.new_consent() {
            self.consents.push(consent.clone());
        }
        if let Some(pushed) = approved.pushed() {
            self.pushed.remove(&pushed);
        }
        let random = self.random();
        let Issued { digest, record, response, .. } = approved.issue(&self.provider, &random, self.now);
        self.codes.insert(digest, record);
        response
    }

    /// A code for this client and these parameters.
    pub(crate) fn code(&mut self, client: &str, more: &str) -> String {
        let response = self.approve(&request(client, more));
        response.fields().iter().find(|(name, _)| *name == "code").unwrap().1.clone()
    }

    pub(crate) fn authenticate(&mut self, form: &Parameters, sent: Sent<'_>) -> Result<Client, OAuthError> {
        let presented = PresentedClient::read(sent.authorization, None, form)?;
        let client = self.clients.get(presented.client_id()).cloned();
        let verified = presented.verify(&self.provider, client.as_ref(), self.now)?;
        let outcome = match verified.assertion() {
            Some(used) if !self.assertions.insert(used.digest) => Outcome::Replayed,
            _ => Outcome::First,
        };
        verified.confirm(outcome).map(|authenticated| authenticated.client().clone())
    }

    /// The whole token endpoint.
    pub(crate) fn token(&mut self, form: &str) -> Result<TokenResponse, OAuthError> {
        self.token_as(form, Sent::default())
    }

    pub(crate) fn token_as(&mut self, form: &str, sent: Sent<'_>) -> Result<TokenResponse, OAuthError> {
        let form = Parameters::parse(form)?;
        let client = self.authenticate(&form, sent)?;
        let request = TokenRequest::read(&form)?;
        let found = self.find(request.needs());
        let random = self.random();
        let call = TokenCall {
            provider: &self.provider,
            client: authenticated(&client),
            jkt: sent.jkt,
            random: &random,
            now: self.now,
        };
        let decision = request.decide(&call, found)?;
        let outcome = self.apply(decision.change());
        decision.answer(outcome, &self.keys)
    }

    pub(crate) fn find(&self, needs: Needs) -> Found {
        match needs {
            Needs::Nothing => Found::Nothing,
            Needs::Code(digest) => self.codes.get(&digest).map_or(Found::Nothing, |record| {
                Found::Code(Box::new(FoundCode {
                    record: record.clone(),
                    used_by: self.used_codes.get(&digest).copied(),
                    user: self.user.clone(),
                }))
            }),
            Needs::Grant(id) => self.grants.get(&id).map_or(Found::Nothing, |grant| {
                Found::Grant(Box::new(FoundGrant { grant: grant.clone(), user: self.user.clone() }))
            }),
            Needs::DeviceCode(digest) => self.devices.get(&digest).map_or(Found::Nothing, |record| {
                Found::Device(Box::new(FoundDevice { record: record.clone(), user: self.user.clone() }))
            }),
        }
    }

    pub(crate) fn apply(&mut self, change: &Change) -> Outcome {
        match change.clone() {
            Change::Nothing => {}
            Change::RedeemCode { code, grant } => {
                if let Some(first) = self.used_codes.get(&code) {
                    self.grants.remove(first);
                    return Outcome::Replayed;
                }
                self.used_codes.insert(code, grant.id);
                self.grants.insert(grant.id, *grant);
            }
            Change::BurnCode { code } => drop(self.codes.remove(&code)),
            Change::EndGrant { grant, .. } => drop(self.grants.remove(&grant)),
            Change::Rotate { grant, current, refresh } => {
                let Some(grant) = self.grants.get_mut(&grant) else { return Outcome::Gone };
                if grant.refresh.is_none_or(|state| state.current != current) {
                    return Outcome::Replayed;
                }
                grant.refresh = Some(refresh);
            }
            Change::RedeemDevice { device, grant } => {
                if self.devices.remove(&device).is_none() {
                    return Outcome::Replayed;
                }
                self.grants.insert(grant.id, *grant);
            }
            Change::NotePoll { device, polled_at, interval } => {
                let record = self.devices.get_mut(&device).unwrap();
                record.polled_at = Some(polled_at);
                record.interval = interval;
            }
        }
        Outcome::First
    }

    /// Redeems a new code of `c_web`.
    pub(crate) fn log_in(&mut self, more: &str) -> TokenResponse {
        let code = self.code("c_web", more);
        self.token(&code_form("c_web", &code)).unwrap()
    }
}

/// Authenticates a client with its right credentials.
pub(crate) fn authenticated(client: &Client) -> AuthenticatedClient<'_> {
    let form = match client.credentials {
        Credentials::None => format!("client_id={}", client.id),
        Credentials::Secrets(_) => format!("client_id={}&client_secret={SECRET}", client.id),
        Credentials::Keys(_) => assertion_form(&assertion(&json!({}))),
    };
    let presented = PresentedClient::read(None, None, &Parameters::parse(&form).unwrap()).unwrap();
    let verified = presented.verify(&Provider::new(ISSUER).unwrap(), Some(client), UnixTime(NOW));
    verified.unwrap().confirm(Outcome::First).unwrap()
}

/// A client assertion of `c_keys` with changed claims.
pub(crate) fn assertion(changes: &Value) -> String {
    let mut claims = json!({
        "iss": "c_keys", "sub": "c_keys", "aud": ISSUER, "jti": "one", "iat": NOW, "exp": NOW + 60,
    });
    for (name, value) in changes.as_object().unwrap() {
        claims[name] = value.clone();
    }
    client_key().sign("JWT", &claims).unwrap()
}

pub(crate) fn assertion_form(assertion: &str) -> String {
    let assertion_type = "urn%3Aietf%3Aparams%3Aoauth%3Aclient-assertion-type%3Ajwt-bearer";
    format!(
        "grant_type=client_credentials&client_assertion_type={assertion_type}&client_assertion={assertion}"
    )
}

pub(crate) fn session() -> Session {
    Session {
        id: "s1".into(),
        subject: "7".into(),
        authenticated_at: UnixTime(NOW - 60),
        acr: "aal1".into(),
        amr: vec!["pwd".into()],
        attainable_acr: "aal2".into(),
    }
}

/// A valid request of a client, and more parameters.
pub(crate) fn request(client: &str, more: &str) -> String {
    let scope = if more.contains("scope=") { "" } else { "&scope=openid+profile+recipes:read" };
    let pkce = format!("&code_challenge={CHALLENGE}&code_challenge_method=S256");
    format!("client_id={client}&redirect_uri={CALLBACK}&response_type=code&state=xyz{scope}{pkce}&{more}")
}

pub(crate) fn code_form(client: &str, code: &str) -> String {
    format!("{}&code_verifier={VERIFIER}", code_form_without_verifier(client, code))
}

pub(crate) fn code_form_without_verifier(client: &str, code: &str) -> String {
    let secret = if client == "c_web" { format!("&client_secret={SECRET}") } else { String::new() };
    format!("grant_type=authorization_code&client_id={client}{secret}&code={code}&redirect_uri={CALLBACK}")
}

pub(crate) fn refresh_form(client: &str, token: &str) -> String {
    let secret = if client == "c_web" { format!("&client_secret={SECRET}") } else { String::new() };
    format!("grant_type=refresh_token&client_id={client}{secret}&refresh_token={token}")
}

pub(crate) fn consent_form(page: &ConsentPage, decision: &str) -> String {
    format!("request={}&ticket={}&decision={decision}", encoded(&page.request), encoded(&page.ticket))
}

/// A value for a query or a form.
pub(crate) fn encoded(value: &str) -> String {
    value.bytes().fold(String::new(), |text, byte| match byte {
        b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.' => text + &char::from(byte).to_string(),
        _ => format!("{text}%{byte:02X}"),
    })
}

/// The claims of a token, not verified.
pub(crate) fn claims(token: &str) -> Value {
    inspect(token).unwrap().claims
}

#[track_caller]
pub(crate) fn returned_error(next: &Next) -> String {
    match next {
        Next::Return(response) => response.error_code().unwrap().to_owned(),
        next => panic!("not returned: {next:?}"),
    }
}

#[track_caller]
pub(crate) fn is_refused<T: std::fmt::Debug>(result: Result<T, OAuthError>, want: ErrorCode) {
    assert_eq!(result.map_err(|error| error.code()).unwrap_err(), want);
}
