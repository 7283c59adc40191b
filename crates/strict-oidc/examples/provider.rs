//! A provider over a `HashMap`: `cargo run -p strict-oidc --example provider`
use std::{collections::HashMap, error::Error, time::SystemTime};

use strict_jose::{Algorithm, Key};
use strict_oidc::{
    Change, Client, ClientKind, CodeRecord, ConsentForm, Digest, Found, FoundCode, FoundGrant, Grant,
    GrantId, Issued, KeyState, Needs, Next, Outcome, Parameters, PresentedClient, Provider, Random,
    RedirectUri, Session, SigningKeys, TicketKey, TokenCall, TokenRequest, UnixTime, UserClaims, Visit,
    authorize, consent,
};

#[derive(Default)]
struct Store {
    codes: HashMap<Digest, (CodeRecord, Option<GrantId>)>,
    grants: HashMap<GrantId, Grant>,
}

impl Store {
    fn load(&self, needs: Needs, user: &UserClaims) -> Option<Found> {
        let user = Some(user.clone());
        Some(match needs {
            Needs::Code(digest) => {
                let (record, used_by) = self.codes.get(&digest)?.clone();
                Found::Code(Box::new(FoundCode { record, used_by, user }))
            }
            Needs::Grant(id) => {
                Found::Grant(Box::new(FoundGrant { grant: self.grants.get(&id)?.clone(), user }))
            }
            Needs::Nothing | Needs::DeviceCode(_) => return None,
        })
    }

    /// A database does this in a transaction, with the conditions in its `WHERE`. Here nothing runs in parallel.
    fn apply(&mut self, change: &Change) -> Outcome {
        match change.clone() {
            Change::RedeemCode { code, grant } => {
                let Some((_, used_by)) = self.codes.get_mut(&code) else { return Outcome::Gone };
                *used_by = Some(grant.id);
                drop(self.grants.insert(grant.id, *grant));
            }
            Change::Rotate { grant, refresh, .. } => {
                let Some(grant) = self.grants.get_mut(&grant) else { return Outcome::Gone };
                grant.refresh = Some(refresh);
            }
            Change::BurnCode { code } => drop(self.codes.remove(&code)),
            Change::EndGrant { grant, .. } => drop(self.grants.remove(&grant)),
            Change::Nothing | Change::RedeemDevice { .. } | Change::NotePoll { .. } => {}
        }
        Outcome::First
    }
}

#[expect(clippy::disallowed_methods, reason = "a program asks the system once, at its edge")]
fn random() -> Result<Random, getrandom::Error> {
    let mut bytes = [0; 64];
    getrandom::fill(&mut bytes).map(|()| Random::new(bytes))
}

#[expect(clippy::disallowed_methods, reason = "a program asks the system once, at its edge")]
fn main() -> Result<(), Box<dyn Error>> {
    let (mut store, now) = (Store::default(), UnixTime::from(SystemTime::now()));
    let provider = Provider::new("https://id.example")?;
    let key =
        |algorithm| Key::generate(algorithm).map(|key| (KeyState::Current, key.with_thumbprint_as_kid()));
    let keys = SigningKeys::new([key(Algorithm::Rs256)?, key(Algorithm::Es256)?]);
    let tickets = TicketKey::new(b"32 bytes from a random generator")?;
    let mut client = Client::new("c_app", "My App", ClientKind::Native);
    client.redirect_uris = vec![RedirectUri::parse("com.example.app:/callback", client.kind)?];
    client.check(&provider)?;
    let user = UserClaims::default().with("name", "Ada");

    // GET /oauth/authorize: the browser has a session already. The user sees the consent page and presses "Allow".
    let query = "client_id=c_app&redirect_uri=com.example.app:/callback&response_type=code&scope=openid+profile\
        &code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM&code_challenge_method=S256&state=xyz";
    let session = Session {
        id: "s1".into(),
        subject: "7".into(),
        authenticated_at: now,
        acr: "aal1".into(),
        amr: vec!["pwd".into()],
        attainable_acr: "aal1".into(),
    };
    let visit = Visit::new(now, &tickets, &keys).session(Some(&session), &[]);
    let Next::Consent(page) = authorize(&provider, Some(&client), &Parameters::parse(query)?, &visit) else {
        return Err("no consent page".into());
    };
    let wishes: Vec<_> = page.scopes.iter().map(|scope| scope.text.as_str()).collect();
    println!("{} wants to {}.", page.client_name, wishes.join(" and "));
    let form = Parameters::default()
        .with("request", page.request)
        .with("ticket", page.ticket)
        .with("decision", "allow");
    let Next::Issue(approved) = consent(&provider, Some(&client), &ConsentForm::read(&form)?, &visit) else {
        return Err("not approved".into());
    };
    let Issued { digest, record, response, .. } = approved.issue(&provider, &random()?, now);
    store.codes.insert(digest, (record, None));
    println!("303 See Other, Location: {}", response.location());

    // POST /oauth/token: the application brings the code and its verifier.
    let code = response.fields().iter().find(|(name, _)| *name == "code").ok_or("no code")?.1.clone();
    let form = Parameters::parse(
        "grant_type=authorization_code&client_id=c_app&redirect_uri=com.example.app:/callback",
    )?
    .with("code", code)
    .with("code_verifier", "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk");
    for attempt in ["first", "second"] {
        let presented = PresentedClient::read(None, None, &form)?;
        let client = presented.verify(&provider, Some(&client), now)?.confirm(Outcome::First)?;
        let request = TokenRequest::read(&form)?;
        let found = store.load(request.needs(), &user).unwrap_or(Found::Nothing);
        let call = TokenCall { provider: &provider, client, jkt: None, random: &random()?, now };
        let decision = request.decide(&call, found)?;
        let outcome = store.apply(decision.change());
        match decision.answer(outcome, &keys) {
            Ok(tokens) => {
                println!("{attempt} use: 200, {}", tokens.id_token.map_or("no ID token", |_| "an ID token"));
            }
            Err(error) => {
                println!("{attempt} use: {} {error}; {} grants", error.status(), store.grants.len());
            }
        }
    }
    Ok(())
}
