use std::{fs, future::pending, os::unix::fs::PermissionsExt as _, path::PathBuf};

use accounts::{Name, NewInvitation, NewUser, Role, TokenDigest, audit::Event, audit::Filter};
use store::{Access, DatabaseUrl, Page};
use tempfile::TempDir;
use tokio::{
    io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader},
    net::{TcpListener, TcpStream},
    sync::oneshot,
    time::Instant,
};

use super::worker::CONCURRENT;
use super::*;
use crate::clock::Clock;
use crate::entropy::Entropy;

/// A mailer with one account, `Ada@example.org`.
struct Service {
    folder: TempDir,
    store: Store,
    mailer: Mailer,
    worker: MailWorker,
}

impl Service {
    async fn with(transport: impl FnOnce(PathBuf, &Clock) -> Transport) -> Self {
        Self::with_pause(Duration::ZERO, transport).await
    }

    async fn with_pause(pause: Duration, transport: impl FnOnce(PathBuf, &Clock) -> Transport) -> Self {
        let clock = Clock::stopped("2026-01-01T12:00:00Z".parse().unwrap());
        Self::with_clock(clock, pause, transport).await
    }

    async fn with_clock(
        clock: Clock,
        pause: Duration,
        transport: impl FnOnce(PathBuf, &Clock) -> Transport,
    ) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let url = DatabaseUrl::parse(&format!("sqlite:{}", folder.path().join("test.db").display())).unwrap();
        let store = Store::open(&url, clock.now()).await.unwrap();
        let (name, email) = (Name::parse("Ada").unwrap(), address("Ada@example.org"));
        let ada = NewUser { name, email, password_hash: None, role: Role::User };
        store.create_user(ada, clock.now()).await.unwrap();
        let (mailer, worker) = Mailer::new(MailerConfig {
            store: store.clone(),
            clock: clock.clone(),
            entropy: Entropy::seeded(1),
            template: MailTemplate {
                from: "Recipes <recipes@example.com>".parse().unwrap(),
                site: "https://example.com/food/".parse().unwrap(),
            },
            transport: transport(folder.path().join("outbox"), &clock),
            retry_pauses: [pause; 3],
        });
        Self { folder, store, mailer, worker }
    }

    async fn with_outbox() -> Self {
        Self::with(outbox).await
    }

    async fn requests(&self, to: &str) {
        requests(&self.mailer, to).await;
    }

    async fn delivers(&self) {
        self.worker.deliver_waiting().await.unwrap();
    }

    fn outbox(&self) -> Vec<PathBuf> {
        let Ok(entries) = fs::read_dir(self.folder.path().join("outbox")) else { return Vec::new() };
        entries.map(|entry| entry.unwrap().path()).collect()
    }
}

fn outbox(folder: PathBuf, clock: &Clock) -> Transport {
    Transport::Outbox(Outbox { folder, clock: clock.clone(), entropy: Entropy::seeded(2) })
}

async fn requests(mailer: &Mailer, to: &str) {
    mailer
        .request_link(MailPurpose::ResetPassword, &address(to), Actor::OPERATOR, LanguageTag::ENGLISH)
        .await
        .unwrap();
}

fn address(text: &str) -> Email {
    Email::parse(text).unwrap()
}

#[tokio::test]
async fn mail_goes_to_the_stored_address_with_the_token_in_the_fragment() {
    let service = Service::with_outbox().await;
    service.requests("ADA@example.org").await;
    service.delivers().await;
    let mail = fs::read_to_string(&service.outbox()[0]).unwrap();
    let (head, body) = mail.split_once("\r\n\r\n").unwrap();
    for line in [
        "From: Recipes <recipes@example.com>",
        "To: Ada@example.org",
        "Subject: Choose a new password",
        "Date: Thu, 01 Jan 2026 12:00:00 +0000",
        "Auto-Submitted: auto-generated",
        "Content-Type: text/plain; charset=utf-8",
        "Content-Transfer-Encoding: 7bit",
    ] {
        assert!(head.lines().any(|it| it == line), "no {line} in {head}");
    }
    assert!(head.contains("\r\nMessage-ID: <") && head.contains("@example.com>"), "{head}");
    let link = body.lines().find(|line| line.starts_with("https://")).unwrap();
    assert_eq!(link, "https://example.com/food");
    let (page, token) = body.lines().find_map(|line| line.split_once('#')).unwrap();
    assert_eq!((page, token.len()), ("https://example.com/food/account/reset-password", 43));
    let digest = TokenDigest::of(token.as_bytes());
    let now = "2026-01-01T12:29:59Z".parse().unwrap();
    let user = service.store.mail_token_user(digest, MailPurpose::ResetPassword, now).await.unwrap();
    assert_eq!(user.unwrap().email, address("Ada@example.org"));
    assert!(!body.contains("Ada"), "text of the user: {body}");
}

#[tokio::test]
async fn mail_is_written_some_time_after_its_request() {
    let service = Service::with_clock(Clock::system(), Duration::ZERO, outbox).await;
    let Service { folder: _folder, store, mailer, worker } = service;
    let (working, requested_at) = (tokio::spawn(worker.run(pending())), Instant::now());
    requests(&mailer, "ada@example.org").await;
    let filter = Filter { event: Some(Event::PasswordResetRequested), ..Filter::default() };
    while store.count_audit_log(filter).await.unwrap() == 0 {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert!(requested_at.elapsed() >= MIN_DELAY);
    working.abort();
}

#[tokio::test]
async fn outbox_is_readable_by_its_owner_only() {
    let service = Service::with_outbox().await;
    for _ in 0..3 {
        service.requests("ada@example.org").await;
    }
    service.delivers().await;
    let mode = |path: &PathBuf| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&service.folder.path().join("outbox")), 0o700);
    let mails = service.outbox();
    assert_eq!(mails.len(), 3);
    for mail in mails {
        let name = mail.file_name().unwrap().to_str().unwrap();
        assert!(name.starts_with("20260101T120000.000000Z-"), "{name}");
        assert_eq!(mail.extension().unwrap(), "eml");
        assert_eq!(mode(&mail), 0o600);
    }
}

#[tokio::test]
async fn outbox_deletes_the_oldest_mails_and_no_other_files() {
    let service = Service::with_outbox().await;
    let outbox = service.folder.path().join("outbox");
    fs::create_dir(&outbox).unwrap();
    fs::write(outbox.join("20250101-mine.txt"), "").unwrap();
    fs::write(outbox.join(".20240101T000000.eml"), "being written").unwrap();
    for n in 0..1_000 {
        fs::write(outbox.join(format!("20250101T{n:06}.eml")), "").unwrap();
    }
    service.requests("ada@example.org").await;
    service.delivers().await;
    assert!(!outbox.join("20250101T000000.eml").exists());
    assert!(outbox.join("20250101T000001.eml").exists());
    assert!(outbox.join(".20240101T000000.eml").exists());
    assert_eq!(service.outbox().len(), 1_002, "with the files that are not mails");
}

#[tokio::test]
async fn mail_is_written_although_an_old_one_cannot_be_deleted() {
    let clock = Clock::stopped("2026-01-01T12:00:00Z".parse().unwrap());
    let outbox_in =
        |folder: PathBuf| Transport::Outbox(Outbox { folder, clock, entropy: Entropy::seeded(2) });
    let service = Service::with_pause(HOUR, |folder, _| outbox_in(folder)).await;
    let outbox = service.folder.path().join("outbox");
    // A folder cannot be deleted as a file.
    fs::create_dir_all(outbox.join("20250101T000000.eml")).unwrap();
    for n in 1..1_000 {
        fs::write(outbox.join(format!("20250101T{n:06}.eml")), "").unwrap();
    }
    service.requests("ada@example.org").await;
    in_time(service.delivers()).await;
    assert_eq!(service.outbox().len(), 1_001);
}

#[tokio::test]
async fn unknown_verified_and_disabled_accounts_get_no_mail() {
    let service = Service::with_outbox().await;
    // An unknown address; and an account of the operator, which counts as verified.
    service.requests("eve@example.org").await;
    service
        .mailer
        .request_link(
            MailPurpose::VerifyEmail,
            &address("ada@example.org"),
            Actor::OPERATOR,
            LanguageTag::ENGLISH,
        )
        .await
        .unwrap();
    service.delivers().await;
    let now = "2026-01-01T12:00:00Z".parse().unwrap();
    let (ada, operator) = (address("ada@example.org"), Context::operator(now));
    service.store.set_access(&ada, Access::Disabled, operator).await.unwrap();
    service.requests("ada@example.org").await;
    service.delivers().await;
    assert_eq!(service.outbox(), Vec::<PathBuf>::new());
}

#[tokio::test]
async fn shutdown_sends_queued_mails_and_later_ones_wait_for_the_next_start() {
    let service = Service::with_outbox().await;
    for _ in 0..20 {
        service.requests("ada@example.org").await;
    }
    let Service { folder, store, mailer, worker } = service;
    worker.run(std::future::ready(())).await;
    assert_eq!(fs::read_dir(folder.path().join("outbox")).unwrap().count(), 20);
    requests(&mailer, "ada@example.org").await;
    let noted = store.audit_log(Filter::default(), Page::default()).await.unwrap().rows;
    assert_eq!(noted.iter().filter(|entry| entry.event == "password_reset_requested").count(), 20);
    assert_eq!(store.statistics().await.unwrap().mails, 1);
}

/// A mail server that refuses the first recipients with these responses. Returns the mail that it accepts.
async fn mail_server(refusals: &'static [&'static str]) -> (String, oneshot::Receiver<(usize, String)>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("smtp://{}", listener.local_addr().unwrap());
    let (taken, mail) = oneshot::channel();
    tokio::spawn(async move {
        let mut connections = 0;
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            let refusal = refusals.get(connections).copied();
            connections += 1;
            if let Some(mail) = session(stream, refusal).await {
                let _ = taken.send((connections, mail));
                return pending().await;
            }
        }
    });
    (url, mail)
}

async fn session(stream: TcpStream, refusal: Option<&str>) -> Option<String> {
    let mut stream = BufReader::new(stream);
    stream.write_all(b"220 mail.example.com\r\n").await.unwrap();
    let mut line = String::new();
    while stream.read_line(&mut line).await.unwrap_or(0) > 0 {
        let answer = match line.split([' ', '\r']).next().unwrap() {
            "RCPT" if refusal.is_some() => refusal.unwrap(),
            "DATA" => {
                stream.write_all(b"354 go ahead\r\n").await.unwrap();
                let mut text = Vec::new();
                while !text.ends_with(b"\r\n.\r\n") {
                    text.push(stream.read_u8().await.unwrap());
                }
                let _ = stream.write_all(b"250 accepted\r\n").await;
                return String::from_utf8(text).ok();
            }
            "QUIT" => "221 bye",
            _ => "250 fine",
        };
        let _ = stream.write_all(format!("{answer}\r\n").as_bytes()).await;
        line.clear();
    }
    None
}

async fn in_time<T>(coming: impl Future<Output = T>) -> T {
    tokio::time::timeout(Duration::from_secs(30), coming).await.unwrap()
}

async fn sent_through(url: &str) -> Service {
    let smtp = Smtp::new(&url.to_owned().into()).unwrap();
    let service = Service::with(|_, _| Transport::Smtp(smtp)).await;
    assert!(service.mailer.has_server() && !Service::with_outbox().await.mailer.has_server());
    service.requests("ada@example.org").await;
    service.delivers().await;
    service
}

#[tokio::test]
async fn temporary_refusal_is_retried() {
    let (url, taken) = mail_server(&["451 later", "421 busy"]).await;
    sent_through(&url).await;
    let (connections, mail) = in_time(taken).await.unwrap();
    assert_eq!(connections, 3);
    assert!(mail.contains("https://example.com/food/account/reset-password#"), "{mail}");
}

#[tokio::test]
async fn mail_server_that_takes_7_bits_only_gets_chinese_mails() {
    let (url, taken) = mail_server(&[]).await;
    let smtp = Smtp::new(&url.into()).unwrap();
    let service = Service::with(|_, _| Transport::Smtp(smtp)).await;
    let (to, chinese) = (address("ada@example.org"), LanguageTag::parse("zh").unwrap());
    let purpose = MailPurpose::ResetPassword;
    service.mailer.request_link(purpose, &to, Actor::OPERATOR, chinese).await.unwrap();
    service.delivers().await;
    let (_, mail) = in_time(taken).await.unwrap();
    assert!(mail.is_ascii() && mail.contains("\r\nContent-Language: zh\r\n"), "{mail}");
    assert!(mail.contains("\r\nContent-Transfer-Encoding: base64\r\n"), "{mail}");
}

#[tokio::test]
async fn permanent_refusal_is_not_retried_and_retries_are_bounded() {
    let never: &[&str] = &["550 no such mailbox"];
    let (url, taken) = mail_server(never).await;
    let service = sent_through(&url).await;
    service.requests("ada@example.org").await;
    service.delivers().await;
    assert_eq!(in_time(taken).await.unwrap().0, 2, "one refusal, then the next mail");
    let (url, mut taken) = mail_server(&["451 later"; 4]).await;
    sent_through(&url).await;
    assert!(taken.try_recv().is_err(), "four attempts at most");
}

const HOUR: Duration = Duration::from_hours(1);

#[tokio::test]
async fn mails_that_wait_for_a_retry_do_not_hold_up_others() {
    let (url, taken) = mail_server(&["451 later"; CONCURRENT]).await;
    let smtp = Smtp::new(&url.into()).unwrap();
    let service = Service::with_clock(Clock::system(), HOUR, |_, _| Transport::Smtp(smtp)).await;
    for _ in 0..=CONCURRENT {
        service.requests("ada@example.org").await;
    }
    let working = tokio::spawn(service.worker.run(pending()));
    assert_eq!(in_time(taken).await.unwrap().0, CONCURRENT + 1);
    working.abort();
}

#[tokio::test]
async fn address_that_the_server_does_not_support_is_not_retried() {
    let (url, _taken) = mail_server(&[]).await;
    let smtp = Smtp::new(&url.into()).unwrap();
    let service = Service::with_pause(HOUR, |_, _| Transport::Smtp(smtp)).await;
    let now = Clock::stopped("2026-01-01T12:00:00Z".parse().unwrap()).now();
    let id = InvitationId::new(now, [7; 10]);
    let (digest, email) = (TokenDigest::of(b"shown"), Some(address("j\u{fc}rgen@example.org")));
    let new = NewInvitation { id, digest, email, expires_at: now + HOUR };
    service.store.create_invitation(new, Context::operator(now)).await.unwrap();
    service.mailer.invite(id, Actor::OPERATOR, LanguageTag::ENGLISH).await.unwrap();
    in_time(service.delivers()).await;
    assert_eq!(service.store.next_mail_at().await.unwrap(), None, "given up");
}
