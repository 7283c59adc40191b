//! The target for the request parsers of strict-oidc.

use std::sync::LazyLock;

use strict_jose::Key;
use strict_oidc::{
    BearerToken, ClaimsRequest, Client, ClientKind, ConsentForm, KeyState, LogOutRequest, Next, Parameters,
    PresentedClient, Provider, RedirectUri, Session, SigningKeys, TicketKey, TokenQuery, TokenRequest,
    UnixTime, Visit, authorize, consent,
};

const CALLBACK: &str = "https://app.example/callback";
const NOW: UnixTime = UnixTime(1_900_000_000);

struct Server {
    provider: Provider,
    client: Client,
    keys: SigningKeys,
    tickets: TicketKey,
    session: Session,
}

#[expect(clippy::expect_used, reason = "a target reports a failure by a panic")]
static SERVER: LazyLock<Server> = LazyLock::new(|| {
    let key = r#"{"kty":"OKP","crv":"Ed25519","kid":"k","d":"nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}"#;
    let mut client = Client::new("c_app", "App", ClientKind::Browser);
    client.redirect_uris = vec![RedirectUri::parse(CALLBACK, ClientKind::Browser).expect("a redirect URI")];
    let mut provider = Provider::new("https://id.example").expect("an issuer");
    provider.accepts_request_objects = true;
    Server {
        provider,
        client,
        keys: SigningKeys::new([(KeyState::Current, Key::from_jwk(key).expect("a key"))]),
        tickets: TicketKey::new(&[9; 32]).expect("a secret"),
        session: Session {
            id: "s1".into(),
            subject: "7".into(),
            authenticated_at: UnixTime(NOW.0 - 60),
            acr: "aal1".into(),
            amr: vec!["pwd".into()],
            attainable_acr: "aal2".into(),
        },
    }
});

/// Reads the query or form of every endpoint, and decides about it.
///
/// # Panics
/// If a code is issued without a consent, a response goes to an address that is not registered, the consent page shows a scope
/// that the client may not have, or parameters change when they are written and read again.
pub fn request(data: &[u8]) {
    let text = &*String::from_utf8_lossy(data);
    redirect_uri(text);
    let _ = ClaimsRequest::parse(text);
    let Ok(parameters) = Parameters::parse(text) else { return };
    let query = parameters.to_query();
    let again = Parameters::parse(&query).map(|again| again.to_query());
    assert_eq!(again.as_deref(), Ok(&*query), "written and read again");

    let server = &*SERVER;
    for session in [None, Some(&server.session)] {
        let visit = Visit::new(NOW, &server.tickets, &server.keys).session(session, &[]);
        check(&authorize(&server.provider, Some(&server.client), &parameters, &visit));
        check(&authorize(&server.provider, None, &parameters, &visit));
        if let Ok(form) = ConsentForm::read(&parameters) {
            check(&consent(&server.provider, Some(&server.client), &form, &visit));
        }
        let log_out = LogOutRequest::read(&server.provider, &server.keys, &parameters, NOW);
        let _ = log_out.map(|request| request.decide(&server.provider, Some(&server.client), &visit));
    }
    let _ = TokenRequest::read(&parameters).map(|request| request.needs());
    let _ = TokenQuery::read(&server.provider, &server.keys, &parameters, NOW);
    let _ = BearerToken::read(Some(text), &parameters);
    for header in [None, Some(text)] {
        let presented = PresentedClient::read(header, None, &parameters);
        let _ =
            presented.and_then(|client| client.verify(&server.provider, Some(&server.client), NOW).map(drop));
    }
}

fn check(next: &Next) {
    assert!(!matches!(next, Next::Issue(_)), "a code without a consent");
    match next {
        Next::Return(response) => assert!(response.location().starts_with(CALLBACK), "{response:?}"),
        Next::Consent(page) => {
            let may_have = |scope: &str| SERVER.client.scopes.contains(scope);
            assert!(page.scopes.iter().all(|shown| may_have(&shown.scope)), "{page:?}");
        }
        Next::Show(_) | Next::LogIn(_) | Next::SecondFactor(_) | Next::Issue(_) => {}
    }
}

fn redirect_uri(text: &str) {
    for kind in [ClientKind::Web, ClientKind::Native] {
        if let Ok(uri) = RedirectUri::parse(text, kind) {
            assert!(uri.allows(text), "{text}");
            assert!(!text.contains(['#', '*']), "{text}");
            assert!(!uri.allows(&format!("{text}/")) && !uri.allows(&format!("{text}#")), "{text}");
        }
    }
}
