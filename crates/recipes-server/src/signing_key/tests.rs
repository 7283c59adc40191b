use std::{fs, os::unix::fs::PermissionsExt as _, path::Path, sync::Barrier, thread};

use super::*;

#[test]
fn debug_and_errors_do_not_show_the_secret() {
    let of = |secret| Config::of_flags(&[]).unwrap().with_jwt_secret(secret);
    assert!(!format!("{:?}", of("hunter2-hunter2-hunter2-hunter2-hunter2")).contains("hunter2"));
    let said = load(&of("hunter2")).unwrap_err().to_string();
    assert_eq!(
        said,
        "JWT_SECRET is 7 bytes long and must be at least 32, or it can be guessed; \"recipes secret\" prints a good one"
    );
    let pem = "-----BEGIN PUBLIC KEY-----\nMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE";
    let said = load(&of(pem)).unwrap_err().to_string();
    assert!(said.starts_with("JWT_SECRET cannot be used: ") && !said.contains("MFkw"), "{said}");
}

fn in_folder(folder: &Path) -> Config {
    Config::of_flags(&["--data-dir", &format!("{}/data", folder.display())]).unwrap()
}

/// A token that shows which secret signs.
fn token(config: &Config) -> String {
    load_or_create(config, &Entropy::system()).unwrap().sign("JWT", &serde_json::json!({})).unwrap()
}

#[test]
fn secret_is_created_once_for_its_owner_only() {
    let folder = tempfile::tempdir().unwrap();
    let config = in_folder(folder.path());
    assert!(load(&config).unwrap().is_none());
    let first = token(&config);
    let file = folder.path().join("data/jwt-secret");
    assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(fs::metadata(file.parent().unwrap()).unwrap().permissions().mode() & 0o777, 0o700);
    assert_eq!(fs::read_dir(file.parent().unwrap()).unwrap().count(), 1, "the draft is removed");
    assert_eq!(fs::read_to_string(&file).unwrap().trim_end().len(), 64);

    assert_eq!(token(&config), first);

    fs::write(&file, "too short\n").unwrap();
    let said = load(&config).unwrap_err().to_string();
    assert!(said.contains("jwt-secret is 9 bytes long and must be at least 32"), "{said}");
}

#[test]
fn processes_that_start_at_once_use_the_same_secret() {
    let folder = tempfile::tempdir().unwrap();
    let (config, barrier) = (in_folder(folder.path()), Barrier::new(8));
    let tokens: Vec<String> = thread::scope(|scope| {
        let sign = || {
            barrier.wait();
            token(&config)
        };
        let threads: Vec<_> = (0..8).map(|_| scope.spawn(sign)).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    assert!(tokens.iter().all(|token| *token == tokens[0]));
}

#[test]
fn new_secret_is_long_and_needs_no_quotes() {
    let secret = new_secret(&Entropy::system());
    let secret = secret.expose_secret();
    assert_eq!(secret.len(), 64);
    assert!(secret.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte)));
    assert_ne!(secret, new_secret(&Entropy::system()).expose_secret());
}

#[test]
fn secret_beside_the_database_is_still_used() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    let config = |dir: &Path| {
        let url = format!("sqlite:{}", at("old/recipes.db").display());
        Config::of_flags(&["--database-url", &url, "--data-dir", &dir.display().to_string()]).unwrap()
    };
    fs::create_dir(at("old")).unwrap();
    fs::write(at("old/jwt-secret"), "the secret of an earlier version\n").unwrap();
    let old = token(&config(&at("old")));

    // DATA_DIR is not set: its default is another folder.
    assert_eq!(file(&config(Path::new("data"))), at("old/jwt-secret"));
    // DATA_DIR is set and has no secret yet.
    assert_eq!(token(&config(&at("new"))), old);
    assert!(!at("new").exists(), "no new secret is created");
    // DATA_DIR has a secret: the one beside the database is obsolete.
    fs::create_dir(at("new")).unwrap();
    fs::write(at("new/jwt-secret"), "another secret, of DATA_DIR itself").unwrap();
    assert_ne!(token(&config(&at("new"))), old);
}
