//! Header parameters of the caller's own.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use strict_jose::{Algorithm, Error, Key, Malformed, SignError, Typ, inspect};

use crate::keys::jwk;
use crate::token::{NOW, at, key, rules};

fn claims() -> Value {
    json!({ "iss": "https://id.example", "aud": "https://api.example", "exp": 2000 })
}

fn sign(parameters: &Value) -> Result<Value, SignError> {
    let token = key().sign_with_header("at+jwt", parameters, &claims())?;
    assert!(rules().verify_bytes(&token, &key(), at(NOW)).is_ok(), "{parameters}");
    Ok(inspect(&token).unwrap().header)
}

#[test]
fn own_parameters_are_signed() {
    let plain = json!({ "typ": "at+jwt", "alg": "HS256", "kid": "k1" });
    assert_eq!(sign(&json!({})).unwrap(), plain);
    let mut own = json!({ "jku": "https://id.example/jwks", "x": { "y": [1, "}"] }, "n}": "}" });
    let header = sign(&own).unwrap();
    own.as_object_mut().unwrap().extend(plain.as_object().unwrap().clone());
    assert_eq!(header, own);

    let map = BTreeMap::from([("cty", "JWT")]);
    let brace = key().with_kid("}").sign_with_header(Typ::Absent, &map, &claims()).unwrap();
    assert_eq!(inspect(&brace).unwrap().header, json!({ "alg": "HS256", "kid": "}", "cty": "JWT" }));

    let public = Key::from_jwk(&jwk(Algorithm::Es256).to_string()).unwrap().to_public_jwk().unwrap();
    let public: Value = serde_json::from_str(&public).unwrap();
    assert_eq!(sign(&json!({ "jwk": public })).unwrap()["jwk"], public);
}

#[test]
fn parameters_of_the_format_cannot_be_set() {
    for name in ["alg", "typ", "kid", "crit", "b64", "enc", "zip"] {
        let refused = sign(&json!({ name: "HS256" })).unwrap_err();
        assert!(matches!(refused, SignError::Header(refused) if refused == name), "{name}: {refused}");
        assert!(refused.to_string().contains(&format!("`{name}`")), "{refused}");
    }
    for private in [jwk(Algorithm::Es256), jwk(Algorithm::Hs256), json!({ "d": "AA" })] {
        let refused = sign(&json!({ "jwk": private })).unwrap_err();
        assert!(matches!(refused, SignError::Header("jwk")), "{refused}");
    }
}

#[test]
fn parameters_that_every_verifier_refuses_are_not_signed() {
    let many: serde_json::Map<String, Value> = (0..32).map(|i| (i.to_string(), json!(0))).collect();
    for (parameters, want) in [
        (json!("text"), Malformed::Json),
        (json!([]), Malformed::Json),
        (json!(null), Malformed::Json),
        (Value::Object(many), Malformed::TooManyMembers),
    ] {
        let refused = sign(&parameters).unwrap_err();
        let SignError::InvalidHeader(Error::Malformed(found)) = refused else { panic!("{refused:?}") };
        assert_eq!(found, want, "{parameters}");
    }
    let long = sign(&json!({ "x": "x".repeat(8192) })).unwrap_err();
    assert!(matches!(long, SignError::HeaderTooLong), "{long}");
    let claims = key().sign_with_header("at+jwt", &json!({}), &json!({ "exp": "soon" })).unwrap_err();
    assert!(matches!(claims, SignError::Claims(_)), "{claims}");
}
