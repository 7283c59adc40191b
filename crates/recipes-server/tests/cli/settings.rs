use std::{
    io::{BufRead as _, BufReader},
    process::Stdio,
};

use crate::program::Folder;

/// The database that a run looks for.
fn database(run: crate::program::Run<'_>) -> String {
    let ended = run.run();
    ended.is(1);
    let (_, rest) = ended.stderr.split_once("there is no database at ").unwrap();
    rest.split(';').next().unwrap().to_owned()
}

#[test]
fn a_flag_wins_over_the_environment_and_that_over_the_file() {
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
fn an_empty_variable_is_not_set() {
    let folder = Folder::new();
    let empty = folder.with("export").env("DATABASE_URL", "").env("PORT", "").env("LOG_FORMAT", "");
    assert_eq!(database(empty), "sqlite:data/recipes.db");
    folder.write(".env", "PORT=\nJWT_SECRET=\n");
    assert_eq!(database(folder.with("export")), "sqlite:data/recipes.db");
}

#[test]
fn a_bad_value_is_one_line_and_code_2_wherever_it_comes_from() {
    let folder = Folder::new();
    let want =
        ["recipes: PORT (--port) is \"abc\": must be a number from 0 to 65535; without it, it is 8080"];
    folder.run("--port abc").is(2).says("").complains(&want);
    folder.with("").env("PORT", "abc").run().is(2).says("").complains(&want);
    folder.with("serve").env("PORT", "abc").run().is(2).complains(&want);
    folder.write(".env", "PORT=abc\n");
    folder.run("").is(2).complains(&want);
}

#[test]
fn a_service_with_a_short_secret_does_not_start() {
    let refused = Folder::new().with("--port 0").env("JWT_SECRET", "hunter2").run();
    refused.is(2).says("");
    let last = refused.stderr.lines().last().unwrap();
    assert_eq!(
        last,
        "recipes: JWT_SECRET is 7 bytes long and must be at least 32, or it can be guessed; \
         \"recipes secret\" makes a good one"
    );
    assert!(!refused.stderr.contains("hunter2"));
}

#[test]
fn a_service_without_a_secret_makes_one_and_says_so_once() {
    let folder = Folder::new();
    let said = |said: &[String]| said.iter().filter(|line| line.contains("kept in data/jwt-secret")).count();
    assert_eq!(said(&started(&folder)), 1);
    let secret = folder.read("data/jwt-secret");
    assert_eq!(said(&started(&folder)), 0);
    assert_eq!(folder.read("data/jwt-secret"), secret);
    // A brand-new default database is the one with the samples.
    assert_eq!(folder.run("export").is(0).stdout.lines().count(), 10);
}

#[test]
fn another_secret_is_told_and_where_mails_go_is_too() {
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
    let in_the_clear =
        "SMTP_URL has no TLS: mails go to mail.example.com:2525 for everybody on the way to read";
    assert_eq!(then.iter().filter(|line| line.contains(in_the_clear)).count(), 1, "{then:?}");
    folder.write(".env", "SMTP_URL=smtp://localhost:2525\n");
    assert!(!says(&started(&folder), "has no TLS"));
}

#[test]
fn a_mail_server_that_cannot_be_used_is_told_without_its_password() {
    let refused = Folder::new().with("--port 0").env("SMTP_URL", "smtp://ada:hunter2@mail.example.com").run();
    refused.is(2);
    let last = refused.stderr.lines().last().unwrap();
    assert!(last.starts_with("recipes: SMTP_URL would send the password for everybody to read"), "{last}");
    assert!(!refused.stderr.contains("hunter2"));
}

/// What a service says until it listens; then it is killed.
fn started(folder: &Folder) -> Vec<String> {
    let mut child = folder.command("--port 0").stderr(Stdio::piped()).spawn().unwrap();
    let lines = BufReader::new(child.stderr.take().unwrap()).lines().map(Result::unwrap);
    let said = lines.take_while(|line| !line.contains("Listening on http://")).collect();
    child.kill().unwrap();
    child.wait().unwrap();
    said
}

#[test]
fn a_host_that_nobody_knows_is_told() {
    let refused = Folder::new().with("--host nobody.invalid --port 0").env("LOG", "error").run();
    refused.is(2);
    assert!(
        refused
            .stderr
            .starts_with("recipes: HOST (--host) is \"nobody.invalid\": no address has this name (")
    );
    assert_eq!(refused.stderr.lines().count(), 1, "{refused:?}");
}

#[test]
fn a_broken_file_is_told_by_line_and_not_shown() {
    let folder = Folder::new();
    folder.write(".env", "PORT=1\nJWT_SECRET hunter2\n");
    folder.run("secret").is(2).says("").complains(&[
        "recipes: .env cannot be read: line 2 must be NAME=VALUE, with 'quotes' around a value that has spaces or signs",
    ]);
}

#[test]
fn a_misspelled_setting_of_the_file_is_told() {
    let folder = Folder::new();
    folder.write(".env", "JWT_SECRT=hunter2\nport=3000\nOTHER_PROGRAMS_KEY=hunter3\nLANG=C\nLOG=warn\n");
    let doubts = [
        "recipes: .env sets JWT_SECRT, which is no setting of recipes; did you mean JWT_SECRET?",
        "recipes: .env sets port, which is no setting of recipes; did you mean PORT?",
    ];
    folder.run("secret").is(0).complains(&doubts);
    // What the environment has is nobody's mistake in this file.
    folder.write(".env", "");
    folder.with("secret").env("JWT_SECRT", "hunter2").run().is(0).complains(&[]);
}

#[test]
fn the_example_of_the_settings_is_true() {
    let example = include_str!("../../../../.env.example");
    let folder = Folder::new();
    let settings: Vec<&str> = example
        .lines()
        .filter_map(|line| line.strip_prefix('#'))
        .filter(|line| line.starts_with(char::is_uppercase))
        .collect();
    let help = folder.run("--help").stdout;
    // Where its lines break is nobody's business.
    let text = help.split_whitespace().collect::<Vec<_>>().join(" ");
    for line in &settings {
        let (name, value) = line.split_once('=').unwrap();
        assert!(text.contains(name), "{name} is no setting");
        assert!(
            value.is_empty() || text.contains(&format!("[default: {value}]")),
            "{line} is not the default"
        );
    }
    let flags = help.lines().filter(|line| line.trim_start().starts_with("--") && line.contains('<')).count();
    assert_eq!(settings.len(), flags + 2, "every flag, JWT_SECRET and SMTP_URL: {settings:?}");
    // And without the signs of comment it is a file that is read.
    folder.write(".env", settings.join("\n"));
    assert_eq!(database(folder.with("export")), "sqlite:data/recipes.db");
}
