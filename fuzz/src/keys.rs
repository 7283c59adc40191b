//! Targets for keys: a key that is read, written and read again is the same, and is not accepted as a shared secret.

use std::collections::HashSet;

use strict_jose::{Algorithm, Key, KeyError, KeySet, Rules, Typ};

/// Reads a JWK.
///
/// # Panics
/// If the key does not round-trip, or does not sign and verify as it claims.
pub fn jwk(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let key = match Key::from_jwk(text) {
        Err(KeyError::NoAlgorithm) => {
            let for_any =
                [Algorithm::Hs256, Algorithm::Ps384].map(|algorithm| Key::from_jwk_as(algorithm, text));
            for_any.into_iter().find_map(Result::ok)
        }
        key => key.ok(),
    };
    if let Some(key) = key {
        check(&key);
        assert!(Key::hs256(data).is_err(), "a JWK is not a secret");
    }
}

/// Reads a set of keys.
///
/// # Panics
/// If the set does not round-trip.
pub fn jwks(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let sets = [
        KeySet::from_jwks(text),
        KeySet::from_jwks_as(Algorithm::Rs256, text),
        KeySet::from_private_jwks(text),
    ];
    let [public, public_as, private] = sets.map(Result::ok);
    if let (Some(public), Some(public_as)) = (&public, &public_as) {
        let differ = public.skipped() != public_as.skipped();
        assert!(differ || public.iter().count() == public_as.iter().count());
        assert!(public_as.skipped().iter().all(|skipped| skipped.error != KeyError::NoAlgorithm));
    }
    for set in [&public, &public_as].into_iter().flatten() {
        let places: Vec<usize> = set.skipped().iter().map(|skipped| skipped.index).collect();
        assert!(places.is_sorted_by(|one, next| one < next) && places.iter().all(|place| *place < 256));
    }
    assert!(private.as_ref().is_none_or(|private| private.skipped().is_empty()), "an own key is skipped");
    for set in [public, public_as, private].into_iter().flatten() {
        assert!(Key::hs256(data).is_err(), "a set is not a secret");
        let mut unique = HashSet::new();
        let mut named = set.iter().filter_map(|key| Some((key.kid()?, key.algorithm())));
        assert!(named.all(|name| unique.insert(name)), "duplicate names");
        let of = |set: &KeySet| set.iter().filter_map(Key::to_public_jwk).collect::<Vec<_>>();
        let again = KeySet::from_jwks(&set.to_public_jwks()).map(|again| of(&again));
        assert_eq!(again, Ok(of(&set)));
    }
}

/// Reads a key in PEM or DER.
///
/// # Panics
/// If the key does not round-trip, or is accepted as a shared secret.
pub fn pem_der(data: &[u8]) {
    use Algorithm as A;
    for algorithm in [A::Rs256, A::Es256, A::Es384, A::Es512, A::EdDsa] {
        let keys = [
            Key::from_pem(algorithm, data),
            Key::from_private_der(algorithm, data),
            Key::from_public_der(algorithm, data),
        ];
        for key in keys.into_iter().flatten() {
            assert_eq!(key.algorithm(), algorithm);
            check(&key);
            assert!(Key::hs256(data).is_err(), "neither PEM nor DER is a secret");
        }
    }
}

#[expect(clippy::expect_used, reason = "a target reports a failure by a panic")]
fn check(key: &Key) {
    let shown = |key: &Key| {
        (
            format!("{key:?}"),
            key.can_sign(),
            key.can_verify(),
            key.thumbprint(),
            key.to_jwk().expose().to_owned(),
        )
    };
    let again = Key::from_jwk(key.to_jwk().expose()).expect("a written key can be read");
    assert_eq!(shown(&again), shown(key));
    if let Some(public) = key.to_public_jwk() {
        let public = Key::from_jwk(&public).expect("a published key can be read");
        assert_eq!((public.can_sign(), public.thumbprint()), (false, key.thumbprint()));
    }
    if key.can_sign() {
        let token = key.sign_bytes(Typ::Absent, b"").expect("the key can sign");
        let verifying = key.public().unwrap_or_else(|| key.clone());
        let verified = Rules::any_type().any_payload().verify(&token, &verifying);
        assert_eq!(verified.is_ok(), verifying.can_verify());
    }
}
