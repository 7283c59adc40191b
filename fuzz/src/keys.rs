//! Keys in every form: what is read is written and read again the same, and is no shared secret.

use std::collections::HashSet;

use strict_jose::{Algorithm, Key, KeyError, KeySet, Rules, Typ};

/// A JWK.
///
/// # Panics
/// If the key is not the same again, or does not do what it says.
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
        assert!(Key::hs256(data).is_err(), "a JWK is no secret");
    }
}

/// A set of keys.
///
/// # Panics
/// If the set is not the same again.
pub fn jwks(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let sets = [
        KeySet::from_jwks(text),
        KeySet::from_jwks_as(Algorithm::Rs256, text),
        KeySet::from_private_jwks(text),
    ];
    let [public, public_as, private] = sets.map(Result::ok);
    if let (Some(public), Some(public_as)) = (&public, &public_as) {
        assert_eq!(public.iter().count(), public_as.iter().count());
    }
    for set in [public, public_as, private].into_iter().flatten() {
        assert!(Key::hs256(data).is_err(), "a set is no secret");
        let mut kids = HashSet::new();
        assert!(set.iter().filter_map(Key::kid).all(|kid| kids.insert(kid)), "two keys of one name");
        let of = |set: &KeySet| set.iter().filter_map(Key::to_public_jwk).collect::<Vec<_>>();
        let again = KeySet::from_jwks(&set.to_public_jwks()).map(|again| of(&again));
        assert_eq!(again, Ok(of(&set)));
    }
}

/// A key in PEM or DER.
///
/// # Panics
/// If the key is not the same again, or is taken for a shared secret too.
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

#[expect(clippy::expect_used, reason = "that is how a target says that something is wrong")]
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
    let again = Key::from_jwk(key.to_jwk().expose()).expect("a key that was read, and written");
    assert_eq!(shown(&again), shown(key));
    if let Some(public) = key.to_public_jwk() {
        let public = Key::from_jwk(&public).expect("a key that was read, and published");
        assert_eq!((public.can_sign(), public.thumbprint()), (false, key.thumbprint()));
    }
    if key.can_sign() {
        let token = key.sign_bytes(Typ::Absent, b"").expect("it says that it signs");
        let verifying = key.public().unwrap_or_else(|| key.clone());
        let verified = Rules::any_type().any_payload().verify(&token, &verifying);
        assert_eq!(verified.is_ok(), verifying.can_verify());
    }
}
