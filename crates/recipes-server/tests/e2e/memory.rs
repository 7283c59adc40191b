//! The memory budget of the real program.

use std::{
    io::{Read as _, Write as _},
    net::TcpStream,
    time::Duration,
};

use crate::program::{Client, Program, recipe};

const LARGE: usize = 250_000;

/// Sends a large body but for its end.
fn unfinished(program: &Program, client: &Client) -> TcpStream {
    let mut stream = TcpStream::connect(&program.address).unwrap();
    write!(
        stream,
        "POST /api/v1/recipes HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\nauthorization: Bearer {}\r\n\
         content-length: {LARGE}\r\n\r\n",
        client.token.as_deref().unwrap(),
    )
    .unwrap();
    // The program may have refused it and closed the connection.
    let _ = stream.write_all(&vec![b' '; LARGE - 1]);
    stream
}

#[tokio::test(flavor = "multi_thread")]
async fn bodies_beyond_the_budget_are_503_until_others_end() {
    let folder = tempfile::tempdir().unwrap();
    let program = Program::start_with(folder.path(), &[("MEMORY_BUDGET", "16777216")]);
    let client = program.signed_up("ada@example.org").await;
    let mut held = Vec::new();
    let response = loop {
        assert!(held.len() < 300, "every body is read");
        let mut stream = unfinished(&program, &client);
        stream.set_read_timeout(Some(Duration::from_millis(50))).unwrap();
        let mut response = [0; 4_096];
        match stream.read(&mut response) {
            Ok(read) => break String::from_utf8_lossy(&response[..read]).into_owned(),
            Err(_) => held.push(stream),
        }
    };
    assert!(response.starts_with("HTTP/1.1 503 "), "{response}");
    assert!(response.contains("\r\nretry-after: 2\r\n") && response.contains("\"overloaded\""), "{response}");
    // Small ones are not counted.
    assert_eq!(client.post("/api/v1/recipes", &recipe("Soup")).await.unwrap().0, 201);

    drop(held);
    let mut large = recipe("Stew");
    large["instructions"] = vec!["x".repeat(4_000); 60].into();
    for _ in 0..100 {
        if client.post("/api/v1/recipes", &large).await.unwrap().0 == 201 {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("the budget is still used up");
}
