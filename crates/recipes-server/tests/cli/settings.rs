use std::{
    io::{BufRead as _, BufReader},
    os::unix::fs::PermissionsExt as _,
    process::Stdio,
};

use crate::program::Folder;

/// The database in the error of a run that finds none.
fn database(run: crate::program::Run<'_>) -> String {
    let ended = run.run();
    ended.is(1);
    let (_, rest) = ended.stderr.split_once("there is no database at ").unwrap();
    rest.split(';').next().unwrap().to_owned()
}

#[test]
fn flag_overrides_environment_and_environment_overrides_file() {
    let folder = Folder::new();
    assert_eq!(database(folder.with("export")), "sqlite:data/recipes.db");
    folder.write(".env", "# where it is\nDATABASE_URL='sqlite:of the file.db'\n");
    assert_eq!(database(folder.with("export")), "sqlite:of the file.db");
    let environment = || folder.with("export").env("DATABASE_URL", "sqlite:of-the-environment.db");
    assert_eq!(database(environment()), "sqlite:of-the-environment.db");
    let flag = folder.with("export --database-url sqlite:of-the-flag.db").env("DATABASE_URL", "sqlite:e.db");
    assert_eq!(database(flag), "sqlite:of-the-flag.db");
    let before =
        folder.with("--database-url sqlite:of-the-flag.db export").env("DATABASE_URL", "sqlite:e.db");
    assert_eq!(database(before), "sqlite:of-the-flag.db");
}

#[test]
fn database_that_cannot_be_reached_is_not_called_missing() {
    let folder = Folder::new();
    // Not even an administrator can look into a folder that is a file.
    folder.write("data", "");
    for command in ["export", "users list"] {
        let ended = folder.run(command);
        ended.is(1);
        assert!(
            ended.stderr.starts_with("recipes: the database sqlite:data/recipes.db cannot be reached: "),
            "{ended:?}"
        );
    }
}

#[test]
fn address_of_another_machine_is_called_so() {
    // Reserved for documentation (RFC 5737): no machine has it.
    let ended = Folder::new().run("--host 192.0.2.1 --port 0");
    ended.is(1);
    assert!(ended.stderr.contains("this machine does not have the address; set HOST (--host)"), "{ended:?}");
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port();
    let ended = Folder::new().run(&format!("--port {port}"));
    ended.is(1);
    assert!(ended.stderr.contains("another program uses this port"), "{ended:?}");
}

#[test]
fn empty_variable_counts_as_not_set() {
    let folder = Folder::new();
    let empty = folder.with("export").env("DATABASE_URL", "").env("PORT", "").env("LOG_FORMAT", "");
    assert_eq!(database(empty), "sqlite:data/recipes.db");
    folder.write(".env", "PORT=\nJWT_SECRET=\n");
    assert_eq!(database(folder.with("export")), "sqlite:data/recipes.db");
}

#[test]
fn invalid_value_is_one_line_and_exit_code_2() {
    let folder = Folder::new();
    let want = ["recipes: PORT (--port) is \"abc\": must be a number from 0 to 65535; the default is 8080"];
    folder.run("--port abc").is(2).says("").complains(&want);
    folder.with("").env("PORT", "abc").run().is(2).says("").complains(&want);
    folder.with("serve").env("PORT", "abc").run().is(2).complains(&want);
    folder.write(".env", "PORT=abc\n");
    folder.run("").is(2).complains(&want);
}

#[test]
fn service_does_not_start_with_a_short_secret() {
    let folder = Folder::new();
    let refused = folder.with("--port 0").env("JWT_SECRET", "hunter2").run();
    refused.is(2).says("");
    let last = refused.stderr.lines().last().unwrap();
    assert_eq!(
        last,
        "recipes: JWT_SECRET is 7 bytes long and must be at least 32, or it can be guessed; \
         \"recipes secret\" prints a good one"
    );
    assert!(!refused.stderr.contains("hunter2"));
}

#[test]
fn service_does_not_start_with_a_secret_that_is_plainly_not_random() {
    let folder = Folder::new();
    for (secret, why) in [
        ("a".repeat(32), "repeats itself"),
        (" ".repeat(32), "repeats itself"),
        ("changeme".repeat(5), "repeats itself"),
        ("please-change-me-to-a-very-long-secret".to_owned(), "is made of the words of placeholders"),
    ] {
        let refused = folder.with("--port 0").env("JWT_SECRET", &secret).run();
        let want = format!(
            "recipes: JWT_SECRET {why}, so it can be guessed, and with it every token; \
             \"recipes secret\" prints a good one"
        );
        assert_eq!(refused.is(2).stderr.lines().last(), Some(&*want));
    }
    std::fs::create_dir(folder.path("data")).unwrap();
    folder.write("data/jwt-secret", [0; 64]);
    let refused = folder.run("--port 0");
    assert!(refused.is(2).stderr.contains("data/jwt-secret repeats itself"), "{refused:?}");
    assert!(!folder.has("data/recipes.db"));
}

#[test]
fn invalid_setting_leaves_nothing_behind() {
    let folder = Folder::new();
    for (name, value) in [
        ("JWT_SECRET", "hunter2"),
        ("SMTP_URL", "ftp://mail.example.com"),
        ("HOST", "no-such-host.invalid"),
        ("SIGNUP", "maybe"),
    ] {
        folder.with("--port 0").env(name, value).run().is(2);
        assert!(!folder.has("data"), "{name}");
    }
}

#[test]
fn service_creates_a_secret_once() {
    let folder = Folder::new();
    let count = |log: &[String]| log.iter().filter(|line| line.contains("kept in data/jwt-secret")).count();
    assert_eq!(count(&started(&folder)), 1);
    let secret = folder.read("data/jwt-secret");
    assert_eq!(count(&started(&folder)), 0);
    assert_eq!(folder.read("data/jwt-secret"), secret);
    // Only a new default database has the samples.
    assert_eq!(folder.run("export").is(0).stdout.lines().count(), 10);
}

#[test]
fn changed_secret_and_mail_transport_are_logged() {
    let folder = Folder::new();
    let says = |said: &[String], what: &str| said.iter().any(|line| line.contains(what));
    let first = started(&folder);
    assert!(says(&first, "SMTP_URL is not set: mails are not sent but written to data/outbox"), "{first:?}");
    let another = "The signing key has changed";
    assert!(!says(&first, another) && !says(&started(&folder), another));
    folder.write(
        ".env",
        "JWT_SECRET='another secret of more than 32 bytes'\nSMTP_URL=smtp://mail.example.com:2525\n",
    );
    let then = started(&folder);
    assert!(says(&then, another) && says(&then, "Mails are sent through mail.example.com:2525"), "{then:?}");
    let without_tls = "SMTP_URL has no TLS: the mails to mail.example.com:2525 can be read on the way";
    assert_eq!(then.iter().filter(|line| line.contains(without_tls)).count(), 1, "{then:?}");
    folder.write(".env", "SMTP_URL=smtp://localhost:2525\n");
    assert!(!says(&started(&folder), "has no TLS"));
}

#[test]
fn invalid_smtp_url_is_refused_without_showing_its_password() {
    let refused = Folder::new().with("--port 0").env("SMTP_URL", "smtp://ada:hunter2@mail.example.com").run();
    refused.is(2);
    let last = refused.stderr.lines().last().unwrap();
    assert!(last.starts_with("recipes: SMTP_URL would send the password without encryption"), "{last}");
    assert!(!refused.stderr.contains("hunter2"));
}

/// The log of a service until it listens. Then it is killed.
fn started(folder: &Folder) -> Vec<String> {
    let mut child = folder.command("--port 0").stderr(Stdio::piped()).spawn().unwrap();
    let lines = BufReader::new(child.stderr.take().unwrap()).lines().map(Result::unwrap);
    let said = lines.take_while(|line| !line.contains("Listening on http://")).collect();
    child.kill().unwrap();
    child.wait().unwrap();
    said
}

#[test]
fn open_door_for_all_pages_is_warned_of_unless_it_was_chosen() {
    let folder = Folder::new();
    for (settings, warned) in [
        ("", false),
        ("HOST=localhost", false),
        ("HOST=0.0.0.0", true),
        ("HOST=::", true),
        ("HOST=0.0.0.0\nCORS_ORIGINS=", true),
        ("HOST=0.0.0.0\nCORS_ORIGINS=*", false),
        ("HOST=0.0.0.0\nCORS_ORIGINS=https://app.example.com", false),
    ] {
        folder.write(".env", settings);
        let log = started(&folder);
        let found = log.iter().any(|line| line.contains("WARN") && line.contains("CORS_ORIGINS is not set"));
        assert_eq!(found, warned, "{settings}: {log:?}");
    }
}

#[test]
fn small_limit_of_open_files_is_warned_of() {
    let folder = Folder::new();
    let program = folder.command("--port 0");
    let mut limited = std::process::Command::new("sh");
    limited.arg("-c").arg("ulimit -n 64 && exec \"$0\" --port 0").arg(program.get_program());
    let mut child = limited.current_dir(folder.path("")).env_clear().stderr(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(child.stderr.take().unwrap()).lines().map(Result::unwrap);
    let warning = lines.find(|line| line.contains("ulimit -n")).unwrap();
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(warning.contains("WARN") && warning.contains("leaves 32 connections"), "{warning}");
}

#[test]
fn static_dir_must_be_a_front_end_and_hold_no_secrets() {
    let folder = Folder::new();
    for (dir, why) in [("nowhere", "there is no index.html in it"), (".", "must stay secret")] {
        folder.write("index.html", "");
        let refused = folder.with("--port 0").env("STATIC_DIR", dir).run();
        refused.is(2);
        assert!(refused.stderr.contains("STATIC_DIR") && refused.stderr.contains(why), "{refused:?}");
        assert!(!folder.has("data"), "nothing is created");
    }
}

#[test]
fn host_without_an_address_is_refused() {
    let refused = Folder::new().with("--host recipes.invalid --port 0").env("LOG", "error").run();
    refused.is(2);
    assert!(
        refused
            .stderr
            .starts_with("recipes: HOST (--host) is \"recipes.invalid\": this name has no address (")
    );
    assert_eq!(refused.stderr.lines().count(), 1, "{refused:?}");
}

#[test]
fn invalid_line_of_env_file_is_named_and_not_shown() {
    let folder = Folder::new();
    folder.write(".env", "PORT=1\nJWT_SECRET hunter2\n");
    folder.run("secret").is(2).says("").complains(&[
        "recipes: .env cannot be read: line 2 must be NAME=VALUE, with 'quotes' around a value that has spaces or special characters",
    ]);
}

#[test]
fn misspelled_setting_in_env_file_or_environment_is_reported() {
    let folder = Folder::new();
    folder.write(".env", "JWT_SECRT=hunter2\nport=3000\nOTHER_PROGRAMS_KEY=hunter3\nLANG=C\nLOG=warn\n");
    let warnings = [
        "recipes: .env sets JWT_SECRT, which is not a setting of recipes; did you mean JWT_SECRET?",
        "recipes: .env sets port, which is not a setting of recipes; did you mean PORT?",
    ];
    folder.run("secret").is(0).complains(&warnings);
    folder.write(".env", "LOG_FROMAT=text\n");
    let both = folder.with("secret").env("SMTP_URI", "hunter2").env("JWT_SECRET_FIEL", "x").env("TERM", "x");
    both.run().is(0).complains(&[
        "recipes: .env sets LOG_FROMAT, which is not a setting of recipes; did you mean LOG_FORMAT?",
        "recipes: the environment sets JWT_SECRET_FIEL, which is not a setting of recipes; did you mean JWT_SECRET_FILE?",
        "recipes: the environment sets SMTP_URI, which is not a setting of recipes; did you mean SMTP_URL?",
    ]);
}

#[test]
fn env_example_lists_every_setting_with_its_default() {
    let example = include_str!("../../../../.env.example");
    let folder = Folder::new();
    let settings: Vec<&str> = example
        .lines()
        .filter_map(|line| line.strip_prefix('#'))
        .filter(|line| line.starts_with(char::is_uppercase))
        .collect();
    let help = folder.run("--help").stdout;
    // Without line breaks.
    let text = help.split_whitespace().collect::<Vec<_>>().join(" ");
    for line in &settings {
        let (name, value) = line.split_once('=').unwrap();
        assert!(text.contains(name), "{name} is not a setting");
        assert!(
            value.is_empty() || text.contains(&format!("[default: {value}]")),
            "{line} is not the default"
        );
    }
    let flags = help.lines().filter(|line| line.trim_start().starts_with("--") && line.contains('<')).count();
    assert_eq!(settings.len(), flags + 7, "every flag, three secrets, four files of secrets: {settings:?}");
    let guide = include_str!("../../../../docs/configure.md");
    let topics: Vec<_> = guide.lines().filter(|line| line.starts_with("| ")).collect();
    for (name, _) in settings.iter().filter_map(|line| line.split_once('=')) {
        let is_there = topics.iter().any(|line| line.contains(&format!("`{name}`")));
        assert!(is_there, "docs/configure.md does not list {name}");
    }
    // Without the comment signs it is a valid file.
    folder.write(".env", settings.join("\n"));
    assert_eq!(database(folder.with("export")), "sqlite:data/recipes.db");
}

#[test]
fn data_dir_holds_database_secret_and_outbox() {
    let folder = Folder::new();
    folder.write(".env", "DATA_DIR=kitchen\n");
    let log = started(&folder);
    assert!(folder.has("kitchen/recipes.db") && folder.has("kitchen/jwt-secret") && !folder.has("data"));
    assert!(
        log.iter().any(|line| line.contains("mails are not sent but written to kitchen/outbox")),
        "{log:?}"
    );
    assert_eq!(folder.run("export").is(0).stdout, "", "only the database of the default gets samples");
    let elsewhere = folder.with("export").env("DATA_DIR", "elsewhere");
    assert_eq!(database(elsewhere), "sqlite:elsewhere/recipes.db");
}

#[test]
fn secret_beside_the_database_of_an_earlier_version_is_used_with_a_warning() {
    let folder = Folder::new();
    std::fs::create_dir(folder.path("old")).unwrap();
    folder.write("old/jwt-secret", "the secret of an earlier version, kept here\n");
    std::fs::set_permissions(folder.path("old/jwt-secret"), std::fs::Permissions::from_mode(0o600)).unwrap();
    folder.write(".env", "DATABASE_URL=sqlite:old/recipes.db\n");
    let log = started(&folder);
    let warnings: Vec<_> = log.iter().filter(|line| line.contains("jwt-secret")).collect();
    assert_eq!(warnings.len(), 1, "{log:?}");
    assert!(warnings[0].contains("is read from old/jwt-secret, beside the database"), "{log:?}");
    assert!(warnings[0].contains("set DATA_DIR=old, or move the file to data/jwt-secret"), "{log:?}");
    assert!(!folder.has("data/jwt-secret"));

    std::fs::create_dir_all(folder.path("data")).unwrap();
    std::fs::rename(folder.path("old/jwt-secret"), folder.path("data/jwt-secret")).unwrap();
    let log = started(&folder);
    assert!(!log.iter().any(|line| line.contains("jwt-secret") || line.contains("another one")), "{log:?}");
}

#[test]
fn secrets_that_are_not_utf_8_are_refused() {
    use std::os::unix::ffi::OsStrExt as _;
    for name in ["JWT_SECRET", "SMTP_URL"] {
        let folder = Folder::new();
        let value = std::ffi::OsStr::from_bytes(b"a secret of more than 32 bytes \xff\xfe");
        let refused = folder.command("--port 0").env(name, value).output().unwrap();
        let stderr = String::from_utf8(refused.stderr).unwrap();
        assert_eq!(refused.status.code(), Some(2), "{stderr}");
        assert!(
            stderr.contains(&format!("{name} is not UTF-8")) && !stderr.contains("a secret of"),
            "{stderr}"
        );
        assert!(!folder.has("data"), "nothing is created");
    }
}

#[test]
fn files_that_other_users_can_read_or_replace_are_reported() {
    use std::{fs, os::unix::fs::PermissionsExt as _};
    let folder = Folder::new();
    let set =
        |name: &str, mode| fs::set_permissions(folder.path(name), fs::Permissions::from_mode(mode)).unwrap();
    let says = |said: &[String], what: &str| said.iter().any(|line| line.contains(what));
    folder.write(".env", "JWT_SECRET='another secret of more than 32 bytes'\n");
    set(".env", 0o600);
    let quiet = started(&folder);
    assert!(!says(&quiet, "chmod"), "{quiet:?}");
    set(".env", 0o644);
    set("data", 0o777);
    set("data/recipes.db", 0o644);
    let warned = started(&folder);
    assert!(says(&warned, ".env holds secrets and can be read by other users; run chmod 600"), "{warned:?}");
    assert!(says(&warned, "data can be changed by other users"), "{warned:?}");
    assert!(says(&warned, "recipes.db can be read by other users; run chmod 600"), "{warned:?}");
}
