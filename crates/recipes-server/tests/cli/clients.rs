use serde_json::Value;

use crate::program::{Ended, Folder};

fn json(ended: &Ended) -> Value {
    serde_json::from_str(&ended.stdout).unwrap()
}

fn add(folder: &Folder, arguments: &str) -> Value {
    let added = folder.run(&format!("clients add {arguments} --json"));
    added.is(0);
    json(&added)
}

#[test]
fn client_is_added_listed_changed_and_deleted() {
    let folder = Folder::new();
    let added = add(&folder, "Timer --kind web --redirect-uri https://kitchen.example/callback");
    let id = added["client_id"].as_str().unwrap();
    let secret = added["client_secret"].as_str().unwrap();
    assert!(id.starts_with("c_") && secret.len() == 43, "{added}");
    assert_eq!(added["scope"], "openid profile email offline_access recipes:read");
    assert_eq!(added["redirect_uris"][0], "https://kitchen.example/callback");

    let shown = folder.run(&format!("clients show {id} --json"));
    assert_eq!(json(&shown).get("client_secret"), None, "the secret is shown once");
    folder.run(&format!("clients disable {id}")).is(0);
    assert_eq!(json(&folder.run("clients list --json"))["disabled"], true);
    folder.run(&format!("clients enable {id}")).is(0);
    let rotated = folder.run(&format!("clients rotate-secret {id} --json"));
    assert_ne!(json(&rotated)["client_secret"], secret);
    folder.run(&format!("clients delete {id}")).is(0);
    let missing = folder.run(&format!("clients show {id}"));
    missing.is(1);
    assert!(missing.stderr.contains("recipes clients list"), "{}", missing.stderr);
}

#[test]
fn invisible_characters_of_names_are_escaped() {
    let folder = Folder::new();
    let added = add(&folder, "Ti\u{202e}mer --kind native --redirect-uri http://127.0.0.1/callback");
    assert_eq!(added["name"], "Ti\u{202e}mer");
    for arguments in ["clients list", "clients list --json"] {
        let listed = folder.run(arguments);
        assert!(listed.is(0).stdout.contains("202e") && !listed.stdout.contains('\u{202e}'), "{listed:?}");
    }
}

#[test]
fn public_clients_have_no_secret_and_services_no_redirect_uri() {
    let folder = Folder::new();
    let native = add(&folder, "App --kind native --redirect-uri http://127.0.0.1/callback --first-party");
    assert_eq!((native.get("client_secret"), &native["flags"][0]), (None, &"first-party".into()));
    let refused = folder.run(&format!("clients rotate-secret {}", native["client_id"].as_str().unwrap()));
    refused.is(1);
    assert!(refused.stderr.contains("has no secret"), "{}", refused.stderr);
    let service = add(&folder, "Backup --kind service");
    assert_eq!(
        (&service["scope"], &service["grants"][0]),
        (&"recipes:read".into(), &"client_credentials".into())
    );
}

#[test]
fn registration_that_cannot_work_is_refused_with_the_reason() {
    let folder = Folder::new();
    for (arguments, why) in [
        ("Timer --kind web", "authorization_code needs a redirect URI"),
        ("Timer --kind web --redirect-uri https://*.example/", "https://*.example/"),
        ("Timer --kind service --scope recipes:cook", "the scope `recipes:cook` is unknown"),
        (
            "Timer --kind native --redirect-uri http://127.0.0.1/ --without-pkce",
            "PKCE is the only protection",
        ),
    ] {
        let refused = folder.run(&format!("clients add {arguments}"));
        refused.is(1);
        assert!(refused.stderr.contains(why), "{}", refused.stderr);
    }
    assert_eq!(folder.run("clients list --json").is(0).stdout, "");
}

#[test]
fn keys_are_listed_and_replaced() {
    let folder = Folder::new();
    add(&folder, "Backup --kind service");
    let listed = folder.run("keys list");
    listed.is(0);
    assert_eq!(listed.stdout, "", "the server makes them");
    let replaced = folder.run("keys replace");
    replaced.is(0);
    assert!(replaced.stdout.contains("within a minute"), "{}", replaced.stdout);
    assert!(folder.run("audit").stdout.contains("signing_key_changed"));
}
