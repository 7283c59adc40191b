//! Mails that wait are sent once, whatever happens to the servers.

use std::{collections::HashSet, net::SocketAddr, time::Duration};

use serde_json::json;
use tokio::{
    io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader},
    net::{TcpListener, TcpStream},
    sync::mpsc,
    time::timeout,
};

use crate::backup::new_postgres_database;
use crate::program::Program;

/// A mail server, whose mails are received here.
struct MailServer {
    address: SocketAddr,
    mails: mpsc::UnboundedReceiver<String>,
}

impl MailServer {
    async fn start(address: SocketAddr) -> Self {
        let listener = TcpListener::bind(address).await.unwrap();
        let (taken, mails) = mpsc::unbounded_channel();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(session(stream, taken.clone()));
            }
        });
        Self { address, mails }
    }

    /// Those that come until none has come for this time.
    async fn mails(&mut self, pause: Duration) -> Vec<String> {
        let mut mails = Vec::new();
        while let Ok(Some(mail)) = timeout(pause, self.mails.recv()).await {
            mails.push(mail);
        }
        mails
    }
}

async fn session(stream: TcpStream, taken: mpsc::UnboundedSender<String>) -> Option<()> {
    let mut stream = BufReader::new(stream);
    stream.write_all(b"220 mail.example.com\r\n").await.ok()?;
    let (mut line, mut mail) = (String::new(), None::<String>);
    while stream.read_line(&mut line).await.ok()? > 0 {
        match (&mut mail, line.trim_end()) {
            (Some(_), ".") => {
                taken.send(mail.take()?).ok()?;
                stream.write_all(b"250 accepted\r\n").await.ok()?;
            }
            (Some(mail), _) => mail.push_str(&line),
            (None, "DATA") => {
                mail = Some(String::new());
                stream.write_all(b"354 go ahead\r\n").await.ok()?;
            }
            (None, _) => stream.write_all(b"250 fine\r\n").await.ok()?,
        }
        line.clear();
    }
    Some(())
}

fn token(mail: &str) -> &str {
    mail.lines().find_map(|line| line.split_once('#')).unwrap().1
}

#[tokio::test(flavor = "multi_thread")]
async fn mail_that_waits_for_a_retry_survives_kill_9_and_arrives_once() {
    let folder = tempfile::tempdir().unwrap();
    // A port at which no server listens yet.
    let address = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let smtp = format!("smtp://{address}");
    let settings = [("SMTP_URL", smtp.as_str())];
    let program = Program::start_with(folder.path(), &settings);
    program.signed_up("ada@example.org").await;
    program.logged("will be retried").await;
    program.kill_9();

    let mut server = MailServer::start(address).await;
    let program = Program::start_with(folder.path(), &settings);
    let mail = timeout(Duration::from_secs(30), server.mails.recv()).await.unwrap().unwrap();
    assert!(mail.contains("To: ada@example.org"), "{mail}");
    let link = json!({"token": token(&mail)});
    let (status, answer) = program.client().post("/api/v1/users/verification/confirm", &link).await.unwrap();
    assert_eq!(status, 204, "{answer}");
    assert_eq!(server.mails(Duration::from_secs(7)).await, Vec::<String>::new(), "longer than a retry takes");
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs a server: .ci/with-postgres cargo test -- --include-ignored"]
async fn two_servers_send_each_of_200_mails_once_postgres() {
    let mut server = MailServer::start("127.0.0.1:0".parse().unwrap()).await;
    let (database, smtp) = (new_postgres_database().await, format!("smtp://{}", server.address));
    let settings = [("SMTP_URL", smtp.as_str()), ("DATABASE_URL", database.as_str())];
    let folders = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
    let programs = folders.each_ref().map(|folder| Program::start_with(folder.path(), &settings));
    programs[0].signed_up("ada@example.org").await;
    for number in 0..199 {
        let body = json!({"email": "ada@example.org"});
        let client = programs[number % 2].client();
        let (status, answer) = client.post("/api/v1/users/password-reset", &body).await.unwrap();
        assert_eq!(status, 202, "{answer}");
    }
    let mails = server.mails(Duration::from_secs(5)).await;
    let tokens: HashSet<_> = mails.iter().map(|mail| token(mail)).collect();
    assert_eq!((mails.len(), tokens.len()), (200, 200));
    let sent = programs.map(|it| it.log().iter().filter(|line| line.contains("A mail was sent")).count());
    assert!(sent.iter().all(|sent| *sent > 0) && sent.iter().sum::<usize>() == 200, "{sent:?}");
}
