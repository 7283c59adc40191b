//! A mock server for every provider of the catalogue, which checks the requests that it gets.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex};
use std::time::SystemTime;

use aws_lc_rs::digest::{SHA256, digest};
use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use base64::Engine;
use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD};
use http::request::Parts;
use http::{Method, StatusCode, header};
use serde_json::{Value, json};
use strict_jose::{Algorithm, Key, KeySet, Rules};

pub(super) const CLIENT_ID: &str = "our client";
pub(super) const CLIENT_SECRET: &str = "our:secret";
pub(super) const REDIRECT_URI: &str = "https://recipes.example/login/callback";
pub(super) const ACCESS_TOKEN: &str = "access-token";

const RSA_KEY: &[u8] = include_bytes!("../../../../strict-jose/tests/it/keys/rsa-pkcs8.pem");

pub(super) type Form = BTreeMap<String, String>;

/// The behaviour of a provider in one log-in.
pub(super) struct Play {
    /// The record with its settings and with `https://` before every host.
    pub(super) record: Value,
    /// The userinfo response.
    pub(super) sample: Value,
    /// The parameters of the authorization request.
    pub(super) code_challenge: String,
    pub(super) nonce: Option<String>,
    pub(super) code: String,
}

pub(super) struct Mock {
    pub(super) origin: String,
    pub(super) client_key: Key,
    keys: HashMap<&'static str, Key>,
    plays: Mutex<HashMap<String, Play>>,
    complaints: Mutex<Vec<String>>,
}

impl Mock {
    pub(super) async fn start() -> Arc<Self> {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let used = [Algorithm::Rs256, Algorithm::Rs512, Algorithm::Es256, Algorithm::Es384];
        // Generating an RSA key of 3072 bits takes more than a second.
        let key = |algorithm: Algorithm| match algorithm {
            Algorithm::Rs256 | Algorithm::Rs512 => Key::from_pem(algorithm, RSA_KEY).unwrap(),
            _ => Key::generate(algorithm).unwrap(),
        };
        let key = |algorithm| key(algorithm).with_thumbprint_as_kid();
        let mock = Arc::new(Self {
            origin: format!("http://{}", listener.local_addr().unwrap()),
            client_key: key(Algorithm::Es256),
            keys: used.into_iter().map(|algorithm| (algorithm.name(), key(algorithm))).collect(),
            plays: Mutex::default(),
            complaints: Mutex::default(),
        });
        let app = Router::new().fallback(answer).with_state(Arc::clone(&mock));
        tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
        mock
    }

    /// The URL at which this server mocks an `https` URL.
    pub(super) fn local(&self, id: &str, url: &str) -> String {
        url.replacen("https://", &format!("{}/{id}/", self.origin), 1)
    }

    pub(super) fn expect(&self, id: &str, play: Play) {
        self.plays.lock().unwrap().insert(id.to_owned(), play);
    }

    pub(super) fn complaints(&self) -> Vec<String> {
        self.complaints.lock().unwrap().clone()
    }
}

async fn answer(State(mock): State<Arc<Mock>>, request: Parts, body: Bytes) -> Response {
    let id = request.uri.path().split('/').nth(1).unwrap_or_default();
    let plays = mock.plays.lock().unwrap();
    let answer = match plays.get(id) {
        Some(play) => Asked { mock: &mock, id, play, request: &request, body: &body }.answer(),
        None => Err("no request is expected".into()),
    };
    answer.unwrap_or_else(|why| {
        mock.complaints.lock().unwrap().push(format!("{} {}: {why}", request.method, request.uri));
        (StatusCode::IM_A_TEAPOT, why).into_response()
    })
}

struct Asked<'a> {
    mock: &'a Mock,
    id: &'a str,
    play: &'a Play,
    request: &'a Parts,
    body: &'a Bytes,
}

type Answer = Result<Response, String>;

impl Asked<'_> {
    fn answer(&self) -> Answer {
        if self.play.record["issuer"].is_string() { self.openid() } else { self.oauth2() }
    }

    fn openid(&self) -> Answer {
        let record = &self.play.record;
        let issuer = record["issuer"].as_str().unwrap();
        let metadata = record["tenants_at"].as_str().unwrap_or(issuer).trim_end_matches('/');
        if self.is_at(&format!("{metadata}/.well-known/openid-configuration")) {
            return Ok(self.metadata(&self.mock.local(self.id, issuer)));
        }
        match self.request.uri.path().strip_prefix(&format!("/{}/", self.id)) {
            Some("jwks") => {
                let keys = KeySet::new(vec![self.signing_key().clone()]).unwrap();
                Ok(keys.to_public_jwks().into_response())
            }
            Some("token") => self.token(&json!({ "id_token": self.id_token() })),
            Some("userinfo") if record["userinfo"] != "skip" => self.userinfo("Bearer"),
            other => Err(format!("there is no {other:?} here")),
        }
    }

    fn metadata(&self, issuer: &str) -> Response {
        let at = |name: &str| format!("{}/{}/{name}", self.mock.origin, self.id);
        let methods = if self.play.record["authentication"] == "private_key_jwt" {
            json!(["private_key_jwt"])
        } else {
            json!(["client_secret_post"])
        };
        let metadata = json!({
            "issuer": issuer,
            "authorization_endpoint": at("authorize"),
            "token_endpoint": at("token"),
            "userinfo_endpoint": at("userinfo"),
            "jwks_uri": at("jwks"),
            "response_types_supported": ["code"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": [self.signing_key().algorithm().name()],
            "token_endpoint_auth_methods_supported": methods,
            "authorization_response_iss_parameter_supported": true,
        });
        axum::Json(metadata).into_response()
    }

    fn signing_key(&self) -> &Key {
        let algorithm = self.play.record["algorithms"][0].as_str().unwrap_or("RS256");
        &self.mock.keys[algorithm]
    }

    fn id_token(&self) -> String {
        let now = SystemTime::UNIX_EPOCH.elapsed().unwrap().as_secs();
        let issuer = self.mock.local(self.id, self.play.record["issuer"].as_str().unwrap());
        let mut claims = self.play.sample["userinfo"].clone();
        let tenant = claims["tid"].as_str().unwrap_or_default().to_owned();
        claims["iss"] = issuer.replace("{tenantid}", &tenant).into();
        claims["aud"] = CLIENT_ID.into();
        claims["iat"] = now.into();
        claims["exp"] = (now + 60).into();
        claims["nonce"] = self.play.nonce.clone().into();
        self.signing_key().sign("JWT", &claims).unwrap()
    }

    fn oauth2(&self) -> Answer {
        let record = &self.play.record;
        if self.is_at(record["token_endpoint"].as_str().unwrap()) {
            return self.token(&self.play.sample["token"]);
        }
        if record["emails"]["url"].as_str().is_some_and(|url| self.is_at(url)) {
            self.check_token("Bearer")?;
            return Ok(axum::Json(self.play.sample["emails"].clone()).into_response());
        }
        let scheme = record["access_token_in"]["scheme"].as_str().unwrap_or("Bearer");
        for (method, url) in record["userinfo"].as_object().into_iter().flatten() {
            let url = url.as_str().unwrap().replace("{access_token}", ACCESS_TOKEN);
            let url = ["openid", "uid"].iter().fold(url, |url, name| {
                let value = self.play.sample["token"][*name].as_str().unwrap_or_default();
                url.replace(&format!("{{{name}}}"), value)
            });
            if self.is_at(&url) {
                same("method", self.request.method.as_str(), &method.to_uppercase())?;
                for (name, value) in record["userinfo_headers"].as_object().into_iter().flatten() {
                    let value = value.as_str().unwrap().replace("{client_id}", CLIENT_ID);
                    let sent: Vec<_> = self.request.headers.get_all(name).iter().collect();
                    same(name, &format!("{sent:?}"), &format!("[{value:?}]"))?;
                }
                return self.userinfo(scheme);
            }
        }
        Err("there is nothing here".into())
    }

    /// Whether the request is for this URL, perhaps with the token in its query.
    fn is_at(&self, url: &str) -> bool {
        let expected = format!("/{}/{}", self.id, url.strip_prefix("https://").unwrap());
        let mut asked = self.request.uri.to_string();
        if let Some(name) = self.play.record["access_token_in"]["query"].as_str() {
            for before in ['?', '&'] {
                asked = asked.replace(&format!("{before}{name}={ACCESS_TOKEN}"), "");
            }
        }
        asked == expected
    }

    fn userinfo(&self, scheme: &str) -> Answer {
        self.check_token(scheme)?;
        Ok(axum::Json(self.play.sample["userinfo"].clone()).into_response())
    }

    fn check_token(&self, scheme: &str) -> Result<(), String> {
        let field = self.request.headers.get(header::AUTHORIZATION).map(|field| field.to_str().unwrap());
        if let Some(name) = self.play.record["access_token_in"]["query"].as_str() {
            same("header", field.unwrap_or_default(), "")?;
            let query = form_of(self.request.uri.query().unwrap_or_default().as_bytes());
            return same(name, query.get(name).map_or("", |token| token), ACCESS_TOKEN);
        }
        same("header", field.unwrap_or_default(), &format!("{scheme} {ACCESS_TOKEN}"))
    }

    fn token(&self, more: &Value) -> Answer {
        same("method", self.request.method.as_str(), Method::POST.as_str())?;
        let accept = self.request.headers.get(header::ACCEPT).map_or("", |accept| accept.to_str().unwrap());
        same("accept", accept, "application/json")?;
        let form = form_of(self.body);
        let sent = |name: &str| form.get(self.theirs(name)).map_or("", |value| value.as_str());
        same("grant_type", sent("grant_type"), "authorization_code")?;
        same("code", sent("code"), &self.play.code)?;
        same("redirect_uri", sent("redirect_uri"), REDIRECT_URI)?;
        let challenge = BASE64_URL_SAFE_NO_PAD.encode(digest(&SHA256, sent("code_verifier").as_bytes()));
        same("code_challenge", &challenge, &self.play.code_challenge)?;
        self.check_client(&sent)?;
        let mut answer = json!({ "access_token": ACCESS_TOKEN, "token_type": "bearer", "expires_in": 3600 });
        if self.play.sample.get("token_type").is_some_and(Value::is_null) {
            answer.as_object_mut().unwrap().remove("token_type");
        }
        for (name, value) in more.as_object().into_iter().flatten() {
            answer[name] = value.clone();
        }
        Ok(axum::Json(answer).into_response())
    }

    fn check_client<'a>(&self, sent: &impl Fn(&str) -> &'a str) -> Result<(), String> {
        let field =
            self.request.headers.get(header::AUTHORIZATION).map_or("", |field| field.to_str().unwrap());
        let (id, secret, basic) = match self.play.record["authentication"].as_str() {
            Some("client_secret_basic") => ("", "", BASE64_STANDARD.encode("our+client:our%3Asecret")),
            Some("none" | "private_key_jwt") => (CLIENT_ID, "", String::new()),
            _ => (CLIENT_ID, CLIENT_SECRET, String::new()),
        };
        same("authorization", field.trim_start_matches("Basic "), &basic)?;
        same("client_id", sent("client_id"), id)?;
        same("client_secret", sent("client_secret"), secret)?;
        if self.play.record["authentication"] == "private_key_jwt" {
            let rules = Rules::typ("JWT").issuer(CLIENT_ID).any_audience();
            let now = SystemTime::UNIX_EPOCH + SystemTime::UNIX_EPOCH.elapsed().unwrap();
            let key = self.mock.client_key.public().unwrap();
            rules.verify::<Value>(sent("client_assertion"), &key, now).map_err(|error| error.to_string())?;
        }
        Ok(())
    }

    fn theirs<'a>(&'a self, name: &'a str) -> &'a str {
        self.play.record["renamed"][name].as_str().unwrap_or(name)
    }
}

fn same(what: &str, found: &str, want: &str) -> Result<(), String> {
    if found == want { Ok(()) } else { Err(format!("{what} is {found:?} and not {want:?}")) }
}

pub(super) fn form_of(text: &[u8]) -> Form {
    url::form_urlencoded::parse(text).into_owned().collect()
}
