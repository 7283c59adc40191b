//! Secrets in files: `JWT_SECRET_FILE`, `DATABASE_URL_FILE`, `SMTP_URL_FILE`.

use std::io::{BufRead as _, BufReader};
use std::process::Stdio;

use crate::program::{Folder, Run};

const SECRET: &str = "a secret in a file, of more than 32 bytes";

/// What `recipes token decode` says of a token that this secret signed.
fn verdict(run: Run<'_>) -> String {
    let ended = run.run();
    ended.stdout.lines().last().unwrap_or(&ended.stderr).to_owned()
}

fn token(secret: &str) -> String {
    let key = strict_jose::Key::hs256(secret.as_bytes()).unwrap();
    let claims = serde_json::json!({
        "id": 1, "sid": "01936f5e-8c00-7d3a-9b1e-3f5a7c9e1b2d", "iss": "https://a.example", "aud": "https://a.example",
        "iat": 1_714_561_200, "exp": 4_000_000_000_i64,
    });
    key.sign("at+jwt", &claims).unwrap()
}

#[test]
fn secret_in_a_file_is_read_without_the_line_break_at_its_end() {
    let folder = Folder::new();
    let decode = format!("token decode --public-url https://a.example {}", token(SECRET));
    for text in [SECRET.to_owned(), format!("{SECRET}\n"), format!("{SECRET}\r\n")] {
        folder.write("secret", text);
        let said = verdict(folder.with(&decode).env("JWT_SECRET_FILE", "secret"));
        assert_eq!(said, "This server accepts the token.");
    }
    folder.write("secret", format!("{SECRET} \n"));
    let said = verdict(folder.with(&decode).env("JWT_SECRET_FILE", "secret"));
    assert!(said.starts_with("This server refuses the token"), "a space belongs to the secret: {said}");
    folder.write("secret", SECRET);
    folder.write(".env", "JWT_SECRET_FILE=secret\n");
    assert_eq!(verdict(folder.with(&decode)), "This server accepts the token.");
}

#[test]
fn url_in_a_file_names_the_database_and_a_flag_overrides_it() {
    let folder = Folder::new();
    folder.write("url", "sqlite:of-the-file.db\n");
    let run = |command| folder.with(command).env("DATABASE_URL_FILE", "url");
    for (command, database) in [
        ("export", "sqlite:of-the-file.db"),
        ("users list", "sqlite:of-the-file.db"),
        ("export --database-url sqlite:flag.db", "sqlite:flag.db"),
        ("--database-url sqlite:flag.db export", "sqlite:flag.db"),
    ] {
        let ended = run(command).run();
        ended.is(1);
        assert!(ended.stderr.contains(&format!("there is no database at {database};")), "{ended:?}");
    }
    folder.write("url", "mysql://recipes:hunter2@db/recipes");
    let refused = run("export").run();
    refused.is(2);
    assert!(refused.stderr.starts_with("recipes: DATABASE_URL (--database-url): must be "), "{refused:?}");
    assert!(!refused.stderr.contains("hunter2"), "{refused:?}");
}

#[test]
fn mail_server_in_a_file_is_used() {
    let folder = Folder::new();
    folder.write("url", "smtps://ada:hunter2@mail.example.com\n");
    let mut child =
        folder.command("--port 0").env("SMTP_URL_FILE", "url").stderr(Stdio::piped()).spawn().unwrap();
    let lines = BufReader::new(child.stderr.take().unwrap()).lines().map(Result::unwrap);
    let log: Vec<_> = lines.take_while(|line| !line.contains("Listening on http://")).collect();
    child.kill().unwrap();
    child.wait().unwrap();
    let log = log.join("\n");
    assert!(log.contains("Mails are sent through mail.example.com"), "{log}");
    assert!(!log.contains("hunter2"), "{log}");
}

#[test]
fn secret_that_is_set_twice_or_cannot_be_read_is_one_line_and_exit_code_2() {
    let folder = Folder::new();
    folder.write("good", SECRET);
    folder.write("empty", "");
    folder.write("blank", "\n\n");
    folder.write("binary", b"a secret of more than 32 bytes \xff\xfe");
    folder.write("long", "x".repeat(5_000));
    std::fs::create_dir(folder.path("folder")).unwrap();
    for (variable, command) in
        [("JWT_SECRET", "--port 0"), ("SMTP_URL", "serve --port 0"), ("DATABASE_URL", "export")]
    {
        let file = format!("{variable}_FILE");
        for (name, why) in [
            ("nowhere", "No such file or directory (os error 2)"),
            ("empty", "it is empty"),
            ("blank", "it is empty"),
            ("binary", "stream did not contain valid UTF-8"),
            ("long", "it has more than 4096 bytes, so it is not a secret"),
            ("folder", "Is a directory (os error 21)"),
        ] {
            let want = format!("recipes: {file} is \"{name}\": this file cannot be used: {why}");
            folder.with(command).env(&file, name).run().is(2).says("").complains(&[&want]);
        }
        let value = if variable == "DATABASE_URL" { "sqlite:x.db" } else { SECRET };
        let want = format!("recipes: {variable} and {file} are both set: remove one of them");
        folder.with(command).env(variable, value).env(&file, "good").run().is(2).complains(&[&want]);
        // An empty one counts as not set.
        folder.with(command).env(variable, "").env(&file, "nowhere").run().is(2);
    }
    assert!(!folder.has("data"), "nothing is created");
}

#[test]
fn secret_that_a_command_does_not_use_is_not_read() {
    let folder = Folder::new();
    let unset = ["JWT_SECRET_FILE", "SMTP_URL_FILE"];
    for command in ["secret", "openapi", "token keygen --alg ES256", "--help"] {
        let run = unset.iter().fold(folder.with(command), |run, name| run.env(name, "nowhere"));
        run.env("DATABASE_URL_FILE", "nowhere").run().is(0);
    }
    let run = unset.iter().fold(folder.with("users list"), |run, name| run.env(name, "nowhere"));
    assert!(run.run().is(1).stderr.contains("there is no database"));
}

#[test]
fn export_does_not_write_over_the_file_of_a_secret() {
    let folder = Folder::new();
    folder.write("secret", SECRET);
    folder.with("export -o ./secret").env("JWT_SECRET_FILE", "secret").run().is(2);
    assert_eq!(folder.read("secret"), SECRET);
}
