use std::{fs, path::Path};

use clap::{CommandFactory as _, FromArgMatches as _, Parser};
use recipes::{LabelPolicy, Ownerless};

use super::{values::*, *};
use crate::http::origin::Origin;
use crate::telemetry::LogFormat;
use crate::use_cases::accounts::{Reading, SignUpMode};

#[derive(Debug, Parser)]
struct TestCli {
    #[command(flatten)]
    config: Config,
}

impl Config {
    /// The settings of these flags, independent of the environment of the tests.
    pub(crate) fn of_flags(flags: &[&str]) -> Result<Self, String> {
        let command = TestCli::command().mut_args(|argument| match argument.get_env() {
            Some(name) => {
                let name = name.to_owned();
                argument.env(&*format!("UNSET_{}", name.display()).leak())
            }
            None => argument,
        });
        let matches = command.clone().try_get_matches_from([&["recipes"], flags].concat());
        let matches = matches.map_err(|error| {
            let error = setting_error(&error, &command).map_or(error.to_string(), |line| line.to_string());
            error.replace("UNSET_", "")
        })?;
        Ok(TestCli::from_arg_matches(&matches).unwrap().config)
    }

    pub(crate) fn with_jwt_secret(mut self, secret: &str) -> Self {
        self.jwt_secret = Some(secret.to_owned().into());
        self
    }
}

fn read(flags: &[&str]) -> Result<Config, String> {
    Config::of_flags(flags)
}

#[track_caller]
fn refused(flags: &[&str], want: &str) {
    assert_eq!(read(flags).unwrap_err(), want);
}

#[test]
fn defaults_are_those_of_the_original_api() {
    let config = read(&[]).unwrap();
    assert_eq!(config.address().unwrap().to_string(), "127.0.0.1:8080");
    assert_eq!(config.database_url().to_string(), "sqlite:data/recipes.db");
    assert!(config.uses_default_database());
    assert_eq!(config.accounts().token_lifetime.as_secs(), 86_400);
    let (day, sessions) = (Duration::from_hours(24), config.accounts().sessions);
    assert_eq!(sessions, SessionLimits::new(14 * day, 30 * day));
    assert_eq!(config.scheme(), Scheme::Argon2id);
    assert_eq!(config.cors_origins, None);
    assert_eq!((config.monitoring.log.as_str(), config.monitoring.log_format), ("info", LogFormat::Text));
    assert_eq!(config.data_dir.path(), Path::new("data"));
    let accounts = config.accounts();
    assert_eq!((accounts.sign_up, accounts.require_verified_email), (SignUpMode::Open, false));
    assert_eq!((accounts.reading, accounts.labels), (Reading::Public, LabelPolicy::Open));
    assert_eq!(accounts.ownerless, Ownerless::Users);
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
        "--labels=known",
        "--reading=members",
        "--ownerless=admins",
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
    let origin = Origin::parse("https://a.example").unwrap();
    assert_eq!(config.cors_origins, Some(CorsOrigins::Only(vec![origin])));
    assert_eq!((config.monitoring.log.as_str(), config.monitoring.log_format), ("off", LogFormat::Json));
    let accounts = config.accounts();
    assert_eq!((accounts.sign_up, accounts.require_verified_email), (SignUpMode::Invite, true));
    assert_eq!((accounts.reading, accounts.labels), (Reading::Members, LabelPolicy::Known));
    assert_eq!(accounts.ownerless, Ownerless::Admins);
    let policy = Policy { minimum: 12, host: Some("food.example.com".to_owned()) };
    assert_eq!(accounts.password_policy, policy);
    let MailTemplate { from, site } = config.mail_template("127.0.0.1:80".parse().unwrap()).unwrap();
    assert_eq!(from.to_string(), "Kitchen <kitchen@example.com>");
    assert_eq!(site.to_string(), "https://food.example.com:8443/x");
}

#[test]
fn links_have_the_address_of_the_listener_without_a_public_url() {
    for (arguments, bound, site, from) in [
        (&[][..], "127.0.0.1:8080", "http://127.0.0.1:8080", "recipes@localhost"),
        (&[], "[::1]:80", "http://[::1]:80", "recipes@localhost"),
        (&[], "0.0.0.0:81", "http://localhost:81", "recipes@localhost"),
        (&["--public-url=http://a.example"], "0.0.0.0:81", "http://a.example", "recipes@a.example"),
        (&["--public-url=http://[::1]:9/x"], "0.0.0.0:81", "http://[::1]:9/x", "recipes@localhost"),
    ] {
        let template = read(arguments).unwrap().mail_template(bound.parse().unwrap()).unwrap();
        assert_eq!((template.site.to_string().as_str(), template.from.to_string().as_str()), (site, from));
    }
}

#[test]
fn invalid_public_url_and_sender_are_refused() {
    refused(
        &["--public-url=a.example"],
        "PUBLIC_URL (--public-url) is \"a.example\": must be the http:// or https:// address that clients use, as in \
         https://recipes.example.com",
    );
    refused(
        &["--mail-from=?"],
        "MAIL_FROM (--mail-from) is \"?\": must be as in recipes@example.com or Recipes <recipes@example.com>",
    );
    refused(
        &["--mail-from=k\u{fc}che@example.com"],
        "MAIL_FROM (--mail-from) is \"k\u{fc}che@example.com\": must have an address that is ASCII before the @; the name may be in \
         any script",
    );
}

#[test]
fn sender_may_have_a_name_and_a_domain_in_any_script() {
    let config = read(&["--mail-from=K\u{fc}che <recipes@k\u{fc}che.example>"]).unwrap();
    let from = config.mail_template("127.0.0.1:80".parse().unwrap()).unwrap().from;
    assert_eq!(from.email.to_string(), "recipes@xn--kche-0ra.example");
    assert_eq!(from.name.as_deref(), Some("K\u{fc}che"));
}

#[test]
fn data_dir_places_the_database_unless_it_has_a_url_of_its_own() {
    let config = read(&["--data-dir=/var/lib/recipes"]).unwrap();
    assert_eq!(config.database_url().to_string(), "sqlite:/var/lib/recipes/recipes.db");
    assert!(!config.uses_default_database(), "only the folder of the default gets samples");
    let config = read(&["--data-dir=/var/lib/recipes", "--database-url=sqlite:/mnt/r.db"]).unwrap();
    assert_eq!(config.database_url().to_string(), "sqlite:/mnt/r.db");
    assert_eq!(config.data_dir.path(), Path::new("/var/lib/recipes"));
    assert!(read(&["--database-url=sqlite:data/recipes.db"]).unwrap().uses_default_database());
    refused(
        &["--data-dir=a?b"],
        "DATA_DIR (--data-dir) is \"a?b\": must be the path of a folder without ?, as in /var/lib/recipes; \
         the default is data",
    );
}

#[test]
fn invalid_sign_up_settings_are_refused() {
    refused(
        &["--signup=all"],
        "SIGNUP (--signup) is \"all\": must be open or invite or closed; the default is open",
    );
    refused(
        &["--require-verified-email=yes"],
        "REQUIRE_VERIFIED_EMAIL (--require-verified-email) is \"yes\": must be true or false; the default is false",
    );
    for length in ["7", "65", "x"] {
        let said = read(&[&format!("--password-min-length={length}")]).unwrap_err();
        assert!(said.contains("must be a number of characters from 8 to 64; the default is 8"), "{said}");
    }
}

#[test]
fn invalid_value_is_one_line_with_name_value_and_remedy() {
    refused(
        &["--port=abc"],
        "PORT (--port) is \"abc\": must be a number from 0 to 65535; the default is 8080",
    );
    refused(
        &["--bcrypt-cost=9"],
        "BCRYPT_COST (--bcrypt-cost) is \"9\": must be a number from 10 to 14; the default is 12",
    );
    refused(
        &["--password-scheme=md5"],
        "PASSWORD_SCHEME (--password-scheme) is \"md5\": must be argon2id or bcrypt; the default is argon2id",
    );
    refused(
        &["--database-url=mysql://recipes:hunter2@db/recipes"],
        "DATABASE_URL (--database-url): must be sqlite: and the path of a file, as in sqlite:data/recipes.db, or the \
         address of a PostgreSQL database, as in postgres://user@host/database",
    );
    refused(
        &["--database-url=postgres://recipes:hunter2@db/recipes?sslmode=prefer"],
        "DATABASE_URL (--database-url): must have sslmode=verify-full or sslmode=disable: prefer and allow go on \
         without encryption in silence",
    );
    for (flag, _) in [("host", 0), ("log", 0), ("log-format", 0), ("cors-origins", 0), ("jwt-expires-in", 0)]
    {
        let said = read(&[&format!("--{flag}=?\n?")]).unwrap_err();
        assert!(said.contains(&format!("(--{flag}) is \"?\\n?\": ")) && !said.contains('\n'), "{said}");
    }
}

#[test]
fn other_mistakes_are_not_reported_as_settings() {
    assert!(read(&["--prot=1"]).unwrap_err().contains("unexpected argument"));
    assert!(read(&["--port"]).unwrap_err().contains("a value is required"));
}

#[test]
fn host_is_an_address_or_a_name() {
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
fn numbers_have_bounds() {
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
fn origins_have_the_form_that_browsers_send() {
    let only = |text: &str| match cors_origins(text).unwrap() {
        CorsOrigins::Any => vec!["*".to_owned()],
        CorsOrigins::Only(origins) => origins.iter().map(ToString::to_string).collect(),
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
fn unknown_log_level_is_refused() {
    for good in ["off", "error", "WARN", "info", "debug", "trace", "info,tower_passport=debug"] {
        assert_eq!(log(good).as_deref(), Ok(good));
    }
    assert_eq!(log(" warn, recipes=trace ").as_deref(), Ok("warn,recipes=trace"));
    for bad in ["verbose", "", "info,", "recipes", "recipes=loud", "=info", "info;debug", "info,[x"] {
        assert!(log(bad).is_err(), "{bad:?}");
    }
}

#[test]
fn invalid_line_of_env_file_is_named_and_not_shown() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join(".env");
    EnvFile::read_from(&file).unwrap();
    fs::write(&file, "# secrets\n\nRECIPES_TEST_OF_ENV=1\nhunter2 is my password\n").unwrap();
    let said = EnvFile::read_from(&file).unwrap_err().to_string();
    assert!(said.contains("line 4 must be NAME=VALUE") && !said.contains("hunter2"), "{said}");
}

#[test]
fn nul_character_in_env_file_is_an_error_without_the_value() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join(".env");
    for line in ["RECIPES_TEST_OF_NUL=hunter2\0\n", "RECIPES_TEST_OF_NUL='hunter2\0'\nPORT=1\n"] {
        fs::write(&file, line).unwrap();
        let said = EnvFile::read_from(&file).unwrap_err().to_string();
        assert!(said.contains("RECIPES_TEST_OF_NUL contains a NUL") && !said.contains("hunter2"), "{said}");
    }
}
