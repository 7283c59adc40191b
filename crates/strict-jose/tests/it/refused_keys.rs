//! Invalid keys are refused when they are made, and the error names the reason.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use strict_jose::{Algorithm, Key, KeyError, KeySet};

use crate::keys::{ASYMMETRIC, bytes_of, check_jwk, der_of, forms, jwk, with};
use crate::token::base64url;

use Algorithm::{EdDsa, Es256, Es384, Es512, Hs256, Ps256, Rs256};

#[track_caller]
fn check_pem(algorithm: Algorithm, pem: &str, want: KeyError) {
    assert_eq!(Key::from_pem(algorithm, pem.as_bytes()).unwrap_err(), want, "{pem}");
}

macro_rules! refused {
    ($file:literal) => {
        include_str!(concat!("keys/refused/", $file, ".pem"))
    };
}

const REFUSED: [(Algorithm, &str, KeyError); 15] = [
    (Rs256, refused!("rsa-1024"), KeyError::RsaSize { bits: 1024 }),
    (Ps256, refused!("rsa-2047"), KeyError::RsaSize { bits: 2047 }),
    (Rs256, refused!("rsa-exponent-3"), KeyError::RsaExponent),
    (Ps256, refused!("rsa-pss-only"), KeyError::UnsupportedKey),
    (Es256, refused!("secp256k1"), KeyError::UnsupportedKey),
    (Es256, refused!("p256-own-parameters"), KeyError::UnsupportedKey),
    (Es256, refused!("p256-compressed"), KeyError::NotOnCurve),
    (EdDsa, refused!("x25519"), KeyError::UnsupportedKey),
    (EdDsa, refused!("ed448"), KeyError::UnsupportedKey),
    (Rs256, refused!("dsa"), KeyError::UnsupportedKey),
    (Es256, refused!("certificate"), KeyError::Certificate),
    (Es256, refused!("certificate-request"), KeyError::Certificate),
    (EdDsa, refused!("encrypted-pkcs8"), KeyError::Encrypted),
    (Es256, refused!("encrypted-sec1"), KeyError::Encrypted),
    (EdDsa, refused!("openssh"), KeyError::UnsupportedPem),
];

#[test]
fn weak_and_unsupported_pem_keys_are_refused() {
    for (algorithm, pem, want) in REFUSED {
        check_pem(algorithm, pem, want);
    }
}

#[test]
fn error_names_the_remedy() {
    for (error, hint) in [
        (KeyError::Certificate, "openssl x509 -in CERTIFICATE -noout -pubkey"),
        (KeyError::Encrypted, "openssl pkcs8 -in KEY -out DECRYPTED"),
        (KeyError::UnsupportedPem, "ssh-keygen -p -m PKCS8 -f KEY"),
        (KeyError::NoAlgorithm, "say which algorithm"),
        (KeyError::OtherKey { algorithm: Es384, found: "an RSA key" }, "ES384 needs an EC key on P-384"),
    ] {
        assert!(error.to_string().contains(hint), "{error}");
    }
}

#[test]
fn key_of_another_kind_or_curve_is_refused() {
    for forms in ASYMMETRIC {
        for pem in forms.private.iter().chain(forms.public) {
            let found = Algorithm::ALL.iter().filter(|other| {
                let key = Key::from_pem(**other, pem.as_bytes());
                let is_other =
                    matches!(&key, Err(KeyError::OtherKey { algorithm, .. }) if algorithm == *other);
                assert!(key.is_ok() || is_other, "{key:?}");
                key.is_ok()
            });
            let rsa = forms.algorithm.name().contains("S256") && !forms.algorithm.name().starts_with('E');
            let want = if rsa || forms.private.len() == 2 && forms.public.len() == 2 { 6 } else { 1 };
            assert_eq!(found.count(), want, "{:?}", forms.algorithm);
        }
    }
    check_pem(Hs256, forms(Rs256).public[0], KeyError::OtherKey { algorithm: Hs256, found: "an RSA key" });
    check_pem(
        Es256,
        forms(Es384).public[0],
        KeyError::OtherKey { algorithm: Es256, found: "an EC key on P-384" },
    );
}

#[test]
fn pem_text_must_hold_one_complete_key() {
    let [private, public] = [forms(EdDsa).private[0], forms(EdDsa).public[0]];
    let accepted = [
        format!("Explanatory text\n\n{public}\nmore of it"),
        public.replace('\n', "\r\n"),
        public.replace('\n', ""),
        format!("\u{feff}{public}"),
    ];
    for pem in accepted {
        assert!(Key::from_pem(EdDsa, pem.as_bytes()).is_ok(), "{pem}");
    }
    check_pem(EdDsa, "", KeyError::NotPem);
    check_pem(EdDsa, "secret", KeyError::NotPem);
    check_pem(EdDsa, &format!("{private}{public}"), KeyError::SeveralKeys);
    check_pem(EdDsa, &public.replace("-----END PUBLIC KEY-----", ""), KeyError::NotPem);
    check_pem(EdDsa, &public.replace("END PUBLIC", "END PRIVATE"), KeyError::NotPem);
    check_pem(EdDsa, &public.replace("MCow", "MCo*"), KeyError::NotPem);
    check_pem(EdDsa, &public.replace("MCow", "MCo"), KeyError::NotPem);
    check_pem(EdDsa, &public.replace("PUBLIC", "PRIVATE"), KeyError::Der);
    check_pem(EdDsa, &public.replace("PUBLIC KEY", "RSA PUBLIC KEY"), KeyError::Der);
    check_pem(EdDsa, &private.replace("PRIVATE KEY", "EC PRIVATE KEY"), KeyError::Der);
    assert_eq!(Key::from_pem(EdDsa, b"\xff\xfe-\0-\0").unwrap_err(), KeyError::NotPem);
}

#[test]
fn truncated_and_extended_der_is_refused() {
    for forms in ASYMMETRIC {
        for (pems, private) in [(forms.private, true), (forms.public, false)] {
            for pem in pems {
                if pem.contains("EC PARAMETERS") {
                    continue; // two blocks, with the same key as in PKCS#8
                }
                let read = |der: &[u8]| {
                    if private {
                        Key::from_private_der(forms.algorithm, der)
                    } else {
                        Key::from_public_der(forms.algorithm, der)
                    }
                };
                let der = der_of(pem);
                assert!(read(&der).is_ok());
                for len in 0..der.len() {
                    assert_eq!(read(&der[..len]).unwrap_err(), KeyError::Der, "{len}");
                }
                assert_eq!(read(&[&der[..], &[0]].concat()).unwrap_err(), KeyError::Der);
            }
        }
    }
}

#[test]
fn non_minimal_der_lengths_are_refused() {
    let der = der_of(forms(EdDsa).public[0]);
    assert_eq!(&der[..2], &[0x30, 0x2a]);
    for head in [&[0x30, 0x81, 0x2a][..], &[0x30, 0x82, 0, 0x2a], &[0x30, 0x80], &[0x30, 0x84, 0, 0, 0, 0x2a]]
    {
        let der = [head, &der[2..]].concat();
        assert_eq!(Key::from_public_der(EdDsa, &der).unwrap_err(), KeyError::Der, "{head:x?}");
    }
}

#[test]
fn flipped_bit_in_a_private_key_is_detected_or_harmless() {
    for forms in ASYMMETRIC.iter().filter(|forms| matches!(forms.algorithm, Rs256 | Es256 | EdDsa)) {
        let der = der_of(forms.private[0]);
        let honest = Key::from_private_der(forms.algorithm, &der).unwrap();
        for place in 0..der.len() {
            let mut edited = der.clone();
            edited[place] ^= 1;
            let Ok(key) = Key::from_private_der(forms.algorithm, &edited) else { continue };
            // A changed seed without its public key is undetectable, because any 32 bytes are a seed.
            assert!(forms.algorithm == EdDsa && key.thumbprint() != honest.thumbprint(), "byte {place}");
        }
    }
}

#[test]
fn pkcs8_version_2_with_another_public_key_is_refused() {
    let seed = bytes_of(&jwk(EdDsa), "d");
    let public = der_of(forms(EdDsa).public[0])[12..].to_vec();
    let version_2 = |public: &[u8]| {
        let head = [0x30, 0x51, 2, 1, 1, 0x30, 5, 6, 3, 0x2b, 0x65, 0x70, 4, 0x22, 4, 0x20];
        [&head[..], &seed, &[0x81, 0x21, 0], public].concat()
    };
    // The crate `ring` writes a bit string inside of an explicit tag.
    let explicit = |public: &[u8]| {
        let mut der = version_2(public);
        der[1] += 2;
        der.splice(48..51, [0xa1, 0x23, 3, 0x21, 0]);
        der
    };
    let other = [&[public[0] ^ 1], &public[1..]].concat();
    for form in [&version_2 as &dyn Fn(&[u8]) -> Vec<u8>, &explicit] {
        assert!(Key::from_private_der(EdDsa, &form(&public)).is_ok());
        assert_eq!(Key::from_private_der(EdDsa, &form(&other)).unwrap_err(), KeyError::Inconsistent);
    }
    let mut longer = explicit(&public);
    longer[1] += 2;
    longer[49] += 2;
    longer.extend([5, 0]);
    assert_eq!(Key::from_private_der(EdDsa, &longer).unwrap_err(), KeyError::Der);
}

#[test]
fn private_key_out_of_range_is_refused() {
    // The order of P-256: SEC 2, §2.4.2.
    let order = "_____wAAAAD__________7zm-q2nF56E87nKwvxjJVE";
    for d in [base64url([0; 32]), order.to_owned(), base64url([0xff; 32])] {
        check_jwk(&with(jwk(Es256), "d", d), Err(KeyError::Inconsistent));
    }
}

#[test]
fn points_off_their_curve_are_refused() {
    let jwk_of = |algorithm| with(jwk(algorithm), "d", Value::Null);
    for algorithm in [Es256, Es384, Es512] {
        let jwk = jwk_of(algorithm);
        check_jwk(&jwk, Ok(()));
        let len = bytes_of(&jwk, "x").len();
        check_jwk(&with(jwk.clone(), "y", jwk["x"].clone()), Err(KeyError::NotOnCurve));
        let zero = base64url(vec![0; len]);
        check_jwk(&with(with(jwk.clone(), "x", zero.clone()), "y", zero), Err(KeyError::NotOnCurve));
        let beyond = base64url(vec![0xff; len]);
        check_jwk(&with(jwk.clone(), "x", beyond), Err(KeyError::NotOnCurve));
    }
    // A point of P-256 is shorter than a point of P-384.
    check_jwk(
        &with(with(jwk_of(Es256), "crv", "P-384"), "alg", Value::Null),
        Err(KeyError::InvalidMember("x")),
    );
    check_jwk(
        &with(jwk_of(Es256), "alg", "ES384"),
        Err(KeyError::OtherKey { algorithm: Es384, found: "an EC key on P-256" }),
    );
}

#[test]
fn points_of_small_order_are_refused() {
    let y = |last: &str| {
        let hex = format!("{last:0>64}");
        let mut bytes: Vec<u8> =
            (0..32).map(|i| u8::from_str_radix(&hex[2 * i..2 * i + 2], 16).unwrap()).collect();
        bytes.reverse();
        bytes
    };
    let p_minus_1 = format!("7{}ec", "f".repeat(61));
    for number in [
        "0",
        "1",
        &p_minus_1,
        "5fc536d880238b13933c6d305acdfd5f098eff289f4c345b027b2c28f95e826",
        "7a03ac9277fdc74ec6cc392cfa53202a0f67100d760b3cba4fd84d3d706a17c7",
    ] {
        for sign in [0, 0x80] {
            let mut x = y(number);
            x[31] |= sign;
            check_jwk(
                &json!({ "kty": "OKP", "crv": "Ed25519", "x": base64url(x) }),
                Err(KeyError::SmallOrder),
            );
        }
    }
    // The same numbers plus p, and numbers of no point.
    for number in
        [format!("7{}ed", "f".repeat(61)), format!("7{}ee", "f".repeat(61)), "f".repeat(64), "2".into()]
    {
        check_jwk(
            &json!({ "kty": "OKP", "crv": "Ed25519", "x": base64url(y(&number)) }),
            Err(KeyError::NotOnCurve),
        );
    }
}

#[test]
fn unsafe_rsa_numbers_are_refused() {
    let public =
        |n: Vec<u8>, e: &[u8]| json!({ "kty": "RSA", "alg": "RS256", "n": base64url(n), "e": base64url(e) });
    let odd = |bits: usize| {
        let mut n = vec![0xff; bits.div_ceil(8)];
        n[0] = 0xff >> (n.len() * 8 - bits);
        n
    };
    let e = &[1, 0, 1][..];
    for (bits, want) in [
        (512, Err(KeyError::RsaSize { bits: 512 })),
        (2047, Err(KeyError::RsaSize { bits: 2047 })),
        (2048, Ok(())),
        (8192, Ok(())),
        (8193, Err(KeyError::RsaSize { bits: 8193 })),
        (1 << 17, Err(KeyError::RsaSize { bits: 1 << 17 })),
    ] {
        check_jwk(&public(odd(bits), e), want);
    }
    let mut even = odd(2048);
    even[255] = 0xfe;
    check_jwk(&public(even, e), Err(KeyError::Inconsistent));
    for (e, want) in [
        (&[1][..], Err(KeyError::RsaExponent)),
        (&[3], Err(KeyError::RsaExponent)),
        (&[0xff, 0xff], Err(KeyError::RsaExponent)),
        (&[1, 0, 0], Err(KeyError::RsaExponent)),
        (&[1, 0, 2], Err(KeyError::RsaExponent)),
        (&[1, 0, 3], Ok(())),
        (&[1, 0, 0, 0, 1], Ok(())),
        (&[3, 0, 0, 0, 1], Err(KeyError::RsaExponent)),
        (&[1; 256], Err(KeyError::RsaExponent)),
    ] {
        check_jwk(&public(odd(2048), e), want);
    }
    let two_primes_more = with(jwk(Rs256), "oth", json!([{ "r": "AQ", "d": "AQ", "t": "AQ" }]));
    check_jwk(&two_primes_more, Err(KeyError::InvalidMember("oth")));
}

/// Keys that were made as an affected chip makes them: each prime is k M + (65537^a mod M), and M is a product of small primes.
const ROCA: [&str; 3] = [
    include_str!("keys/refused/roca-2048.json"),
    include_str!("keys/refused/roca-3072.json"),
    include_str!("keys/refused/roca-4096.json"),
];

/// CVE-2017-15361.
#[test]
fn rsa_key_with_the_roca_fingerprint_is_refused() {
    for text in ROCA {
        let jwk: Value = serde_json::from_str(text).unwrap();
        check_jwk(&jwk, Err(KeyError::Roca));
        let public = json!({ "kty": "RSA", "n": jwk["n"], "e": jwk["e"], "kid": "roca" });
        for algorithm in
            [Rs256, Algorithm::Rs384, Algorithm::Rs512, Ps256, Algorithm::Ps384, Algorithm::Ps512]
        {
            check_jwk(&with(public.clone(), "alg", algorithm.name()), Err(KeyError::Roca));
        }
        // The same modulus in PKCS#1.
        let n = bytes_of(&jwk, "n");
        let integer =
            [&[0x02, 0x82][..], &u16::try_from(n.len() + 1).unwrap().to_be_bytes(), &[0], &n].concat();
        let numbers = [&integer[..], &[0x02, 3, 1, 0, 1]].concat();
        let der =
            [&[0x30, 0x82][..], &u16::try_from(numbers.len()).unwrap().to_be_bytes(), &numbers].concat();
        assert_eq!(Key::from_public_der(Rs256, &der).unwrap_err(), KeyError::Roca);

        let good = json!({ "kty": "OKP", "crv": "Ed25519", "x": crate::keys::jwk(EdDsa)["x"] });
        let set = json!({ "keys": [with(public, "alg", "RS256"), good] }).to_string();
        let set = KeySet::from_jwks(&set).unwrap();
        assert_eq!((set.iter().count(), set.skipped()[0].error), (1, KeyError::Roca));
    }
}

/// A modulus that has the fingerprint for all small primes but one is not of such a chip.
#[test]
fn rsa_key_with_a_part_of_the_roca_fingerprint_is_accepted() {
    let jwk: Value = serde_json::from_str(ROCA[0]).unwrap();
    let n = bytes_of(&jwk, "n");
    // Adding the other primes' product, doubled so that n stays odd, changes the remainder of one prime only.
    let primes = [11_u64, 13, 17, 19, 37, 53, 61, 71, 73, 79, 97, 103, 107, 109, 127, 151, 157];
    for (changed, is_refused) in [(11, false), (13, false), (157, false), (0, true)] {
        let mut step = vec![0_u8; n.len()];
        step[n.len() - 1] = 2;
        for prime in primes.into_iter().filter(|prime| *prime != changed) {
            let mut carry = 0;
            for digit in step.iter_mut().rev() {
                carry += u64::from(*digit) * prime;
                *digit = carry.to_le_bytes()[0];
                carry >>= 8;
            }
        }
        let verdicts: Vec<bool> = (0..changed.max(4))
            .scan(n.clone(), |sum, _| {
                let mut carry = 0;
                for (digit, step) in sum.iter_mut().zip(&step).rev() {
                    let total = u16::from(*digit) + u16::from(*step) + carry;
                    *digit = total.to_le_bytes()[0];
                    carry = total >> 8;
                }
                let public = json!({ "kty": "RSA", "alg": "RS256", "n": base64url(&*sum), "e": "AQAB" });
                Some(Key::from_jwk(&public.to_string()).is_err_and(|error| error == KeyError::Roca))
            })
            .collect();
        assert_eq!(verdicts.iter().all(|refused| *refused), is_refused, "{changed}");
        assert!(verdicts.iter().any(|refused| *refused), "{changed}: some remainders are powers of 65537");
    }
}

#[test]
fn encoded_public_key_as_secret_is_refused() {
    #[track_caller]
    fn check(secret: impl AsRef<[u8]>, want: KeyError) {
        let secret = secret.as_ref();
        let shown = String::from_utf8_lossy(secret);
        assert_eq!(Key::hs256(secret).err(), Some(want), "{shown}");
        let k = json!({ "kty": "oct", "alg": "HS256", "k": base64url(secret) });
        assert_eq!(Key::from_jwk(&k.to_string()).err(), Some(want), "{shown}");
    }
    let pems = ASYMMETRIC.iter().flat_map(|forms| forms.public.iter().chain(forms.private));
    for pem in pems.chain(REFUSED.iter().map(|(_, pem, _)| pem)) {
        check(pem, KeyError::Pem);
        check(STANDARD.encode(pem), KeyError::LooksLikeKey);
        if pem.contains("EC PARAMETERS") || pem.contains("Proc-Type") || pem.contains("OPENSSH") {
            continue; // the body is not only DER
        }
        let der = der_of(pem);
        check(&der, KeyError::LooksLikeKey);
        check([&der[..], b"\n"].concat(), KeyError::LooksLikeKey);
        check([&der[..], &[0]].concat(), KeyError::LooksLikeKey);
        check(&der[..der.len() - 1], KeyError::LooksLikeKey);
        let lines: Vec<&str> = pem.lines().filter(|line| !line.starts_with('-')).collect();
        check(lines.join("\n"), KeyError::LooksLikeKey);
        check(lines.join("\r\n") + "\r\n", KeyError::LooksLikeKey);
        check(base64url(&der), KeyError::LooksLikeKey);
    }
    for forms in ASYMMETRIC {
        let key = Key::from_pem(forms.algorithm, forms.public[0].as_bytes()).unwrap();
        let jwk = key.to_public_jwk().unwrap();
        let odd = with(serde_json::from_str(&jwk).unwrap(), "x", 7).to_string();
        let set = KeySet::new([key]).unwrap().to_public_jwks();
        for jwk in [
            &jwk,
            &odd,
            &set,
            &jwk.replace(':', " :\n"),
            &jwk.replace("kty", "k\\u0074y"),
            &format!("[{jwk}]"),
        ] {
            check(jwk, KeyError::LooksLikeKey);
            check(format!("\u{feff}{jwk}"), KeyError::LooksLikeKey);
            check(format!("\r\n {jwk}\n"), KeyError::LooksLikeKey);
            check(STANDARD.encode(jwk), KeyError::LooksLikeKey);
        }
    }
    check(
        "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIBm/RAlphM3+hUG6wWfcO5bIUIaqMLa2ywxcOK1wMWbh ada@example.com\n",
        KeyError::LooksLikeKey,
    );
}
