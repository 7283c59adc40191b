//! No password stays in the memory of the process after the request that brought it.

use std::{
    fs::{self, File},
    io::{Read as _, Write as _},
    net::TcpStream,
    os::unix::fs::FileExt as _,
};

use http::Method;
use serde_json::json;

use crate::program::Program;

const PASSWORD: &str = "zebra onion lamp 4711";
const NEW_PASSWORD: &str = "quick violet harbour 1848";

/// Where the text is in the memory of the process, with the bytes before it. The buffer of the connection is left out: it holds
/// the whole request, belongs to hyper, and cannot be wiped.
fn copies(process: u32, text: &str) -> Vec<String> {
    let maps = fs::read_to_string(format!("/proc/{process}/maps")).unwrap();
    let memory = File::open(format!("/proc/{process}/mem")).unwrap();
    let mut found = Vec::new();
    for line in maps.lines() {
        let mut words = line.split_whitespace();
        let (range, access) = (words.next().unwrap(), words.next().unwrap());
        let (start, end) = range.split_once('-').unwrap();
        let [start, end] = [start, end].map(|text| u64::from_str_radix(text, 16).unwrap());
        let mut bytes = vec![0; usize::try_from(end - start).unwrap()];
        // Some mappings of the kernel cannot be read.
        if !access.starts_with("rw") || memory.read_exact_at(&mut bytes, start).is_err() {
            continue;
        }
        // Much faster than a comparison at each byte, in a program that is not optimized.
        let bytes = String::from_utf8_lossy(&bytes);
        let before = bytes.match_indices(text).map(|(at, _)| {
            let before: String = bytes[..at].chars().rev().take(200).collect();
            before.chars().rev().collect::<String>()
        });
        found.extend(before.filter(|before| !before.contains("content-length: ")));
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
    assert_eq!(copies(program.process(), PASSWORD), [""; 0], "after a sign-up");
    let log_in = json!({"email": "ada@example.org", "password": PASSWORD});
    client.post("/api/v1/users/login", &log_in).await.unwrap();
    assert_eq!(copies(program.process(), PASSWORD), [""; 0], "after a log-in");
    let change = json!({"currentPassword": PASSWORD, "newPassword": NEW_PASSWORD});
    client.send(Method::PUT, "/api/v1/users/me/password", Some(&change)).await.unwrap();
    for password in [PASSWORD, NEW_PASSWORD] {
        assert_eq!(copies(program.process(), password), [""; 0], "after a change");
    }
}

/// Sends a request on a connection of its own, as a browser does. The length is the last header, so that a copy of it stands near.
fn exchange(program: &Program, request: &str, form: &str) -> String {
    let mut stream = TcpStream::connect(&program.address).unwrap();
    let head = format!(
        "{request} HTTP/1.1\r\nhost: {}\r\naccept: text/html,application/json\r\nsec-fetch-site: same-origin\r\nconnection: close\r\n\
         content-type: application/x-www-form-urlencoded\r\ncontent-length: {}\r\n\r\n",
        program.address,
        form.len()
    );
    stream.write_all(format!("{head}{form}").as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

#[tokio::test(flavor = "multi_thread")]
async fn no_password_of_a_form_stays_in_memory() {
    const PASSWORD: &str = "zebra-onion-lamp-4711";
    let folder = tempfile::tempdir().unwrap();
    let program = Program::start(folder.path());
    let page = exchange(&program, "GET /sign-up", "");
    let (_, token) = page.split_once("name=\"form_token\" value=\"").unwrap();
    let token = token.split_once('"').unwrap().0;
    let fields =
        format!("name=Ada&email=ada%40example.org&password={PASSWORD}&return_to=%2F&form_token={token}");
    for (request, status) in [
        ("POST /sign-up", "303"),
        ("POST /log-in", "303"),
        ("POST /oauth/log-in", "303"),
        ("POST /api/v1/users/login", "200"),
        ("POST /oauth/token", "40"),
    ] {
        let answer = exchange(&program, request, &fields);
        assert!(answer.starts_with(&format!("HTTP/1.1 {status}")), "{request}: {answer}");
        assert_eq!(copies(program.process(), PASSWORD), [""; 0], "after {request}");
    }
}
