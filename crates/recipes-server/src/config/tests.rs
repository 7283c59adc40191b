use std::{fs, os::unix::fs::PermissionsExt as _, path::Path, sync::Barrier, thread};

use crate::entropy::Entropy;
use clap::{CommandFactory as _, FromArgMatches as _, Parser};
use http::HeaderValue;
use secrecy::ExposeSecret as _;
use strict_jose::Rules;

use super::{values::*, *};
use crate::jobs::mail::Letterhead;
use crate::use_cases::accounts::SignUpMode;

#[derive(Debug, Parser)]
struct Alone {
    #[command(flatten)]
    config: Config,
}

/// As if the environment had nothing to say, whatever the environment of the tests says.
fn read(arguments: &[&str]) -> Result<Config, String> {
    let command = Alone::command().mut_args(|argument| match argument.get_env() {
        Some(name) => {
            let name = name.to_owned();
            argument.env(&*format!("NOBODY_SETS_{}", name.display()).leak())
        }
        None => argument,
    });
    let matches = command.clone().try_get_matches_from([&["recipes"], arguments].concat());
    let matches = matches
        .map_err(|error| in_one_line(&error, &command).map_or(error.to_string(), |line| line.to_string()))?;
    let mut config = Alone::from_arg_matches(&matches).unwrap().config;
    config.jwt_secret = None;
    config.mail.smtp_url = None;
    Ok(config)
}

#[track_caller]
fn refused(arguments: &[&str], want: &str) {
    let said = read(arguments).unwrap_err().replace("NOBODY_SETS_", "");
    assert_eq!(said, want);
}

#[test]
fn the_defaults_are_the_original_apis() {
    let config = read(&[]).unwrap();
    assert_eq!(config.address().unwrap().to_string(), "127.0.0.1:8080");
    assert_eq!(config.database_url().to_string(), "sqlite:data/recipes.db");
    assert!(config.uses_default_database());
    assert_eq!(config.accounts().token_lifetime.as_secs(), 86_400);
    let (day, sessions) = (Duration::from_hours(24), config.accounts().sessions);
    assert_eq!(sessions, SessionLimits::new(14 * day, 30 * day));
    assert_eq!(config.scheme(), Scheme::Argon2id);
    assert_eq!(config.cors_origins, CorsOrigins::Any);
    assert_eq!((config.log.as_str(), config.log_format), ("info", LogFormat::Text));
    assert_eq!(config.secret_file(), Path::new("data/jwt-secret"));
    let accounts = config.accounts();
    assert_eq!((accounts.sign_up, accounts.require_verified_email), (SignUpMode::Open, false));
    assert_eq!(accounts.password_policy, Policy::default());
}

#[test]
fn every_setting_can_be_set() {
    let config = read(&[
        "--host=::1",
        "--port=0",
        "--database-url=sqlite:/var/r.db",
        "--jwt-expires-in=3600",
        "--session-idle=7200",
        "--session-lifetime=10800",
        "--password-scheme=bcrypt",
        "--bcrypt-cost=10",
        "--cors-origins=https://a.example",
        "--signup=invite",
        "--require-verified-email=true",
        "--password-min-length=12",
        "--public-url=https://food.example.com:8443/x/",
        "--mail-from=Kitchen <kitchen@example.com>",
        "--log=off",
        "--log-format=json",
    ])
    .unwrap();
    assert_eq!(config.address().unwrap().to_string(), "[::1]:0");
    assert!(!config.uses_default_database());
    assert_eq!(config.accounts().token_lifetime.as_secs(), 3_600);
    let sessions = SessionLimits::new(Duration::from_hours(2), Duration::from_hours(3));
    assert_eq!(config.accounts().sessions, sessions);
    assert_eq!(config.scheme(), Scheme::Bcrypt { cost: 10 });
    assert_eq!(config.cors_origins, CorsOrigins::Only(vec![HeaderValue::from_static("https://a.example")]));
    assert_eq!((config.log.as_str(), config.log_format), ("off", LogFormat::Json));
    assert_eq!(config.secret_file(), Path::new("/var/jwt-secret"));
    let accounts = config.accounts();
    assert_eq!((accounts.sign_up, accounts.require_verified_email), (SignUpMode::Invite, true));
    let policy = Policy { minimum: 12, host: Some("food.example.com".to_owned()) };
    assert_eq!(accounts.password_policy, policy);
    let Letterhead { from, site } = config.letterhead("127.0.0.1:80".parse().unwrap()).unwrap();
    assert_eq!(from.to_string(), "Kitchen <kitchen@example.com>");
    assert_eq!(site.to_string(), "https://food.example.com:8443/x");
}

#[test]
fn without_a_public_url_links_lead_to_where_the_service_listens() {
    for (arguments, bound, site, from) in [
        (&[][..], "127.0.0.1:8080", "http://127.0.0.1:8080", "recipes@localhost"),
        (&[], "[::1]:80", "http://[::1]:80", "recipes@localhost"),
        (&[], "0.0.0.0:81", "http://localhost:81", "recipes@localhost"),
        (&["--public-url=http://a.example"], "0.0.0.0:81", "http://a.example", "recipes@a.example"),
        (&["--public-url=http://[::1]:9/x"], "0.0.0.0:81", "http://[::1]:9/x", "recipes@localhost"),
    ] {
        let letterhead = read(arguments).unwrap().letterhead(bound.parse().unwrap()).unwrap();
        assert_eq!(
            (letterhead.site.to_string().as_str(), letterhead.from.to_string().as_str()),
            (site, from)
        );
    }
}

#[test]
fn public_urls_are_what_people_see() {
    for bad in [
        "example.com",
        "ftp://a.example",
        "https://",
        "https://a.example?x",
        "https://a.example/#x",
        "https://b@a.example",
    ] {
        assert!(bad.parse::<PublicUrl>().unwrap_err().contains("as in https://"), "{bad}");
    }
    for bad in ["https://a.example/r\u{e9}sum\u{e9}", "https://caf\u{e9}.example"] {
        assert!(bad.parse::<PublicUrl>().unwrap_err().contains("percent-encode its path"), "{bad}");
    }
    refused(
        &["--public-url=a.example"],
        "PUBLIC_URL (--public-url) is \"a.example\": must be the http:// or https:// address that people see, as in \
         https://recipes.example.com",
    );
}

#[test]
fn membership_is_set_in_words() {
    refused(
        &["--signup=all"],
        "SIGNUP (--signup) is \"all\": must be open or invite or closed; without it, it is open",
    );
    refused(
        &["--require-verified-email=yes"],
        "REQUIRE_VERIFIED_EMAIL (--require-verified-email) is \"yes\": must be true or false; without it, it is false",
    );
    for length in ["7", "65", "x"] {
        let said = read(&[&format!("--password-min-length={length}")]).unwrap_err();
        assert!(said.contains("must be a number of characters from 8 to 64; without it, it is 8"), "{said}");
    }
}

#[test]
fn a_bad_value_is_one_line_with_the_name_the_value_and_what_to_write() {
    refused(
        &["--port=abc"],
        "PORT (--port) is \"abc\": must be a number from 0 to 65535; without it, it is 8080",
    );
    refused(
        &["--bcrypt-cost=9"],
        "BCRYPT_COST (--bcrypt-cost) is \"9\": must be a number from 10 to 14; without it, it is 12",
    );
    refused(
        &["--password-scheme=md5"],
        "PASSWORD_SCHEME (--password-scheme) is \"md5\": must be argon2id or bcrypt; without it, it is argon2id",
    );
    refused(
        &["--database-url=postgres://recipes:hunter2@db/recipes"],
        "DATABASE_URL (--database-url): must be sqlite: and the path of a file, as in sqlite:data/recipes.db; \
         without it, it is sqlite:data/recipes.db",
    );
    for (flag, _) in [("host", 0), ("log", 0), ("log-format", 0), ("cors-origins", 0), ("jwt-expires-in", 0)]
    {
        let said = read(&[&format!("--{flag}=?\n?")]).unwrap_err();
        assert!(said.contains(&format!("(--{flag}) is \"?\\n?\": ")) && !said.contains('\n'), "{said}");
    }
}

#[test]
fn other_mistakes_are_not_told_as_settings() {
    assert!(read(&["--prot=1"]).unwrap_err().contains("unexpected argument"));
    assert!(read(&["--port"]).unwrap_err().contains("a value is required"));
}

#[test]
fn hosts_are_addresses_or_names() {
    for good in ["0.0.0.0", "::", "::1", "localhost", "recipes.internal", "my-host_1"] {
        assert_eq!(host(good).as_deref(), Ok(good));
    }
    assert_eq!(host("[::1]").as_deref(), Ok("::1"));
    for bad in [
        "",
        "http://localhost",
        "localhost:8080",
        "127.0.0.1:80",
        "256.1.1.1",
        "1.2.3",
        "a b",
        "-a",
        "ä.example",
        "[localhost]",
    ] {
        assert!(host(bad).is_err(), "{bad:?}");
    }
}

#[test]
fn ports_lifetimes_and_costs_have_bounds() {
    assert_eq!((port("0"), port("65535")), (Ok(0), Ok(65_535)));
    assert!(["", "65536", "-1", "80 ", "8e1"].into_iter().all(|bad| port(bad).is_err()));
    assert_eq!(jwt_expires_in("1").map(|d| d.as_secs()), Ok(1));
    assert!(["", "0", "31622401", "1d", "24h", "-1"].into_iter().all(|bad| jwt_expires_in(bad).is_err()));
    assert_eq!(session_time("300").map(|d| d.as_secs()), Ok(300));
    assert!(["", "0", "299", "31622401", "14d", "-1"].into_iter().all(|bad| session_time(bad).is_err()));
    assert_eq!((bcrypt_cost("10"), bcrypt_cost("14")), (Ok(10), Ok(14)));
    assert!(["9", "15", "x"].into_iter().all(|bad| bcrypt_cost(bad).is_err()));
}

#[test]
fn origins_are_what_browsers_send() {
    let only = |text: &str| match cors_origins(text).unwrap() {
        CorsOrigins::Any => vec!["*".to_owned()],
        CorsOrigins::Only(origins) => {
            origins.iter().map(|origin| origin.to_str().unwrap().to_owned()).collect()
        }
    };
    assert_eq!(only(" * "), ["*"]);
    assert_eq!(
        only(
            "https://App.example.com, http://localhost:3000 ,https://a.example:443,http://b:80,,http://[::1]:8081,tauri://localhost,https://a.example"
        ),
        [
            "https://app.example.com",
            "http://localhost:3000",
            "https://a.example",
            "http://b",
            "http://[::1]:8081",
            "tauri://localhost"
        ]
    );
    for bad in [
        ",",
        "null",
        "app.example.com",
        "https://",
        "https://a/",
        "https://a/path",
        "https://a?x",
        "https://u@a",
        "https://a:",
        "https://a:x",
        "*.example.com",
        "https://*.example.com",
        "https://a b",
        "*,https://a",
    ] {
        assert!(cors_origins(bad).is_err(), "{bad:?}");
    }
}

#[test]
fn a_level_is_not_taken_for_the_name_of_a_module() {
    for good in ["off", "error", "WARN", "info", "debug", "trace", "info,tower_passport=debug"] {
        assert_eq!(log(good).as_deref(), Ok(good));
    }
    assert_eq!(log(" warn, recipes=trace ").as_deref(), Ok("warn,recipes=trace"));
    for bad in ["verbose", "", "info,", "recipes", "recipes=loud", "=info", "info;debug", "info,[x"] {
        assert!(log(bad).is_err(), "{bad:?}");
    }
}

#[test]
fn nothing_shows_the_secret() {
    let mut config = read(&[]).unwrap();
    config.jwt_secret = Some("hunter2-hunter2-hunter2-hunter2-hunter2".to_owned().into());
    assert!(!format!("{config:?}").contains("hunter2"));
    config.jwt_secret = Some("hunter2".to_owned().into());
    let said = config.signing_key(&Entropy::seeded(1)).unwrap_err().to_string();
    assert_eq!(
        said,
        "JWT_SECRET is 7 bytes long and must be at least 32, or it can be guessed; \"recipes secret\" makes a good one"
    );
    config.jwt_secret =
        Some("-----BEGIN PUBLIC KEY-----\nMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE".to_owned().into());
    let said = config.signing_key(&Entropy::seeded(1)).unwrap_err().to_string();
    assert!(said.starts_with("JWT_SECRET cannot be used: ") && !said.contains("MFkw"), "{said}");
}

fn in_folder(folder: &Path) -> Config {
    read(&["--database-url", &format!("sqlite:{}/data/recipes.db", folder.display())]).unwrap()
}

#[test]
fn a_secret_is_made_once_for_its_owner_only_and_found_again() {
    let folder = tempfile::tempdir().unwrap();
    let config = in_folder(folder.path());
    assert!(config.existing_key().unwrap().is_none());
    let token = config.signing_key(&Entropy::seeded(1)).unwrap().sign("JWT", &serde_json::json!({})).unwrap();
    let file = folder.path().join("data/jwt-secret");
    assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(fs::metadata(file.parent().unwrap()).unwrap().permissions().mode() & 0o777, 0o700);
    assert_eq!(fs::read_dir(file.parent().unwrap()).unwrap().count(), 1, "no draft is left");
    assert_eq!(fs::read_to_string(&file).unwrap().trim_end().len(), 64);

    let again = config.signing_key(&Entropy::seeded(2)).unwrap();
    let rules = Rules::typ("JWT").any_issuer().any_audience().without_expiry();
    rules.verify_bytes(&token, &again, std::time::UNIX_EPOCH).unwrap();

    fs::write(&file, "too short\n").unwrap();
    let said = config.signing_key(&Entropy::seeded(3)).unwrap_err().to_string();
    assert!(said.contains("jwt-secret is 9 bytes long and must be at least 32"), "{said}");
}

#[test]
fn who_starts_at_the_same_moment_signs_with_the_same_secret() {
    let folder = tempfile::tempdir().unwrap();
    let (config, barrier) = (in_folder(folder.path()), Barrier::new(8));
    let tokens: Vec<String> = thread::scope(|scope| {
        let sign = |seed| {
            let (config, barrier) = (&config, &barrier);
            move || {
                barrier.wait();
                let key = config.signing_key(&Entropy::seeded(seed)).unwrap();
                key.sign("JWT", &serde_json::json!({})).unwrap()
            }
        };
        let threads: Vec<_> = (0..8).map(|seed| scope.spawn(sign(seed))).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    assert!(tokens.iter().all(|token| *token == tokens[0]));
}

#[test]
fn new_secrets_are_long_and_need_no_quotes() {
    let secret = new_secret(&Entropy::system());
    let secret = secret.expose_secret();
    assert_eq!(secret.len(), 64);
    assert!(secret.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte)));
    assert_ne!(secret, new_secret(&Entropy::system()).expose_secret());
}

#[test]
fn a_broken_env_file_is_told_by_its_line_and_not_shown() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join(".env");
    EnvFile::read_from(&file).unwrap();
    fs::write(&file, "# secrets\n\nRECIPES_TEST_OF_ENV=1\nhunter2 is my password\n").unwrap();
    let said = EnvFile::read_from(&file).unwrap_err().to_string();
    assert!(said.contains("line 4 must be NAME=VALUE") && !said.contains("hunter2"), "{said}");
}
