//! Proofs of possession at the token endpoint and at resources.

use serde_json::json;
use strict_jose::proof::ProofRequest;
use strict_jose::{Algorithm, Key};
use strict_oidc::{
    AccessTokenVerifier, BearerToken, DpopNonces, DpopRequest, DpopRules, ErrorCode, Parameters, UnixTime,
};

use crate::server::{API, ISSUER, NOW, Sent, Server, code_form, is_refused};

const TOKEN: &str = "https://id.example/oauth/token";
const RESOURCE: &str = "https://api.example/v1/recipes";

fn at(seconds: u64) -> std::time::SystemTime {
    std::time::SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(seconds)
}

fn key() -> Key {
    Key::from_pem(Algorithm::Es256, include_bytes!("keys/p256-pkcs8.pem")).unwrap()
}

fn proof(method: &str, url: &str, time: u64) -> String {
    key().sign_proof(&ProofRequest::new(method, url).unwrap(), "jti", at(time)).unwrap()
}

#[test]
fn a_proof_is_for_one_method_url_and_minute() {
    let rules = DpopRules::default();
    let verify = |proof: &str| rules.verify(&DpopRequest::new("POST", TOKEN, &[proof]), UnixTime(NOW));
    let verified = verify(&proof("POST", TOKEN, NOW)).unwrap().unwrap();
    assert_eq!((verified.jkt, verified.expires_at), (key().thumbprint(), UnixTime(NOW + 60)));
    for good in [
        proof("POST", "https://ID.example:443/oauth/token?a=b#c", NOW),
        proof("POST", TOKEN, NOW - 59),
        proof("POST", TOKEN, NOW + 5),
    ] {
        assert!(verify(&good).is_ok());
    }
    for bad in [
        proof("GET", TOKEN, NOW),
        proof("post", TOKEN, NOW),
        proof("POST", "https://id.example/oauth/revoke", NOW),
        proof("POST", "http://id.example/oauth/token", NOW),
        proof("POST", TOKEN, NOW - 60),
        proof("POST", TOKEN, NOW + 6),
        proof("POST", TOKEN, NOW - 3600),
        String::new(),
        "a.b.c".into(),
        key().sign("JWT", &json!({ "jti": "a", "htm": "POST", "htu": TOKEN, "iat": NOW })).unwrap(),
    ] {
        is_refused(verify(&bad), ErrorCode::InvalidDpopProof);
    }
    let one = proof("POST", TOKEN, NOW);
    is_refused(
        rules.verify(&DpopRequest::new("POST", TOKEN, &[&one, &one]), UnixTime(NOW)),
        ErrorCode::InvalidDpopProof,
    );
}

#[test]
fn the_trace_of_a_proof_is_the_key_and_the_jti() {
    let rules = DpopRules::default();
    let digest = |proof: &str| {
        rules.verify(&DpopRequest::new("POST", TOKEN, &[proof]), UnixTime(NOW)).unwrap().unwrap().digest
    };
    let other_key = Key::generate(Algorithm::EdDsa).unwrap();
    let other = other_key.sign_proof(&ProofRequest::new("POST", TOKEN).unwrap(), "jti", at(NOW)).unwrap();
    assert_eq!(digest(&proof("POST", TOKEN, NOW)), digest(&proof("POST", TOKEN, NOW - 1)));
    assert_ne!(digest(&proof("POST", TOKEN, NOW)), digest(&other));
}

#[test]
fn a_proof_without_a_current_nonce_is_told_to_use_one() {
    let rules = DpopRules::default();
    let nonces = DpopNonces::new(&[5; 32]);
    let accepted = nonces.accepted(UnixTime(NOW));
    let accepted = [accepted[0].as_str(), accepted[1].as_str()];
    let sign = |nonce: &str| {
        let names = [nonce];
        let request = ProofRequest::new("POST", TOKEN).unwrap();
        let request = if nonce.is_empty() { request } else { request.nonces(&names) };
        key().sign_proof(&request, "jti", at(NOW)).unwrap()
    };
    let verify = |nonce: &str| {
        let proof = sign(nonce);
        rules.verify(&DpopRequest::new("POST", TOKEN, &[&proof]).nonces(&accepted), UnixTime(NOW)).map(drop)
    };
    assert!(verify(&nonces.current(UnixTime(NOW))).is_ok());
    assert!(verify(&nonces.current(UnixTime(NOW - 60))).is_ok());
    for nonce in
        ["", "other", &nonces.current(UnixTime(NOW - 180)), &DpopNonces::new(&[6; 32]).current(UnixTime(NOW))]
    {
        is_refused(verify(nonce), ErrorCode::UseDpopNonce);
    }
}

#[test]
fn a_bound_token_needs_a_proof_of_its_key_for_this_token() {
    let mut server = Server::new();
    let jkt = key().thumbprint();
    let code = server.code("c_native", "");
    let sent = Sent { jkt: Some(&jkt), ..Sent::default() };
    let bound = server.token_as(&code_form("c_native", &code), sent).unwrap().access_token;
    let plain = server.log_in("").access_token;
    let verifier = AccessTokenVerifier::new(ISSUER, API);
    let guard = |scheme: &str, token: &str, proofs: &[&str]| {
        let claims = verifier.verify(token, &server.keys, server.now).unwrap();
        let sent = BearerToken::read(Some(&format!("{scheme} {token}")), &Parameters::default()).unwrap();
        let request = DpopRequest::new("GET", RESOURCE, proofs);
        DpopRules::default().guard(&request, &sent, &claims, server.now).map(drop).map_err(|error| {
            assert!(error.www_authenticate().unwrap().starts_with("DPoP "));
            error.status()
        })
    };
    let for_token = |key: &Key, token: &str| {
        let thumbprint = key.thumbprint();
        let request = ProofRequest::new("GET", RESOURCE).unwrap().access_token(token, &thumbprint);
        key.sign_proof(&request, "jti", at(NOW)).unwrap()
    };
    let good = for_token(&key(), &bound);
    assert_eq!(guard("DPoP", &bound, &[&good]), Ok(()));
    assert_eq!(guard("Bearer", &plain, &[]), Ok(()));
    assert_eq!(guard("Bearer", &bound, &[]), Err(401), "stolen, without the key");
    assert_eq!(guard("Bearer", &bound, &[&good]), Err(401), "downgraded");
    assert_eq!(guard("DPoP", &bound, &[]), Err(401));
    assert_eq!(guard("DPoP", &bound, &[&good, &good]), Err(401));
    assert_eq!(guard("DPoP", &plain, &[&good]), Err(401));
    let stranger = Key::generate(Algorithm::Es256).unwrap();
    assert_eq!(guard("DPoP", &bound, &[&for_token(&stranger, &bound)]), Err(401), "another key");
    assert_eq!(guard("DPoP", &bound, &[&for_token(&key(), &plain)]), Err(401), "another token");
    assert_eq!(guard("DPoP", &bound, &[&proof("GET", RESOURCE, NOW)]), Err(401), "no token");
}
