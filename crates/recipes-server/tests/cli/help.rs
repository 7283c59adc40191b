use serde_json::Value;

use crate::program::Folder;

const COMMANDS: [&str; 33] = [
    "",
    "serve",
    "import",
    "export",
    "backup",
    "restore",
    "users",
    "users add",
    "users list",
    "users show",
    "users set-password",
    "users logout",
    "users delete",
    "users invite",
    "users disable",
    "users enable",
    "users set-role",
    "audit",
    "webhooks",
    "webhooks add",
    "webhooks list",
    "webhooks deliveries",
    "check",
    "health",
    "secret",
    "token decode",
    "token verify",
    "token sign",
    "token keygen",
    "token public",
    "openapi",
    "completions",
    "man",
];

#[test]
fn every_command_has_help_with_an_example() {
    let folder = Folder::new();
    for command in COMMANDS {
        let help = folder.run(&format!("{command} --help"));
        help.is(0).complains(&[]);
        let example = format!("  recipes {command}");
        let examples = help.stdout.split_once("Example").unwrap_or_else(|| panic!("{command}: {help:?}")).1;
        assert!(examples.contains(example.trim_end()) || command == "token decode", "{command}: {examples}");
    }
}

#[test]
fn help_of_the_service_names_the_secrets() {
    let folder = Folder::new();
    for command in COMMANDS {
        let help = folder.run(&format!("{command} --help")).stdout;
        // They are not flags, so the list of settings does not have them.
        let named = ["\n  JWT_SECRET ", "\n  SMTP_URL "].map(|secret| help.contains(secret));
        assert_eq!(named, [["", "serve"].contains(&command); 2], "{command}: {help}");
    }
}

#[test]
fn help_of_a_command_shows_only_the_settings_that_it_reads() {
    let folder = Folder::new();
    let settings = |command: &str| -> Vec<String> {
        let help = folder.run(&format!("{command} --help")).stdout;
        let Some((_, settings)) = help.split_once("Settings (flag, ") else { return Vec::new() };
        let settings = settings.split("\nExample").next().unwrap().split_whitespace();
        settings.filter(|word| word.starts_with("--")).map(str::to_owned).collect()
    };
    assert!(settings("").len() > 15);
    for command in COMMANDS {
        let want = match command {
            "" | "serve" | "check" => settings(""),
            "health" => ["--host", "--port", "--public-url"].map(str::to_owned).into(),
            "users add" | "users set-password" => {
                let password =
                    ["--password-scheme", "--bcrypt-cost", "--password-min-length", "--public-url"];
                [&["--data-dir", "--database-url"], &password[..]]
                    .concat()
                    .into_iter()
                    .map(str::to_owned)
                    .collect()
            }
            "token decode" => ["--data-dir", "--database-url", "--public-url"].map(str::to_owned).into(),
            "users invite" => {
                ["--host", "--port", "--data-dir", "--database-url", "--signup", "--public-url"]
                    .map(str::to_owned)
                    .into()
            }
            "import" | "export" | "backup" | "restore" | "audit" => {
                ["--data-dir", "--database-url"].map(str::to_owned).into()
            }
            webhooks if webhooks.starts_with("webhooks") => {
                ["--data-dir", "--database-url", "--webhook-private"].map(str::to_owned).into()
            }
            users if users.starts_with("users") => ["--data-dir", "--database-url"].map(str::to_owned).into(),
            _ => Vec::new(),
        };
        assert_eq!(settings(command), want, "{command}");
    }
    // Settings that are not shown are accepted, before and after the command.
    folder.run("--port 3000 secret --log warn").is(0);
    folder.run("--port 3000 secret --log loud").is(2);
}

#[test]
fn help_shows_no_secret() {
    let folder = Folder::new();
    let secret = "hunter2-hunter2-hunter2-hunter2-hunter2";
    let url = "sqlite:hunter2.db";
    let help = folder.with("--help").env("JWT_SECRET", secret).env("DATABASE_URL", url).run();
    assert!(help.is(0).stdout.contains("JWT_SECRET") && !help.stdout.contains("hunter2"), "{help:?}");
    folder.run(&format!("--jwt-secret {secret}")).is(2);
}

#[test]
fn openapi_document_is_printed() {
    let printed = Folder::new().run("openapi");
    let document: Value = serde_json::from_str(&printed.is(0).stdout).unwrap();
    assert!(document["openapi"].as_str().unwrap().starts_with("3.1"));
    assert!(document["paths"]["/api/v1/recipes"]["post"].is_object());
}

#[test]
fn wrong_argument_is_exit_code_2_with_a_hint() {
    let mistake = Folder::new().run("imprt x.json");
    mistake.is(2).says("");
    assert!(mistake.stderr.contains("import"), "{mistake:?}");
}

#[test]
fn invisible_characters_of_arguments_are_escaped() {
    for arguments in ["im\u{202e}prt", "users show a\u{9b}2J\u{202e}", "--no-such\u{200b}"] {
        let mistake = Folder::new().run(arguments);
        mistake.is(2).says("");
        let is_invisible = |c: char| c != '\n' && (c.is_control() || matches!(c, '\u{200b}' | '\u{202e}'));
        assert!(mistake.stderr.contains("\\u{") && !mistake.stderr.contains(is_invisible), "{mistake:?}");
    }
}
