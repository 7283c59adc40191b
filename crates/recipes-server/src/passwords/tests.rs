use super::*;

fn password(text: &str) -> SecretString {
    SecretString::from(text)
}

fn hash(text: &str) -> PasswordHash {
    PasswordHash::parse(text).unwrap()
}

fn start(scheme: Scheme) -> Passwords {
    Passwords::start(scheme, &Entropy::seeded(1)).unwrap()
}

fn argon2id() -> Passwords {
    start(Scheme::Argon2id)
}

/// The lowest cost that the setting allows, to be fast.
fn bcrypt() -> Passwords {
    start(Scheme::Bcrypt { cost: 10 })
}

#[track_caller]
fn parts(hash: &PasswordHash) -> (&str, &str) {
    hash.as_str().rsplit_once('$').unwrap()
}

/// Made by Node's bcrypt 5.1 for the original API; the passwords are in its `users.json`.
const ONIONS: &str = "$2b$10$JqHnCPAjfonbA8mcRtM2GuS1vl5OQfN6PE.hM/NhKR6lRcOlHSSlG";
const UMLAUTS: &str = "$2b$10$a2ltEeUJ3D1ROS1TvLxhn.46QjrYvMSgDtUdIb8gFGlgVtw9UWc5a";
const GRAVY: &str = "$2a$10$VNOplHmbi9qLl/n1yW6SWOhCyQicr/pibaZ913lf2HYTLdALNOloW";

#[tokio::test]
async fn each_scheme_verifies_its_own_hashes() {
    let (argon2id, bcrypt) = (argon2id(), bcrypt());
    for (passwords, head) in [(&argon2id, "$argon2id$v=19$m=19456,t=2,p=1$"), (&bcrypt, "$2b$10$")] {
        let stored = passwords.hash(password("ten little onions")).await.unwrap();
        assert!(stored.as_str().starts_with(head), "{}", stored.as_str());
        for (given, want) in [
            ("ten little onions", Verdict::Right),
            ("ten little Onions", Verdict::Wrong),
            ("ten little onions ", Verdict::Wrong),
            ("", Verdict::Wrong),
        ] {
            assert_eq!(
                passwords.verify(password(given), Some(stored.clone())).await.unwrap(),
                want,
                "{given:?}"
            );
        }
        let again = passwords.hash(password("ten little onions")).await.unwrap();
        assert_ne!(parts(&stored), parts(&again), "each hash has its own salt");
    }
}

#[tokio::test]
async fn hashes_of_the_original_api_verify_and_are_outdated() {
    let (argon2id, bcrypt) = (argon2id(), bcrypt());
    let two_y = ONIONS.replace("$2b$", "$2y$");
    for (stored, right) in [
        (ONIONS, "ten little onions"),
        (two_y.as_str(), "ten little onions"),
        (UMLAUTS, "pässword with ümlauts"),
        (GRAVY, "gravy and biscuits"),
    ] {
        let verdict = argon2id.verify(password(right), Some(hash(stored))).await.unwrap();
        assert_eq!(verdict, Verdict::RightButOutdated, "{stored}");
        let verdict = bcrypt.verify(password(right), Some(hash(stored))).await.unwrap();
        assert_eq!(verdict, Verdict::Right, "{stored}: it has the current scheme and cost");
        let verdict = argon2id.verify(password("gravy and onions"), Some(hash(stored))).await.unwrap();
        assert_eq!(verdict, Verdict::Wrong, "{stored}");
    }
}

#[tokio::test]
async fn weaker_hash_is_outdated_and_stronger_hash_is_not() {
    let phc = |params: &str, passwords: Passwords| {
        let params = params.to_owned();
        async move {
            let (m, t, p) = scan(&params);
            let made = ::argon2::Argon2::new(
                ::argon2::Algorithm::Argon2id,
                ::argon2::Version::V0x13,
                ::argon2::Params::new(m, t, p, Some(32)).unwrap(),
            );
            let mut output = [0; 32];
            made.hash_password_into(b"password", b"somesaltsomesalt", &mut output).unwrap();
            let output = ::argon2::password_hash::phc::Output::new(&output).unwrap();
            let text = format!("$argon2id$v=19${params}$c29tZXNhbHRzb21lc2FsdA${output}");
            passwords.verify(password("password"), Some(hash(&text))).await.unwrap()
        }
    };
    let argon2id = argon2id();
    assert_eq!(phc("m=9216,t=4,p=1", argon2id.clone()).await, Verdict::RightButOutdated);
    assert_eq!(phc("m=19456,t=1,p=1", argon2id.clone()).await, Verdict::RightButOutdated);
    assert_eq!(phc("m=19456,t=2,p=4", argon2id.clone()).await, Verdict::Right);
    assert_eq!(phc("m=65536,t=3,p=4", argon2id.clone()).await, Verdict::Right, "the default of argon2-cffi");
    assert_eq!(phc("m=19456,t=2,p=1", bcrypt()).await, Verdict::RightButOutdated, "another scheme is set");

    let twelve = start(Scheme::Bcrypt { cost: 12 });
    let verdict = twelve.verify(password("ten little onions"), Some(hash(ONIONS))).await.unwrap();
    assert_eq!(verdict, Verdict::RightButOutdated);
}

fn scan(params: &str) -> (u32, u32, u32) {
    let mut numbers = params.split(',').map(|pair| pair.split_once('=').unwrap().1.parse().unwrap());
    (numbers.next().unwrap(), numbers.next().unwrap(), numbers.next().unwrap())
}

#[tokio::test]
async fn argon2id_agrees_with_the_reference_implementation() {
    // phc-winner-argon2, src/test.c: "password", "somesalt", t=2, m=65536 (2^16), p=1, version 0x13.
    let reference = "$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc";
    assert_eq!(argon2id().verify(password("password"), Some(hash(reference))).await.unwrap(), Verdict::Right);
}

#[tokio::test]
async fn differently_encoded_password_is_right() {
    let (composed, decomposed) = ("p\u{e4}ssword with umlauts", "pa\u{308}ssword with\u{a0}umlauts");
    for passwords in [argon2id(), bcrypt()] {
        for (set, typed) in [(composed, decomposed), (decomposed, composed), (decomposed, decomposed)] {
            let stored = passwords.hash(password(set)).await.unwrap();
            let verdict = passwords.verify(password(typed), Some(stored)).await.unwrap();
            assert_eq!(verdict, Verdict::Right, "{set:?} {typed:?}");
        }
        let stored = passwords.hash(password("password with umlauts")).await.unwrap();
        assert_eq!(passwords.verify(password(decomposed), Some(stored)).await.unwrap(), Verdict::Wrong);
    }
}

#[tokio::test]
async fn hash_of_the_password_as_typed_is_right_and_outdated() {
    let typed = "pa\u{308}ssword";
    // As earlier versions and other programs make it.
    let unnormalized = hash(&::bcrypt::hash(typed, 10).unwrap());
    let passwords = bcrypt();
    let verdict = passwords.verify(password(typed), Some(unnormalized.clone())).await.unwrap();
    assert_eq!(verdict, Verdict::RightButOutdated);
    let renewed = passwords.hash(password(typed)).await.unwrap();
    assert_eq!(passwords.verify(password("p\u{e4}ssword"), Some(renewed)).await.unwrap(), Verdict::Right);
    assert_eq!(
        passwords.verify(password("passw\u{f6}rd"), Some(unnormalized)).await.unwrap(),
        Verdict::Wrong
    );
}

#[tokio::test]
async fn expensive_stored_hash_takes_as_many_places_as_its_memory() {
    let rest = "$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc";
    let places =
        |kib| Stored::read(&hash(&format!("$argon2id$v=19$m={kib},t=2,p=1{rest}"))).unwrap().places();
    assert_eq!([1_024, 19 * 1_024, 20 * 1_024, 64 * 1_024].map(places), [1, 1, 2, 4]);
    assert_eq!(Stored::read(&hash(ONIONS)).unwrap().places(), 1);
}

#[tokio::test]
async fn expensive_stored_hash_is_refused() {
    let rest = "$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc";
    let passwords = argon2id();
    for stored in [
        format!("$argon2id$v=19$m=65537,t=2,p=1{rest}"),
        format!("$argon2id$v=19$m=4294967295,t=4294967295,p=1{rest}"),
        format!("$argon2id$v=19$m=1024,t=11,p=1{rest}"),
        format!("$argon2id$v=19$m=1024,t=2,p=17{rest}"),
        format!("$argon2id$v=18$m=1024,t=2,p=1{rest}"),
        format!("$argon2id$v=19$m=x,t=2,p=1{rest}"),
        "$argon2id$v=19$m=1024,t=2,p=1$c29tZXNhbHQ$YQ".to_owned(),
        "$argon2id$v=19$m=1024,t=2,p=1$c2FsdA$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc".to_owned(),
        ONIONS.replace("$10$", "$00$"),
        ONIONS.replace("$10$", "$03$"),
        ONIONS.replace("$10$", "$15$"),
        ONIONS.replace("$10$", "$31$"),
        ONIONS.replace("$10$", "$99$"),
    ] {
        // With cost 31 this would take two days.
        let verdict = passwords.verify(password("password"), Some(hash(&stored))).await.unwrap();
        assert_eq!(verdict, Verdict::Wrong, "{stored}");
    }
}

#[tokio::test]
async fn every_password_is_wrong_without_a_hash() {
    for passwords in [argon2id(), bcrypt()] {
        for text in ["", "password", &"x".repeat(5_000)] {
            assert_eq!(passwords.verify(password(text), None).await.unwrap(), Verdict::Wrong);
        }
    }
}

#[test]
fn dummy_hash_costs_as_much_as_a_new_hash() {
    for (scheme, head) in
        [(Scheme::Argon2id, "$argon2id$v=19$m=19456,t=2,p=1$"), (Scheme::Bcrypt { cost: 13 }, "$2b$13$")]
    {
        let dummy = start(scheme).0.dummy.clone();
        assert!(dummy.as_str().starts_with(head), "{}", dummy.as_str());
        assert!(!Stored::read(&dummy).unwrap().is_outdated(scheme));
    }
}

#[tokio::test]
async fn bcrypt_accepts_72_bytes_and_refuses_73() {
    let passwords = bcrypt();
    let longest = "ü".repeat(36);
    let stored = passwords.hash(password(&longest)).await.unwrap();
    assert_eq!(passwords.verify(password(&longest), Some(stored.clone())).await.unwrap(), Verdict::Right);
    assert_eq!(passwords.verify(password(&longest[2..]), Some(stored)).await.unwrap(), Verdict::Wrong);
    let refused = passwords.hash(password(&format!("{longest}!"))).await.unwrap_err();
    assert!(matches!(refused, HashError::TooLong { max: 72 }));
    assert!(refused.to_string().starts_with("must be at most 72 bytes"), "{refused}");
    // Argon2id reads all of it.
    let (long, longer) = ("x".repeat(1_023), "x".repeat(1_024));
    let stored = argon2id().hash(password(&longer)).await.unwrap();
    assert_eq!(argon2id().verify(password(&long), Some(stored.clone())).await.unwrap(), Verdict::Wrong);
    assert_eq!(argon2id().verify(password(&longer), Some(stored)).await.unwrap(), Verdict::Right);
}

#[tokio::test]
async fn old_bcrypt_hash_of_a_longer_password_verifies() {
    // Node's bcrypt stores the same hash for 100 letters and for the first 72 of them.
    let stored = bcrypt().hash(password(&"x".repeat(72))).await.unwrap();
    let long = password(&"x".repeat(100));
    let verdict = argon2id().verify(long.clone(), Some(stored.clone())).await.unwrap();
    assert_eq!(verdict, Verdict::RightButOutdated, "Argon2id can hash all of it");
    let verdict = start(Scheme::Bcrypt { cost: 12 }).verify(long, Some(stored)).await.unwrap();
    assert_eq!(verdict, Verdict::Right, "bcrypt cannot hash it again, so the hash cannot be replaced");
}

#[tokio::test]
async fn bcrypt_refuses_nul_and_argon2id_reads_it() {
    assert!(matches!(bcrypt().hash(password("soup\0soup\0")).await, Err(HashError::Nul)));
    let passwords = argon2id();
    let stored = passwords.hash(password("soup\0salt")).await.unwrap();
    assert_eq!(passwords.verify(password("soup\0salt"), Some(stored.clone())).await.unwrap(), Verdict::Right);
    assert_eq!(passwords.verify(password("soup"), Some(stored)).await.unwrap(), Verdict::Wrong);
}

#[tokio::test]
async fn flood_of_256_verifications_completes() {
    let passwords = argon2id();
    let stored = passwords.hash(password("ten little onions")).await.unwrap();
    let flood: Vec<_> = (0..256)
        .map(|n| {
            let (passwords, stored) = (passwords.clone(), stored.clone());
            let given = if n % 2 == 0 { "ten little onions" } else { "eleven" };
            tokio::spawn(async move { passwords.verify(password(given), Some(stored)).await })
        })
        .collect();
    for (n, verdict) in flood.into_iter().enumerate() {
        let want = if n % 2 == 0 { Verdict::Right } else { Verdict::Wrong };
        assert_eq!(verdict.await.unwrap().unwrap(), want);
    }
}
