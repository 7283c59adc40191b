//! Reads and checks the parameters of an authorization request.

use super::{ErrorPage, Refusal, Visit};
use crate::claims::ClaimsRequest;
use crate::client::{Client, ClientFlag, Credentials, GrantType};
use crate::digest::Digest;
use crate::error::{ErrorCode, OAuthError};
use crate::id_token;
use crate::parameters::Parameters;
use crate::pkce::CodeChallenge;
use crate::provider::Provider;
use crate::request_object::{self, ClientKeys};
use crate::resource;
use crate::response::{ResponseMode, ReturnAddress};
use crate::scopes::Scopes;

/// A request with valid parameters.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    pub(super) address: ReturnAddress,
    pub(super) scopes: Scopes,
    pub(super) resource: Option<String>,
    pub(super) challenge: Option<CodeChallenge>,
    pub(super) nonce: Option<String>,
    pub(super) prompts: Vec<String>,
    /// In seconds.
    pub(super) max_age: Option<u64>,
    pub(super) acr_values: Vec<String>,
    pub(super) claims: ClaimsRequest,
    /// The `sub` of the `id_token_hint`.
    pub(super) hint: Option<String>,
    pub(super) login_hint: Option<String>,
    pub(super) ui_locales: Option<String>,
    pub(super) jkt: Option<String>,
    pub(super) pushed: Option<Digest>,
}

const PROMPTS: [&str; 5] = ["none", "login", "consent", "select_account", "create"];

impl Request {
    /// Reads a request. First the client and the redirect URI, whose errors are shown; then the rest, whose errors return to
    /// the client.
    pub(crate) fn read(
        provider: &Provider,
        client: Option<&Client>,
        parameters: &Parameters,
        visit: &Visit<'_>,
    ) -> Result<Self, Box<Refusal>> {
        let show = |problem: OAuthError| shown(problem.description());
        let client_id = parameters.require("client_id").map_err(show)?;
        let client = client
            .filter(|client| client.id == client_id)
            .ok_or_else(|| shown("this client is not registered: check `client_id`"))?;
        if client.is_disabled {
            return Err(shown("this client is disabled: ask the administrator of the server"));
        }
        let effective = effective_parameters(provider, client, parameters, visit).map_err(show)?;
        let pushed = visit.pushed.filter(|_| effective.is_pushed).map(|pushed| pushed.reference);
        let address = return_address(provider, client, &effective.parameters)?;
        let checked = Self::check(provider, client, &effective, visit, &address);
        let mut request = checked.map_err(|error| Box::new(Refusal::Return(address, error)))?;
        request.pushed = pushed;
        Ok(request)
    }

    fn check(
        provider: &Provider,
        client: &Client,
        effective: &Effective,
        visit: &Visit<'_>,
        address: &ReturnAddress,
    ) -> Result<Self, OAuthError> {
        let parameters = &effective.parameters;
        let mut address = address.clone();
        address.state = parameters.get("state")?.map(str::to_owned);
        address.mode = response_mode(parameters)?;
        check_flow(client, effective)?;
        let prompts = prompts(parameters)?;
        let scopes = scopes(provider, client, parameters)?;
        let may_show = |scope: &str| client.scopes.contains(scope) && provider.is_identity_scope(scope);
        let mut claims = parameters.get("claims")?.map(ClaimsRequest::parse).transpose()?.unwrap_or_default();
        claims.retain(may_show);
        let hint = match parameters.get("id_token_hint")? {
            Some(hint) => Some(id_token::hinted_subject(provider, client, visit.keys, hint, visit.now)?),
            None => None,
        };
        let words = |name| {
            let value = parameters.get(name)?.unwrap_or_default();
            Ok::<_, OAuthError>(value.split(' ').filter(|word| !word.is_empty()).map(str::to_owned).collect())
        };
        let text = |name| Ok::<_, OAuthError>(parameters.get(name)?.map(str::to_owned));
        Ok(Self {
            address,
            scopes,
            resource: resource::read(provider, client, parameters)?,
            challenge: challenge(client, parameters)?,
            nonce: text("nonce")?,
            prompts,
            max_age: max_age(parameters)?,
            acr_values: words("acr_values")?,
            claims,
            hint,
            login_hint: text("login_hint")?,
            ui_locales: text("ui_locales")?,
            jkt: text("dpop_jkt")?,
            pushed: None,
        })
    }

    /// The scopes that the consent page shows: those of the request, and those of single claims that it wants.
    pub(super) fn consent_scopes(&self) -> Scopes {
        let mut scopes = self.scopes.clone();
        self.claims.scopes().for_each(|scope| scopes.insert(scope));
        scopes
    }
}

/// The parameters that count: those of the URL, of the pushed request, or of the request object.
struct Effective {
    parameters: Parameters,
    is_pushed: bool,
}

fn effective_parameters(
    provider: &Provider,
    client: &Client,
    parameters: &Parameters,
    visit: &Visit<'_>,
) -> Result<Effective, OAuthError> {
    let (parameters, is_pushed) = match parameters.get("request_uri")? {
        Some(uri) => (
            visit.pushed.map_or_else(
                || {
                    Err(OAuthError::new(
                        ErrorCode::InvalidRequestUri,
                        "the `request_uri` is unknown, used or expired: push the request again",
                    ))
                },
                |pushed| pushed.open(client, uri, visit.now),
            )?,
            true,
        ),
        None => (parameters.clone(), false),
    };
    match (parameters.get("request")?, &client.credentials) {
        (Some(object), Credentials::Keys(keys)) if provider.accepts_request_objects => {
            let keys = ClientKeys { client, keys };
            Ok(Effective { parameters: request_object::open(provider, &keys, object, visit.now)?, is_pushed })
        }
        // Without keys, the request is refused later: its redirect URI is in the URL.
        _ => Ok(Effective { parameters, is_pushed }),
    }
}

/// Where errors and the code go. Nothing is sent to a redirect URI before it was compared.
fn return_address(
    provider: &Provider,
    client: &Client,
    parameters: &Parameters,
) -> Result<ReturnAddress, Box<Refusal>> {
    let given = match parameters.get("redirect_uri") {
        Ok(Some(uri)) => uri,
        Ok(None) => return Err(shown("the parameter `redirect_uri` is missing")),
        Err(_) => return Err(shown("the parameter `redirect_uri` was sent twice")),
    };
    if !client.redirect_uris.iter().any(|uri| uri.allows(given)) {
        let mut page = ErrorPage::new(
            400,
            "the redirect URI of the request is not registered for this client: both must be the same text, also in case and slashes",
        );
        page.given = Some(given.to_owned());
        page.registered = client.redirect_uris.iter().map(|uri| uri.as_str().to_owned()).collect();
        return Err(Box::new(Refusal::Show(page)));
    }
    Ok(ReturnAddress {
        issuer: provider.issuer().to_owned(),
        redirect_uri: given.to_owned(),
        // For errors of other parameters; a wrong mode or a repeated state is an error itself.
        mode: response_mode(parameters).unwrap_or_default(),
        state: parameters.get("state").ok().flatten().map(str::to_owned),
    })
}

fn response_mode(parameters: &Parameters) -> Result<ResponseMode, OAuthError> {
    match parameters.get("response_mode")? {
        None | Some("query") => Ok(ResponseMode::Query),
        Some("form_post") => Ok(ResponseMode::FormPost),
        // A fragment leaks to scripts and to the next redirect (RFC 9700 §4.3).
        Some(_) => Err(invalid("the response modes are `query` and `form_post`")),
    }
}

/// Checks what the request asks the server to do.
fn check_flow(client: &Client, effective: &Effective) -> Result<(), OAuthError> {
    let parameters = &effective.parameters;
    if parameters.get("request")?.is_some() {
        return Err(OAuthError::new(
            ErrorCode::RequestNotSupported,
            "the parameter `request` is not supported here",
        ));
    }
    if parameters.get("registration")?.is_some() {
        return Err(OAuthError::new(
            ErrorCode::RegistrationNotSupported,
            "register the client before its first request",
        ));
    }
    if parameters.require("response_type")? != "code" {
        let only = "the only response type is `code`; tokens are never sent through the browser";
        return Err(OAuthError::new(ErrorCode::UnsupportedResponseType, only));
    }
    if !client.may_use(GrantType::AuthorizationCode) {
        return Err(OAuthError::new(
            ErrorCode::UnauthorizedClient,
            "this client may not use the grant authorization_code",
        ));
    }
    if client.has(ClientFlag::RequirePar) && !effective.is_pushed {
        return Err(invalid("this client must push its requests (RFC 9126)"));
    }
    Ok(())
}

/// RFC 7636 §4.3: a request without a method means `plain`, which would show the secret to anyone who sees the URL.
fn challenge(client: &Client, parameters: &Parameters) -> Result<Option<CodeChallenge>, OAuthError> {
    let method = parameters.get("code_challenge_method")?;
    let Some(challenge) = parameters.get("code_challenge")? else {
        return if method.is_some() {
            Err(invalid("`code_challenge_method` without `code_challenge`"))
        } else if client.has(ClientFlag::WithoutPkce) {
            Ok(None)
        } else {
            Err(invalid("PKCE is required: send `code_challenge` and `code_challenge_method=S256`"))
        };
    };
    if method != Some("S256") {
        return Err(invalid("the only `code_challenge_method` is S256"));
    }
    let challenge = CodeChallenge::parse(challenge);
    challenge.map(Some).ok_or_else(|| {
        invalid("a `code_challenge` is the SHA-256 digest of the verifier: 43 characters of base64url")
    })
}

fn prompts(parameters: &Parameters) -> Result<Vec<String>, OAuthError> {
    let value = parameters.get("prompt")?.unwrap_or_default();
    let prompts: Vec<String> =
        value.split(' ').filter(|prompt| !prompt.is_empty()).map(str::to_owned).collect();
    if prompts.iter().any(|prompt| !PROMPTS.contains(&prompt.as_str())) {
        return Err(invalid("the values of `prompt` are none, login, consent, select_account and create"));
    }
    if prompts.len() > 1 && prompts.iter().any(|prompt| prompt == "none") {
        return Err(invalid("`prompt=none` stands alone"));
    }
    Ok(prompts)
}

/// Unknown scopes are ignored (OpenID Connect Core §3.1.2.1). A known scope that the client may not have is an error.
fn scopes(provider: &Provider, client: &Client, parameters: &Parameters) -> Result<Scopes, OAuthError> {
    let refused = |problem| OAuthError::new(ErrorCode::InvalidScope, problem);
    let asked = parameters.get("scope")?.unwrap_or_default();
    let asked = Scopes::parse(asked).map_err(|invalid| refused(invalid.to_string()))?;
    let known = asked.filter(|scope| provider.knows_scope(scope));
    if known.is_empty() {
        return Err(refused("the request has no `scope` that this server knows".into()));
    }
    if let Some(scope) = known.iter().find(|scope| !client.scopes.contains(scope)) {
        return Err(refused(format!("this client may not ask for the scope {scope}")));
    }
    Ok(known)
}

fn max_age(parameters: &Parameters) -> Result<Option<u64>, OAuthError> {
    let Some(value) = parameters.get("max_age")? else { return Ok(None) };
    let is_number = value.bytes().all(|byte| byte.is_ascii_digit());
    let seconds = value.parse().ok().filter(|_| is_number);
    seconds.map(Some).ok_or_else(|| invalid("`max_age` is a number of seconds"))
}

fn invalid(description: &'static str) -> OAuthError {
    OAuthError::new(ErrorCode::InvalidRequest, description)
}

#[expect(clippy::unnecessary_box_returns, reason = "every error of this file is boxed")]
fn shown(description: &str) -> Box<Refusal> {
    Box::new(Refusal::Show(ErrorPage::new(400, description)))
}
