//! `recipes completions` and `recipes man`.

use std::process::Command;

use crate::program::Folder;

#[test]
fn bash_completes_commands_flags_and_values() {
    let folder = Folder::new();
    folder.write("completions", &folder.run("completions bash").is(0).stdout);
    let complete = |words: &str| -> Vec<String> {
        // As bash does it for the last word of a line.
        let script = format!(
            "source completions && COMP_WORDS=({words}) && COMP_CWORD=$((${{#COMP_WORDS[@]}} - 1)) && \
             _recipes recipes \"${{COMP_WORDS[COMP_CWORD]}}\" \"${{COMP_WORDS[COMP_CWORD - 1]}}\"; echo ${{COMPREPLY[@]}}"
        );
        let output =
            Command::new("bash").args(["-c", &script]).current_dir(folder.path("")).output().unwrap();
        assert!(output.stderr.is_empty(), "{output:?}");
        String::from_utf8(output.stdout).unwrap().split_whitespace().map(str::to_owned).collect()
    };
    assert_eq!(complete("recipes ba"), ["backup"]);
    assert_eq!(complete("recipes users set-"), ["set-role", "set-password"]);
    assert_eq!(
        complete("recipes users set-role ada user --"),
        ["--data-dir", "--database-url", "--json", "--help"]
    );
    // Only the settings that the command reads.
    assert_eq!(complete("recipes backup --"), ["--data-dir", "--database-url", "--help"]);
    assert!(complete("recipes serve --").contains(&"--metrics-addr".to_owned()));
    assert_eq!(complete("recipes --password-scheme ''"), ["argon2id", "bcrypt"]);
    assert!(complete("recipes export -o ''").contains(&"completions".to_owned()), "files");
}

#[test]
fn every_shell_gets_completions_of_every_command() {
    let folder = Folder::new();
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        let script = folder.run(&format!("completions {shell}"));
        script.is(0).complains(&[]);
        for word in ["set-password", "keygen", "restore", "metrics-addr"] {
            assert!(script.stdout.contains(word), "{shell}: {word}");
        }
    }
    let refused = folder.run("completions tcsh");
    refused.is(2).says("");
    assert!(refused.stderr.contains("bash, elvish, fish, powershell, zsh"), "{refused:?}");
    folder.with("completions bash").ends_with_closed_output(0);
}

#[test]
fn manual_page_has_settings_secrets_and_examples() {
    let folder = Folder::new();
    let page = folder.with("man").env("PORT", "3000").run();
    page.is(0).complains(&[]);
    let text = page.stdout.replace('\\', "");
    for part in [
        ".TH recipes 1  \"recipes 0.1.0\"",
        "recipes - A recipe API",
        "--port",
        "8080",
        "JWT_SECRET_PREVIOUS",
        "recipes-users(1)",
        "recipes import recipes.json users.json",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
    assert!(!text.contains("3000"), "values of the environment are not shown");
    // `man` breaks a line at white space and at `\:`.
    for part in page.stdout.replace("\\:", " ").replace('\\', "").split_whitespace() {
        assert!(part.len() <= 60, "longer than a line of the page: {part}");
    }
    folder.with("man").ends_with_closed_output(0);
}

#[test]
fn each_command_has_a_manual_page_in_the_folder() {
    let folder = Folder::new();
    folder.run("man .").is(0).says("");
    for (page, flag, hidden) in [
        ("recipes", "--metrics-addr", "--password-stdin"),
        ("recipes-serve", "--metrics-addr", "--password-stdin"),
        ("recipes-users-add", "--role", "--metrics-addr"),
        ("recipes-token-sign", "--jwks", "--metrics-addr"),
        ("recipes-backup", "--database-url", "--metrics-addr"),
    ] {
        let text = folder.read(&format!("{page}.1")).replace('\\', "");
        assert!(text.contains(flag) && !text.contains(hidden), "{page}: {text}");
    }
    let refused = folder.run("man nowhere");
    refused.is(1).says("");
    assert!(
        refused.stderr.starts_with("recipes: nowhere/recipes-") && refused.stderr.lines().count() == 1,
        "{refused:?}"
    );
}
