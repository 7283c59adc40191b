//! The program under test, and a client that talks to it over TCP.

use std::{
    io::{BufRead, BufReader},
    path::Path,
    process::{Child, Command, Stdio},
    sync::{Arc, Mutex, mpsc},
    time::Duration,
};

use bytes::Bytes;
use http::{Method, Request, StatusCode, header};
use http_body_util::{BodyExt, Full};
use hyper_util::{
    client::legacy::{Client as Hyper, connect::HttpConnector},
    rt::TokioExecutor,
};
use serde_json::{Value, json};

pub(crate) const SECRET: &str = "a secret for tests, of more than 32 bytes";

/// A running `recipes serve`, killed when dropped.
pub(crate) struct Program {
    child: Child,
    log: Arc<Mutex<Vec<String>>>,
    pub(crate) address: String,
}

impl Program {
    /// Starts on a free port with its data in `folder`, and waits until it listens.
    pub(crate) fn start(folder: &Path) -> Self {
        Self::start_with(folder, &[])
    }

    pub(crate) fn start_with(folder: &Path, variables: &[(&str, &str)]) -> Self {
        Self::spawn(&mut recipes(), folder, variables, true)
    }

    /// Lets another program start it.
    pub(crate) fn start_by(starter: &str, folder: &Path) -> Self {
        Self::spawn(Command::new(starter).arg(env!("CARGO_BIN_EXE_recipes")), folder, &[], true)
    }

    /// The same with a log that is read up to the line about the address and never again.
    pub(crate) fn start_with_unread_log(folder: &Path) -> Self {
        Self::spawn(&mut recipes(), folder, &[], false)
    }

    fn spawn(command: &mut Command, folder: &Path, variables: &[(&str, &str)], reads_log: bool) -> Self {
        let mut child = command
            .arg("serve")
            .current_dir(folder)
            .env_clear()
            .env("PORT", "0")
            .env("RATE_LIMITS", "off")
            .env("DATA_DIR", ".")
            .env("JWT_SECRET", SECRET)
            .envs(variables.iter().copied())
            .stdin(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let stderr = BufReader::new(child.stderr.take().unwrap());
        let (found, address) = mpsc::channel();
        let log = Arc::<Mutex<Vec<String>>>::default();
        let written = Arc::clone(&log);
        std::thread::spawn(move || {
            for line in stderr.lines().map_while(Result::ok) {
                let is_listening = line.contains("Listening on ");
                if let Some((_, rest)) = line.split_once("Listening on http://") {
                    let _ = found.send(Ok(rest.split(' ').next().unwrap_or_default().to_owned()));
                }
                written.lock().unwrap().push(line);
                if is_listening && !reads_log {
                    // Keeps the pipe open.
                    loop {
                        std::thread::park();
                    }
                }
            }
            let _ = found.send(Err(written.lock().unwrap().join("\n")));
        });
        match address.recv_timeout(Duration::from_secs(30)) {
            Ok(Ok(address)) => Self { child, log, address },
            Ok(Err(output)) => panic!("the program ended: {output}"),
            Err(error) => panic!("the program does not listen after 30 s: {error}"),
        }
    }

    /// The lines of the log so far.
    pub(crate) fn log(&self) -> Vec<String> {
        self.log.lock().unwrap().clone()
    }

    /// The first log line with these words, as soon as it is written.
    pub(crate) async fn logged(&self, words: &str) -> String {
        for _ in 0..2_000 {
            if let Some(line) = self.log().into_iter().find(|line| line.contains(words)) {
                return line;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        panic!("no {words} in {:#?}", self.log());
    }

    pub(crate) fn kill_9(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    pub(crate) fn signal(&self, signal: rustix::process::Signal) {
        let id = rustix::process::Pid::from_child(&self.child);
        rustix::process::kill_process(id, signal).unwrap();
    }

    pub(crate) fn process(&self) -> u32 {
        self.child.id()
    }

    /// Waits for the end and returns the exit code.
    pub(crate) fn code(mut self) -> Option<i32> {
        self.child.wait().unwrap().code()
    }

    pub(crate) fn client(&self) -> Client {
        let hyper = Hyper::builder(TokioExecutor::new()).build_http();
        Client { hyper, address: self.address.clone(), token: None, headers: Vec::new() }
    }

    /// A client with the token of a new user.
    pub(crate) async fn signed_up(&self, email: &str) -> Client {
        let mut client = self.client();
        let body = json!({"name": "Tester", "email": email, "password": "a stitch in thyme"});
        let (status, answer) = client.post("/api/v1/users/signup", &body).await.unwrap();
        assert_eq!(status, 200, "{answer}");
        client.token = Some(answer["token"].as_str().unwrap().to_owned());
        client
    }
}

/// Runs another command of the program in this folder, and answers with what it prints.
#[track_caller]
pub(crate) fn run(folder: &Path, arguments: &str, variables: &[(&str, &str)]) -> String {
    let mut command = recipes();
    command.args(arguments.split(' ')).current_dir(folder).env_clear().env("DATA_DIR", ".");
    let output = command.envs(variables.iter().copied()).output().unwrap();
    assert!(output.status.success(), "{arguments}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

fn recipes() -> Command {
    Command::new(env!("CARGO_BIN_EXE_recipes"))
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[derive(Clone)]
pub(crate) struct Client {
    hyper: Hyper<HttpConnector, Full<Bytes>>,
    address: String,
    pub(crate) token: Option<String>,
    pub(crate) headers: Vec<(&'static str, String)>,
}

impl Client {
    pub(crate) fn at(&self, program: &Program) -> Self {
        Self { address: program.address.clone(), ..program.client().with(self.token.clone()) }
    }

    fn with(mut self, token: Option<String>) -> Self {
        self.token = token;
        self
    }

    pub(crate) async fn get(&self, path: &str) -> Result<(StatusCode, Value), String> {
        self.send(Method::GET, path, None).await
    }

    pub(crate) async fn post(&self, path: &str, body: &Value) -> Result<(StatusCode, Value), String> {
        self.send(Method::POST, path, Some(body)).await
    }

    pub(crate) async fn send(
        &self,
        method: Method,
        path: &str,
        body: Option<&Value>,
    ) -> Result<(StatusCode, Value), String> {
        let (status, bytes) = self.bytes(method, path, body).await?;
        Ok((status, serde_json::from_slice(&bytes).unwrap_or(Value::Null)))
    }

    pub(crate) async fn bytes(
        &self,
        method: Method,
        path: &str,
        body: Option<&Value>,
    ) -> Result<(StatusCode, Bytes), String> {
        let mut request = Request::builder().method(method).uri(format!("http://{}{path}", self.address));
        if let Some(token) = &self.token {
            request = request.header(header::AUTHORIZATION, format!("Bearer {token}"));
        }
        for (name, value) in &self.headers {
            request = request.header(*name, value);
        }
        if body.is_some() {
            request = request.header(header::CONTENT_TYPE, "application/json");
        }
        let bytes = body.map(|body| Bytes::from(body.to_string())).unwrap_or_default();
        let answer =
            self.hyper.request(request.body(Full::new(bytes)).unwrap()).await.map_err(|e| e.to_string())?;
        let status = answer.status();
        let bytes = answer.into_body().collect().await.map_err(|e| e.to_string())?.to_bytes();
        Ok((status, bytes))
    }

    /// All recipes, page by page.
    pub(crate) async fn all_recipes(&self) -> Vec<Value> {
        let (mut recipes, mut cursor) = (Vec::new(), String::new());
        loop {
            let (_, page) = self.get(&format!("/api/v1/recipes?limit=1000{cursor}")).await.unwrap();
            recipes.extend(page["data"].as_array().unwrap().iter().cloned());
            match page["nextCursor"].as_str() {
                Some(next) => cursor = format!("&cursor={next}"),
                None => return recipes,
            }
        }
    }
}

pub(crate) fn recipe(name: &str) -> Value {
    json!({"name": name, "healthLabels": [], "cookTimeMinutes": 1, "prepTimeMinutes": null, "ingredients": ["salt"]})
}
