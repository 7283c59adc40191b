//! `recipes health` beside the service.

use std::fs;
use std::process::{Command, Output};

use crate::program::Program;

fn health(program: &Program, arguments: &[&str]) -> Output {
    let port = program.address.rsplit(':').next().unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_recipes"));
    command.args(["health", "--port", port]).args(arguments).env_clear().output().unwrap()
}

#[track_caller]
fn is(output: &Output, code: i32, says: &str) {
    assert_eq!(output.status.code(), Some(code), "{output:?}");
    let said = [&*output.stdout, &*output.stderr].concat();
    assert!(String::from_utf8(said).unwrap().contains(says), "{says}: {output:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn health_asks_the_service_also_at_all_addresses_and_under_a_path() {
    for (host, public_url) in [
        ("127.0.0.1", ""),
        ("0.0.0.0", "https://example.com/recipes"),
        ("0.0.0.0", "https://example.com/readyz"),
        ("0.0.0.0", "https://example.com/api"),
        ("::", ""),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let program = Program::start_with(folder.path(), &[("HOST", host), ("PUBLIC_URL", public_url)]);
        let mut arguments = vec!["--host", host];
        if !public_url.is_empty() {
            arguments.extend(["--public-url", public_url]);
        }
        is(&health(&program, &arguments), 0, "ready\n");
        is(&health(&program, &[&arguments[..], &["--live"]].concat()), 0, "alive\n");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn health_says_what_does_not_work() {
    let folder = tempfile::tempdir().unwrap();
    let program = Program::start(folder.path());
    fs::remove_file(folder.path().join("recipes.db")).unwrap();
    // The service notices it within two seconds.
    program.logged("while the service uses it").await;
    is(&health(&program, &[]), 1, "/readyz answers 503: ");
    is(&health(&program, &["--live"]), 0, "alive\n");
}
