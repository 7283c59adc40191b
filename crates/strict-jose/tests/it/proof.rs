//! Proofs of possession: the examples of RFC 9449, and every known attack. One row for each, through one check.
//!
//! The attacker has a key pair and can sign any header and claims. A refusal before the key is parsed must not allocate.

use std::time::Duration;

use serde_json::{Value, json};
use strict_jose::proof::{ProofError, ProofRequest, ProofRules};
use strict_jose::{Algorithm, Key, Rules, SignError, inspect};

use crate::keys::{jwk, signing_keys, with};
use crate::public_key_attacks::raw_signature;
use crate::token::{at, base64url, seal, verdict};

use Algorithm::{EdDsa, Es256, Es384, Hs256, Rs256};

/// RFC 9449 §4.2, figure 2: a proof for the token endpoint.
const TOKEN_PROOF: &str = "eyJ0eXAiOiJkcG9wK2p3dCIsImFsZyI6IkVTMjU2IiwiandrIjp7Imt0eSI6IkVDIiwieCI6Imw4dEZyaHgtMzR0\
    VjNoUklDUkRZOXpDa0RscEJoRjQyVVFVZldWQVdCRnMiLCJ5IjoiOVZFNGpmX09rX282NHpiVFRsY3VOSmFqSG10NnY5VERWclUwQ2R2R1JEQSIsIm\
    NydiI6IlAtMjU2In19.eyJqdGkiOiItQndDM0VTYzZhY2MybFRjIiwiaHRtIjoiUE9TVCIsImh0dSI6Imh0dHBzOi8vc2VydmVyLmV4YW1wbGUuY29\
    tL3Rva2VuIiwiaWF0IjoxNTYyMjYyNjE2fQ.2-GxA6T8lP4vfrg8v-FdWP0A0zdrj8igiMLvqRMUvwnQg4PtFLbdLXiOSsX0x7NVY-FNyJK70nfbV\
    37xRZT3Lg";

/// RFC 9449 §7.1, figure 13: a proof for a protected resource.
const RESOURCE_PROOF: &str = "eyJ0eXAiOiJkcG9wK2p3dCIsImFsZyI6IkVTMjU2IiwiandrIjp7Imt0eSI6IkVDIiwieCI6Imw4dEZyaHgtMzR\
    0VjNoUklDUkRZOXpDa0RscEJoRjQyVVFVZldWQVdCRnMiLCJ5IjoiOVZFNGpmX09rX282NHpiVFRsY3VOSmFqSG10NnY5VERWclUwQ2R2R1JEQSIsI\
    mNydiI6IlAtMjU2In19.eyJqdGkiOiJlMWozVl9iS2ljOC1MQUVCIiwiaHRtIjoiR0VUIiwiaHR1IjoiaHR0cHM6Ly9yZXNvdXJjZS5leGFtcGxlL\
    m9yZy9wcm90ZWN0ZWRyZXNvdXJjZSIsImlhdCI6MTU2MjI2MjYxOCwiYXRoIjoiZlVIeU8ycjJaM0RaNTNFc05yV0JiMHhXWG9hTnk1OUlpS0NBcW\
    tzbVFFbyJ9.2oW9RP35yRqzhrtNP86L-Ey71EOptxRimPPToA1plemAgR6pxHF8y6-yqyVnmcw6Fy1dqd-jfxSYoMxhAJpLjA";

/// RFC 9449 §7.1 and §6.1.
const ACCESS_TOKEN: &str = "Kz~8mXK1EalYznwH-LC-1fBAo.4Ljp~zsPE_NeO.gxU";
const THUMBPRINT: &str = "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I";

const URL: &str = "https://api.example/recipes";

/// The time at which the proofs of the attack table are made.
const MADE: u64 = 1000;

fn rules() -> ProofRules {
    ProofRules::max_age(Duration::from_mins(1)).future_tolerance(Duration::from_secs(5))
}

fn request() -> ProofRequest<'static> {
    ProofRequest::new("GET", URL).unwrap()
}

fn signing(algorithm: Algorithm) -> Key {
    signing_keys().into_iter().find(|key| key.algorithm() == algorithm).unwrap()
}

/// The public JWK of the test key, with its required members only.
fn public_jwk(algorithm: Algorithm) -> Value {
    let public = signing(algorithm).to_public_jwk().unwrap();
    let jwk = serde_json::from_str(&public).unwrap();
    with(with(jwk, "use", Value::Null), "alg", Value::Null)
}

fn header(algorithm: Algorithm) -> Value {
    json!({ "typ": "dpop+jwt", "alg": algorithm.name(), "jwk": public_jwk(algorithm) })
}

fn claims() -> Value {
    json!({ "jti": "1", "htm": "GET", "htu": URL, "iat": MADE })
}

/// Signs any header and claims with the test key.
fn sign(header: &str, claims: &str) -> String {
    let text = format!("{}.{}", base64url(header), base64url(claims));
    let signature = raw_signature(text.as_bytes());
    format!("{text}.{}", base64url(signature))
}

fn proof(header: &Value, claims: &Value) -> String {
    sign(&header.to_string(), &claims.to_string())
}

fn verdict_of(result: Result<impl Sized, ProofError>) -> String {
    match result {
        Ok(_) => "Ok".to_owned(),
        Err(ProofError::Token(error)) => verdict::<()>(Err(error)),
        Err(ProofError::WrongMethod { .. }) => "WrongMethod".to_owned(),
        Err(ProofError::WrongUrl { .. }) => "WrongUrl".to_owned(),
        Err(error) => format!("{error:?}"),
    }
}

#[track_caller]
fn check_request(proof: &str, request: &ProofRequest<'_>, now: u64, want: &str) {
    assert_eq!(verdict_of(rules().verify(proof, request, at(now))), want, "{request:?} {:?}", inspect(proof));
}

/// Checks a proof that is refused before its key is parsed.
#[track_caller]
fn check_header(header: &str, want: &str) {
    let proof = sign(header, &claims().to_string());
    let (rules, request, mut result) = (rules(), request(), None);
    let allocations = allocation_counter::measure(|| result = Some(rules.verify(&proof, &request, at(MADE))));
    assert_eq!(verdict_of(result.unwrap()), want, "{header}");
    assert_eq!(allocations.count_total, 0, "{header}: a refusal allocated");
}

#[track_caller]
fn check_claims(claims: &Value, want: &str) {
    check_request(&proof(&header(Es256), claims), &request(), MADE, want);
}

#[test]
fn rfc_9449_section_4_2() {
    let request = ProofRequest::new("POST", "https://server.example.com/token").unwrap();
    let verified = rules().verify(TOKEN_PROOF, &request, at(1_562_262_616)).unwrap();
    assert_eq!(verified.claims.jti, "-BwC3ESc6acc2lTc");
    assert_eq!((&*verified.claims.htm, &*verified.claims.htu), ("POST", "https://server.example.com/token"));
    assert_eq!((verified.claims.iat, verified.claims.ath), (at(1_562_262_616), None));
    assert_eq!(verified.thumbprint, THUMBPRINT);
    assert_eq!(verdict_of(rules().verify(RESOURCE_PROOF, &request, at(1_562_262_616))), "WrongMethod");
}

#[test]
fn rfc_9449_section_7_1() {
    let request = ProofRequest::new("GET", "https://resource.example.org/protectedresource").unwrap();
    let request = request.access_token(ACCESS_TOKEN, THUMBPRINT);
    let verified = rules().verify(RESOURCE_PROOF, &request, at(1_562_262_618)).unwrap();
    assert_eq!(verified.claims.ath.as_deref(), Some("fUHyO2r2Z3DZ53EsNrWBb0xWXoaNy59IiKCAqksmQEo"));
    assert_eq!(verified.thumbprint, THUMBPRINT);
}

#[test]
fn every_asymmetric_algorithm_signs_and_verifies_proofs() {
    for key in signing_keys() {
        let request = ProofRequest::new("GET", "https://api.example/recipes?page=2#top").unwrap();
        let thumbprint = key.thumbprint();
        let request = request.access_token(ACCESS_TOKEN, &thumbprint).nonces(&["current", "previous"]);
        let proof = key.clone().with_kid("k1").sign_proof(&request, "1", at(MADE));
        if key.algorithm().is_symmetric() {
            assert!(matches!(proof, Err(SignError::SharedSecret)));
            continue;
        }
        let proof = proof.unwrap();
        let verified = rules().verify(&proof, &request, at(MADE)).unwrap();
        assert_eq!(verified.thumbprint, thumbprint);
        assert_eq!((&*verified.claims.jti, &*verified.claims.htu), ("1", URL));
        assert_eq!(verified.claims.nonce.as_deref(), Some("current"));

        let header = inspect(&proof).unwrap().header;
        assert_eq!((header.get("kid"), header["jwk"].get("kid"), header["jwk"].get("d")), (None, None, None));
        assert!(matches!(
            key.public().unwrap().sign_proof(&request, "1", at(MADE)),
            Err(SignError::VerifyOnly)
        ));

        let other = if key.algorithm() == Es256 { EdDsa } else { Es256 };
        assert_eq!(
            verdict_of(rules().algorithms([other]).verify(&proof, &request, at(MADE))),
            "UnsupportedAlgorithm"
        );
        assert!(rules().algorithms([other, key.algorithm()]).verify(&proof, &request, at(MADE)).is_ok());
    }
}

#[test]
fn valid_proof_is_accepted() {
    check_claims(&claims(), "Ok");
    let escaped = claims().to_string().replace('/', "\\/").replace("htu", "\\u0068tu");
    check_request(&sign(&header(Es256).to_string(), &escaped), &request(), MADE, "Ok");
}

#[test]
fn other_types_and_formats_are_refused() {
    let header = header(Es256);
    for typ in [json!("JWT"), json!("at+jwt"), json!("DPOP+JWT"), json!("application/dpop+jwt"), json!("")] {
        check_header(&with(header.clone(), "typ", typ).to_string(), "WrongType");
    }
    check_header(&with(header.clone(), "typ", Value::Null).to_string(), "WrongType");
    check_header(&with(header.clone(), "typ", 7).to_string(), r#"Malformed(Header("typ"))"#);
    check_header(&with(header.clone(), "crit", json!(["x"])).to_string(), "CriticalHeader");
    check_header(&with(header.clone(), "b64", false).to_string(), "Malformed(Unencoded)");
    check_header(&with(header.clone(), "enc", "A128GCM").to_string(), "Malformed(Encrypted)");
    check_header("[]", "Malformed(Json)");
    let twice = header.to_string().replacen('{', r#"{"\u006awk":{},"#, 1);
    check_header(&twice, "Malformed(Duplicate)");
    for (text, want) in
        [("", "Malformed(Parts)"), ("a.b", "Malformed(Parts)"), ("a b", "Malformed(Character)")]
    {
        check_request(text, &request(), MADE, want);
    }
    check_request(&"A".repeat(8193), &request(), MADE, "Malformed(TooLong)");
}

#[test]
fn other_algorithms_are_refused() {
    let header = header(Es256);
    for alg in ["none", "None", "HS256", "HS512", "es256", "ES256K", ""] {
        check_header(&with(header.clone(), "alg", alg).to_string(), "UnsupportedAlgorithm");
    }
    for alg in [Value::Null, json!(7)] {
        check_header(&with(header.clone(), "alg", alg).to_string(), r#"Malformed(Header("alg"))"#);
    }
    for (alg, name) in [("ES384", "Es384"), ("RS256", "Rs256"), ("EdDSA", "EdDsa")] {
        let want = format!(r#"Key(OtherKey {{ algorithm: {name}, found: "an EC key on P-256" }})"#);
        check_header(&with(header.clone(), "alg", alg).to_string(), &want);
    }
    let stated = with(public_jwk(Es256), "alg", "ES384");
    let want = "Key(OtherAlgorithm { stated: Es384, asked: Es256 })";
    check_header(&with(header, "jwk", stated).to_string(), want);
    // An HMAC whose secret is the public key.
    let header = with(self::header(Es256), "alg", "HS256").to_string();
    let forged =
        seal(&base64url(header), &base64url(claims().to_string()), public_jwk(Es256).to_string().as_bytes());
    check_request(&forged, &request(), MADE, "UnsupportedAlgorithm");
}

#[test]
fn private_and_symmetric_keys_are_refused() {
    let with_jwk = |jwk: Value| with(header(Es256), "jwk", jwk).to_string();
    check_header(&with_jwk(jwk(Es256)), r#"PrivateKey("d")"#);
    check_header(&with_jwk(jwk(EdDsa)), r#"PrivateKey("d")"#);
    check_header(&with_jwk(jwk(Hs256)), r#"PrivateKey("k")"#);
    check_header(&with_jwk(with(public_jwk(Rs256), "qi", "AQ")), r#"PrivateKey("qi")"#);
    check_header(&with_jwk(with(public_jwk(Es256), "use", "enc")), "Key(NotForSignatures)");
    check_header(&with_jwk(json!({})), r#"Key(MissingMember("kty"))"#);
    check_header(
        &with_jwk(json!({ "kty": "oct" })),
        r#"Key(OtherKey { algorithm: Es256, found: "a shared secret" })"#,
    );
    for jwk in [json!("key"), json!([]), Value::Null] {
        check_header(&with_jwk(jwk), r#"Malformed(Header("jwk"))"#);
    }
    let off_curve = with(public_jwk(Es256), "y", public_jwk(Es256)["x"].clone());
    let off_curve = proof(&with(header(Es256), "jwk", off_curve), &claims());
    check_request(&off_curve, &request(), MADE, "Key(NotOnCurve)");
}

#[test]
fn references_to_other_keys_are_refused() {
    for name in ["kid", "jku", "x5u", "x5c", "x5t", "x5t#S256"] {
        check_header(&with(header(Es256), name, "a").to_string(), &format!("KeyReference({name:?})"));
    }
    check_header(
        &header(Es256).to_string().replacen('{', r#"{"k\u0069d":"a","#, 1),
        r#"KeyReference("kid")"#,
    );
}

#[test]
fn signature_of_another_key_is_refused() {
    let other = Key::generate(Es256).unwrap().to_public_jwk().unwrap();
    let other = with(header(Es256), "jwk", serde_json::from_str::<Value>(&other).unwrap());
    check_request(&proof(&other, &claims()), &request(), MADE, "BadSignature");
    let valid = proof(&header(Es256), &claims());
    let (signed, signature) = valid.rsplit_once('.').unwrap();
    check_request(&format!("{signed}."), &request(), MADE, "BadSignature");
    check_request(&format!("{signed}.{}", base64url([0; 64])), &request(), MADE, "BadSignature");
    let (header, _) = signed.split_once('.').unwrap();
    let changed = base64url(with(claims(), "jti", "2").to_string());
    check_request(&format!("{header}.{changed}.{signature}"), &request(), MADE, "BadSignature");
    // The signature is checked before the claims.
    check_request(&format!("{header}.{}.{signature}", base64url("{")), &request(), MADE, "BadSignature");
}

#[test]
fn missing_and_invalid_claims_are_refused() {
    for name in ["jti", "htm", "htu", "iat"] {
        check_claims(&with(claims(), name, Value::Null), &format!("MissingClaim({name:?})"));
        check_claims(&with(claims(), name, json!([])), &format!("InvalidClaim({name:?})"));
    }
    check_claims(&with(claims(), "jti", ""), r#"InvalidClaim("jti")"#);
    check_claims(&with(claims(), "iat", -1), r#"InvalidClaim("iat")"#);
    check_claims(&with(claims(), "ath", 7), r#"InvalidClaim("ath")"#);
    check_claims(&with(claims(), "nonce", 7), r#"InvalidClaim("nonce")"#);
    check_claims(&json!([]), "Malformed(Json)");
    let many = (0..64).fold(claims(), |claims, i| with(claims, &i.to_string(), 0));
    check_claims(&many, "Malformed(TooManyMembers)");
}

#[test]
fn other_methods_and_urls_are_refused() {
    for htm in ["POST", "get", "GET ", ""] {
        check_claims(&with(claims(), "htm", htm), "WrongMethod");
    }
    for htu in [
        "http://api.example/recipes",
        "https://api.example/recipes/",
        "https://api.example:8443/recipes",
        "https://api.example.attacker.example/recipes",
        "https://api.example@attacker.example/recipes",
        "/recipes",
        "",
    ] {
        check_claims(&with(claims(), "htu", htu), "WrongUrl");
    }
    check_claims(&with(claims(), "htu", "HTTPS://API.example:443/recipes?page=2#top"), "Ok");
}

#[test]
fn times_outside_of_the_window_are_refused() {
    let proof = proof(&header(Es256), &claims());
    let future = format!("NotYetValid {{ at: {:?} }}", at(MADE));
    let stale = format!("TooOld {{ at: {:?} }}", at(MADE));
    for (now, want) in [
        (0, &*future),
        (MADE - 6, &future),
        (MADE - 5, "Ok"),
        (MADE, "Ok"),
        (MADE + 59, "Ok"),
        (MADE + 60, &stale),
        (4_000_000_000, &stale),
    ] {
        check_request(&proof, &request(), now, want);
    }
    let strict = ProofRules::max_age(Duration::from_mins(1));
    assert_eq!(verdict_of(strict.verify(&proof, &request(), at(MADE - 1))), future);
    let endless = ProofRules::max_age(Duration::MAX).future_tolerance(Duration::MAX);
    assert!(endless.verify(&proof, &request(), at(0)).is_ok());
}

#[test]
fn other_access_tokens_and_keys_are_refused() {
    let thumbprint = signing(Es256).thumbprint();
    let bound = request().access_token(ACCESS_TOKEN, &thumbprint);
    let with_ath = |ath: &str| proof(&header(Es256), &with(claims(), "ath", ath));
    let ath = "fUHyO2r2Z3DZ53EsNrWBb0xWXoaNy59IiKCAqksmQEo";
    check_request(&with_ath(ath), &bound, MADE, "Ok");
    check_request(&proof(&header(Es256), &claims()), &bound, MADE, r#"MissingClaim("ath")"#);
    for other in ["", ACCESS_TOKEN, &format!("{ath}="), &ath.to_lowercase()] {
        check_request(&with_ath(other), &bound, MADE, "WrongAccessToken");
    }
    check_request(&with_ath(ath), &request().access_token("other", &thumbprint), MADE, "WrongAccessToken");
    check_request(&with_ath(ath), &request().access_token(ACCESS_TOKEN, THUMBPRINT), MADE, "WrongKey");
    check_request(&with_ath(ath), &request().access_token(ACCESS_TOKEN, ""), MADE, "WrongKey");
    // Without an access token, `ath` is not checked.
    check_request(&with_ath("x"), &request(), MADE, "Ok");
}

#[test]
fn other_nonces_are_refused() {
    let with_nonce = |nonce: Value| proof(&header(Es256), &with(claims(), "nonce", nonce));
    let request = request().nonces(&["current", "previous"]);
    check_request(&with_nonce(json!("current")), &request, MADE, "Ok");
    check_request(&with_nonce(json!("previous")), &request, MADE, "Ok");
    for other in [json!("older"), json!(""), Value::Null] {
        check_request(&with_nonce(other), &request, MADE, "WrongNonce");
    }
    check_request(&with_nonce(json!("current")), &request.nonces(&[]), MADE, "WrongNonce");
}

/// [`Rules`] ignore `jwk`: a proof is never a token of a trusted key.
#[test]
fn embedded_key_is_not_trusted_by_rules() {
    let proof = proof(&header(Es256), &with(claims(), "exp", 2000));
    let [trusted, other] = [signing(Es256), Key::generate(Es256).unwrap()].map(|key| key.public().unwrap());
    for (rules, key, want) in [
        (Rules::typ("dpop+jwt"), &other, "BadSignature"),
        (Rules::any_type(), &other, "BadSignature"),
        (Rules::typ("at+jwt"), &trusted, "WrongType"),
        (Rules::typ("dpop+jwt"), &signing(Es384), "WrongAlgorithm { expected: Es384 }"),
    ] {
        let rules = rules.any_issuer().any_audience();
        let (mut result, now) = (None, at(MADE));
        let allocations =
            allocation_counter::measure(|| result = Some(rules.verify::<Value>(&proof, key, now)));
        assert_eq!(verdict(result.unwrap()), want);
        assert_eq!(allocations.count_total, 0, "a refusal allocated");
    }
}

#[test]
fn messages_name_the_wanted_and_the_found_request() {
    let message = |claims: &Value| {
        let proof = proof(&header(Es256), claims);
        rules().verify(&proof, &request(), at(MADE)).unwrap_err().to_string()
    };
    let (method, url) = ("GET", URL);
    assert_eq!(
        message(&with(claims(), "htm", "PUT\n")),
        format!(r#"the `htm` of the proof is "PUT\n", not "{method}""#)
    );
    assert_eq!(
        message(&with(claims(), "htu", "https://evil.example/?secret#part")),
        format!(r#"the `htu` of the proof is "https://evil.example/", not "{url}""#)
    );
    let other_type = sign(&with(header(Es256), "typ", "JWT").to_string(), &claims().to_string());
    let refused = rules().verify(&other_type, &request(), at(MADE)).unwrap_err().to_string();
    assert_eq!(refused, r#"the `typ` of the token is "JWT", not "dpop+jwt""#);
}
