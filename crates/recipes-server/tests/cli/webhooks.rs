use serde_json::Value;

use crate::program::{Ended, Folder};

fn json(ended: &Ended) -> Value {
    serde_json::from_str(&ended.stdout).unwrap()
}

#[test]
fn webhook_is_added_listed_changed_and_deleted() {
    let folder = Folder::new();
    let added = folder.run("webhooks add https://kitchen.example/hook --event recipe.deleted --json");
    let added = json(added.is(0));
    let (id, secret) = (added["id"].as_str().unwrap(), added["secret"].as_str().unwrap());
    assert!(secret.starts_with("whsec_"), "{added}");
    assert_eq!(added["events"], serde_json::json!(["recipe.deleted"]));

    let shown = json(folder.run(&format!("webhooks show {id} --json")).is(0));
    assert_eq!((shown.get("secret"), &shown["disabled"]), (None, &false.into()), "the secret is shown once");
    folder.run(&format!("webhooks disable {id}")).is(0);
    assert_eq!(json(folder.run("webhooks list --json").is(0))["disabled"], true);
    let refused = folder.run(&format!("webhooks test {id}"));
    assert!(refused.is(1).stderr.contains("enable it first"), "{}", refused.stderr);
    folder.run(&format!("webhooks enable {id}")).is(0);
    let changed =
        folder.run(&format!("webhooks change {id} --event recipe.created --event recipe.updated --json"));
    assert_eq!(json(changed.is(0))["events"], serde_json::json!(["recipe.created", "recipe.updated"]));
    let rotated = folder.run(&format!("webhooks rotate-secret {id} --json"));
    assert_ne!(json(rotated.is(0))["secret"], secret);
    folder.run(&format!("webhooks test {id}")).is(0);
    assert_eq!(json(folder.run(&format!("webhooks deliveries {id} --json")).is(0))["type"], "webhook.test");
    let text = folder.run(&format!("webhooks deliveries {id}"));
    assert_eq!(text.is(0).stdout, "not yet  webhook.test, tries: 0, waiting\n");
    folder.run(&format!("webhooks delete {id}")).is(0);
    let missing = folder.run(&format!("webhooks show {id}"));
    assert!(missing.is(1).stderr.contains("recipes webhooks list"), "{}", missing.stderr);
}

#[test]
fn private_addresses_and_unknown_events_are_refused() {
    let folder = Folder::new();
    let private = folder.run("webhooks add https://192.168.1.2/hook");
    assert!(private.is(1).stderr.contains("WEBHOOK_PRIVATE=true"), "{}", private.stderr);
    folder.with("webhooks add https://192.168.1.2/hook").env("WEBHOOK_PRIVATE", "true").run().is(0);
    let unknown = folder.run("webhooks add https://kitchen.example/hook --event recipe.cooked");
    assert!(
        unknown.is(2).stderr.contains("recipe.created, recipe.updated or recipe.deleted"),
        "{}",
        unknown.stderr
    );
}
