//! No password stays in the memory of the process after the request that brought it.

use std::{
    fs::{self, File},
    os::unix::fs::FileExt as _,
};

use http::Method;
use serde_json::json;

use crate::program::Program;

const PASSWORD: &str = "zebra onion lamp 4711";
const NEW_PASSWORD: &str = "quick violet harbour 1848";

/// How often the text is in the memory of the process.
fn copies(process: u32, text: &str) -> usize {
    let maps = fs::read_to_string(format!("/proc/{process}/maps")).unwrap();
    let memory = File::open(format!("/proc/{process}/mem")).unwrap();
    let mut found = 0;
    for line in maps.lines() {
        let mut words = line.split_whitespace();
        let (range, access) = (words.next().unwrap(), words.next().unwrap());
        let (start, end) = range.split_once('-').unwrap();
        let [start, end] = [start, end].map(|text| u64::from_str_radix(text, 16).unwrap());
        let mut bytes = vec![0; usize::try_from(end - start).unwrap()];
        // Some mappings of the kernel cannot be read.
        if access.starts_with("rw") && memory.read_exact_at(&mut bytes, start).is_ok() {
            for (at, window) in bytes.windows(text.len()).enumerate() {
                if window == text.as_bytes() {
                    found += 1;
                    let around = &bytes[at.saturating_sub(300)..(at + 60).min(bytes.len())];
                    eprintln!("{line}: {}", String::from_utf8_lossy(around).escape_debug());
                }
            }
        }
    }
    found
}

#[tokio::test(flavor = "multi_thread")]
async fn no_password_stays_in_memory() {
    let folder = tempfile::tempdir().unwrap();
    let program = Program::start(folder.path());
    let mut client = program.client();
    let sign_up = json!({"name": "Ada", "email": "ada@example.org", "password": PASSWORD});
    let (_, signed_up) = client.post("/api/v1/users/signup", &sign_up).await.unwrap();
    client.token = signed_up["token"].as_str().map(str::to_owned);
    eprintln!("after sign-up: {}", copies(program.process(), PASSWORD));
    let log_in = json!({"email": "ada@example.org", "password": PASSWORD});
    client.post("/api/v1/users/login", &log_in).await.unwrap();
    eprintln!("after log-in: {}", copies(program.process(), PASSWORD));
    let change = json!({"currentPassword": PASSWORD, "newPassword": NEW_PASSWORD});
    client.send(Method::PUT, "/api/v1/users/me/password", Some(&change)).await.unwrap();
    eprintln!(
        "after change: {} {}",
        copies(program.process(), PASSWORD),
        copies(program.process(), NEW_PASSWORD)
    );
    assert_eq!([PASSWORD, NEW_PASSWORD].map(|text| copies(program.process(), text)), [0, 0]);
}
