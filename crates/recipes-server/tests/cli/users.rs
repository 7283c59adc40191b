use std::{
    io::{BufRead as _, BufReader},
    process::Stdio,
};

use serde_json::{Value, json};

use crate::program::{Ended, Folder};

fn add(folder: &Folder, arguments: &str, password: &str) -> Ended {
    folder.with(&format!("users add {arguments} --password-stdin")).stdin(password).run()
}

/// The columns of each user: id, role, state, e-mail, name.
fn list(folder: &Folder) -> Vec<String> {
    let list = folder.run("users list");
    list.is(0);
    let columns = |line: &str| {
        let columns: Vec<_> = line.split_whitespace().collect();
        [&columns[..3], &columns[4..]].concat().join(" ")
    };
    list.stdout.lines().skip(1).map(columns).collect()
}

#[test]
fn account_is_created_listed_changed_and_disabled() {
    let folder = Folder::new();
    add(&folder, "Ada@example.com --role admin --name Ada", "ten little onions\n")
        .is(0)
        .says("Ada@example.com is user 1 with the role admin");
    add(&folder, "bob@example.com", "a stitch in thyme\r\nnot this line").is(0);
    assert_eq!(list(&folder), ["1 admin enabled Ada@example.com Ada", "2 user enabled bob@example.com bob"]);

    folder
        .run("users disable BOB@example.com")
        .is(0)
        .says("BOB@example.com is disabled and logged out everywhere");
    folder.run("users set-role bob@example.com admin").is(0).says("bob@example.com has the role admin");
    folder.run("users set-role ada@example.com user").is(0);
    assert_eq!(list(&folder), ["1 user enabled Ada@example.com Ada", "2 admin disabled bob@example.com bob"]);
    folder.run("users enable bob@example.com").is(0).says("bob@example.com is enabled");
    assert_eq!(list(&folder)[1], "2 admin enabled bob@example.com bob");
}

#[test]
fn password_policy_follows_the_settings() {
    let folder = Folder::new();
    folder.write(".env", "PASSWORD_MIN_LENGTH=12\nPUBLIC_URL=https://kitchengarden.example\n");
    for (password, why) in
        [("ten onions", "must be at least 12 characters"), ("kitchengarden", "the name of this site")]
    {
        let refused = add(&folder, "ada@example.com", password);
        refused.is(1);
        assert!(refused.stderr.contains(why), "{}", refused.stderr);
    }
    add(&folder, "ada@example.com", "ten little onions").is(0);
}

#[test]
fn removing_the_last_administrator_prints_how_to_make_another() {
    let folder = Folder::new();
    let warning = [
        r#"recipes: no administrator is left who can log in; make an account an administrator with "recipes users set-role EMAIL admin", or create one with "recipes users add EMAIL --role admin""#,
    ];
    for (name, role) in [("ada", "admin"), ("eve", "admin"), ("bob", "user")] {
        add(&folder, &format!("{name}@example.com --role {role}"), "ten little onions").is(0).complains(&[]);
    }
    for (command, last) in [
        ("disable ada@example.com", false),
        ("disable bob@example.com", false),
        ("set-role eve@example.com user", true),
        // There was none before.
        ("disable eve@example.com", false),
        ("enable ada@example.com", false),
        ("disable ada@example.com", true),
    ] {
        folder.run(&format!("users {command}")).is(0).complains(if last { &warning } else { &[] });
    }
}

#[test]
fn email_address_is_unique_regardless_of_case() {
    let folder = Folder::new();
    add(&folder, "ada@example.com", "ten little onions").is(0);
    add(&folder, "ADA@example.com", "ten little onions")
        .is(1)
        .complains(&["recipes: there is already an account for ADA@example.com"]);
}

#[test]
fn bad_password_is_refused_with_the_reason_and_not_shown() {
    let folder = Folder::new();
    for (password, reason) in [
        ("onions", "the password must be at least 8 characters"),
        ("Password1!", "the password is a common password"),
        ("ada-lovelace-1815", "the password is your name, your e-mail address or the name of this site"),
        ("", "the password must be at least 8 characters"),
    ] {
        let refused = add(&folder, "ada.lovelace@example.com", password);
        refused.is(1);
        assert!(refused.stderr.starts_with(&format!("recipes: {reason}")), "{refused:?}");
        assert!(password.is_empty() || !refused.stderr.contains(password));
    }
    assert!(list(&folder).is_empty());
    let long = "onion, ".repeat(10) + "and";
    let refused = add(&folder, "ada@example.com --password-scheme bcrypt", &long);
    refused.is(1).complains(&[
        "recipes: the password must be at most 72 bytes: bcrypt, the hashing scheme of this server, ignores everything after them",
    ]);
    add(&folder, "ada@example.com", &long).is(0);
}

#[test]
fn password_is_read_from_a_pipe_only_with_the_flag_and_never_from_an_argument() {
    let folder = Folder::new();
    let piped = folder.with("users add ada@example.com").stdin("ten little onions\n").run();
    piped
        .is(1)
        .complains(&["recipes: standard input is not a terminal; pass the password with --password-stdin"]);
    folder.run("users add ada@example.com --password ten-little-onions").is(2);
}

#[test]
fn unknown_account_cannot_be_changed() {
    let folder = Folder::new();
    add(&folder, "ada@example.com", "ten little onions").is(0);
    for command in ["disable bob@example.com", "enable bob@example.com", "set-role bob@example.com admin"] {
        folder
            .run(&format!("users {command}"))
            .is(1)
            .complains(&["recipes: there is no account for bob@example.com"]);
    }
    let list = Folder::new().run("users list");
    list.is(1);
    assert!(list.stderr.starts_with("recipes: there is no database at "), "{list:?}");
}

#[test]
fn invalid_address_and_role_are_refused() {
    let folder = Folder::new();
    for (arguments, what) in [
        ("users add ada", "must be an e-mail address, as in alice@example.com"),
        ("users add ada@example.com --role root", "must be viewer, user or admin"),
        ("users set-role ada@example.com Admin", "must be viewer, user or admin"),
    ] {
        let refused = folder.run(arguments);
        refused.is(2);
        assert!(refused.stderr.contains(what), "{refused:?}");
    }
    assert!(!folder.has("data"));
}

fn json(ended: &Ended) -> Vec<Value> {
    ended.is(0).complains(&[]).stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn account_is_named_by_address_or_id_and_shown() {
    let folder = Folder::new();
    add(&folder, "ada@example.com --role admin --name Ada", "ten little onions").is(0);
    for account in ["1", "ADA@example.com"] {
        let shown = folder.run(&format!("users show {account}"));
        for line in
            ["id          1", "e-mail      ada@example.com (verified)", "role        admin", "sessions    0"]
        {
            assert!(shown.is(0).stdout.lines().any(|shown| shown == line), "{line}: {shown:?}");
        }
    }
    folder.run("users disable 1").is(0).says("user 1 is disabled and logged out everywhere");
    folder.run("users show 2").is(1).complains(&["recipes: there is no account for user 2"]);
    folder.run("users show 0").is(2);
}

#[test]
fn every_command_prints_json_on_request() {
    let folder = Folder::new();
    let added = add(&folder, "ada@example.com --role admin --json", "ten little onions");
    assert_eq!(json(&added)[0]["email"], "ada@example.com");
    add(&folder, "bob@example.com --json", "ten little onions").is(0);
    let listed = json(&folder.run("users list --json"));
    assert_eq!(listed.iter().map(|user| user["id"].as_i64().unwrap()).collect::<Vec<_>>(), [1, 2]);
    let shown = &json(&folder.run("users show bob@example.com --json"))[0];
    assert_eq!(
        (&shown["role"], &shown["sessions"], &shown["apiTokens"]),
        (&"user".into(), &json!([]), &json!([]))
    );
    for (command, field, value) in [
        ("disable 2", "disabled", json!(true)),
        ("enable 2", "disabled", json!(false)),
        ("set-role 2 admin", "role", json!("admin")),
        ("logout 2", "id", json!(2)),
        ("delete 2 --yes", "id", json!(2)),
    ] {
        assert_eq!(json(&folder.run(&format!("users {command} --json")))[0][field], value, "{command}");
    }
    let set = folder.with("users set-password 1 --password-stdin --json").stdin("eleven little onions").run();
    assert_eq!(json(&set)[0]["id"], 1);
    let invited = &json(&folder.run("users invite eve@example.com --json"))[0];
    assert_eq!(invited["email"], "eve@example.com");
    assert!(
        invited["link"].as_str().unwrap().starts_with("http://127.0.0.1:8080/account/sign-up#"),
        "{invited}"
    );
}

#[test]
fn deletion_must_be_confirmed() {
    let folder = Folder::new();
    add(&folder, "ada@example.com", "ten little onions").is(0);
    folder
        .run("users delete ada@example.com")
        .is(1)
        .complains(&["recipes: standard input is not a terminal; confirm the deletion with --yes"]);
    folder
        .run("users delete ada@example.com --yes")
        .is(0)
        .says("ada@example.com is deleted with the private recipes; public recipes stay, without an owner");
    folder.run("users delete 1 --yes").is(1).complains(&["recipes: there is no account for user 1"]);
    assert!(list(&folder).is_empty());
}

#[test]
fn account_with_many_recipes_is_deleted_as_a_whole() {
    let folder = Folder::new();
    add(&folder, "ada@example.com", "ten little onions").is(0);
    let recipe = r#"{"name":"Soup","healthLabels":[],"cookTimeMinutes":1,"prepTimeMinutes":null,"ingredients":["salt"]}"#;
    let many = format!("{recipe}\n").repeat(250);
    // The quotas of users do not bind the operator.
    let import = folder.with("import --owner ada@example.com --duplicates copy -").env("QUOTA_RECIPES", "1");
    import.stdin(&many).run().is(0);
    folder.run("users delete ada@example.com --yes").is(0);
    assert!(list(&folder).is_empty());
    assert_eq!(folder.run("export").is(0).stdout.lines().count(), 250);
}

#[test]
fn invitation_needs_a_service_that_accepts_it() {
    let folder = Folder::new();
    add(&folder, "ada@example.com --role admin", "ten little onions").is(0);
    let invited = folder.with("users invite").env("PUBLIC_URL", "https://recipes.example/food").run();
    let link = invited.is(0).stdout.lines().next().unwrap();
    assert!(link.starts_with("https://recipes.example/food/account/sign-up#"), "{link}");
    folder.with("users invite").env("SIGNUP", "closed").run().is(1).complains(&[
        "recipes: Invitations cannot be used while SIGNUP is closed; the operator must set SIGNUP=invite",
    ]);
}

#[test]
fn audit_log_is_filtered_and_printed_the_oldest_event_first() {
    let folder = Folder::new();
    add(&folder, "ada@example.com --role admin", "ten little onions").is(0);
    add(&folder, "bob@example.com", "ten little onions").is(0);
    folder.run("users disable bob@example.com").is(0);
    folder.run("users delete bob@example.com --yes").is(0);
    let events = |arguments: &str| -> Vec<String> {
        let printed = json(&folder.run(&format!("audit --json {arguments}")));
        printed.iter().map(|entry| entry["event"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(events(""), ["created", "created", "disabled", "deleted"]);
    assert_eq!(events("--last 2"), ["disabled", "deleted"]);
    assert_eq!(events("--subject 2"), ["created", "disabled", "deleted"]);
    assert_eq!(events("--subject ada@example.com --event created"), ["created"]);
    assert_eq!(events("--since 2020-01-01 --until 2020-01-02T00:00:00Z"), [""; 0]);
    assert_eq!(events("--actor 1"), [""; 0]);
    let text = folder.run("audit --event created --last 1");
    assert!(text.is(0).stdout.ends_with("Z  created                   subject=2  detail=user\n"), "{text:?}");
    folder.run("audit --event log_in_faild").is(2);
    for time in ["yesterday", "2026-W01-1", "2026-01-01T00:00:00", "2026-01-01T00:00:00Z[UTC]"] {
        let refused = folder.run(&format!("audit --since {time}"));
        assert!(refused.is(2).stderr.contains("must be a date or an RFC 3339 time"), "{refused:?}");
    }
    folder.run("audit --last 0").is(2);
}

#[test]
fn audit_log_is_followed() {
    let folder = Folder::new();
    add(&folder, "ada@example.com --role admin", "ten little onions").is(0);
    let mut follower = folder.command("audit --follow --json").stdout(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(follower.stdout.take().unwrap()).lines();
    let mut next = || -> Value { serde_json::from_str(&lines.next().unwrap().unwrap()).unwrap() };
    assert_eq!(next()["event"], "created");
    add(&folder, "bob@example.com", "ten little onions").is(0);
    folder.run("users disable bob@example.com").is(0);
    assert_eq!((&next()["event"], &next()["event"]), (&json!("created"), &json!("disabled")));
    follower.kill().unwrap();
    follower.wait().unwrap();
}
