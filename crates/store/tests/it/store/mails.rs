//! The queue of mails: shared by all servers on a database, each mail taken by one at a time, nothing lost by a restart.

use std::collections::BTreeSet;
use std::time::Duration;

use accounts::audit::{Event, Filter};
use accounts::{
    LINK_LIFETIME, LanguageTag, MAX_NEW_MAILS, MAX_RETRIED_MAILS, MailPurpose, NewInvitation, NewMail,
    TokenDigest,
};
use ids::InvitationId;
use rstest_reuse::apply;
use store::{DueMail, MailContent, TakeMail, TakenMail};
use tokio::task::JoinSet;

use super::{Database, TestStore, each_database, email};

const RESET: MailPurpose = MailPurpose::ResetPassword;
const GERMAN: LanguageTag = LanguageTag::parse("de").unwrap();
const MINE_FOR: Duration = Duration::from_mins(2);

impl TestStore {
    pub(super) fn take(&self, digest: TokenDigest) -> TakeMail {
        let now = self.now();
        TakeMail { due_by: now, until: now + MINE_FOR, digest, link_expires_at: now + LINK_LIFETIME, now }
    }

    async fn takes(&self) -> TakenMail {
        let digest = TokenDigest::of(&self.entropy.bytes::<32>());
        self.take_mail(self.take(digest)).await.unwrap()
    }

    #[track_caller]
    fn mail(taken: TakenMail) -> DueMail {
        let TakenMail::Mail(mail) = taken else { panic!("{taken:?}") };
        mail
    }

    async fn queues(&self, name: &str) -> bool {
        let mail = NewMail::Link { purpose: RESET, to: email(name) };
        self.queue_mail(mail, LanguageTag::ENGLISH, self.now(), self.operator()).await.unwrap()
    }
}

#[apply(each_database)]
#[tokio::test]
async fn mail_is_taken_when_it_is_due_and_leaves_the_queue_when_it_was_sent(database: Database) {
    let test = TestStore::on(database).await;
    let ada = test.user("ada").await;
    assert_eq!((test.takes().await, test.next_mail_at().await.unwrap()), (TakenMail::Nothing, None));
    let due_at = test.now() + Duration::from_secs(1);
    let to = email("ADA");
    let by_ada = test.by(ada.id);
    let mail = NewMail::Link { purpose: RESET, to };
    assert!(test.queue_mail(mail, GERMAN, due_at, by_ada).await.unwrap());
    assert_eq!(test.takes().await, TakenMail::Nothing);
    assert_eq!(test.next_mail_at().await.unwrap(), Some(due_at));
    assert_eq!(test.statistics().await.unwrap().mails, 1);
    test.clock.advance(Duration::from_secs(1));
    let mail = TestStore::mail(test.takes().await);
    let content = MailContent::Link { purpose: RESET, user: ada.id, requested_by: Some(ada.id) };
    assert_eq!(mail, DueMail { id: mail.id, tries: 1, content, language: Some(GERMAN), to: ada.email });
    test.remove_mail(&mail).await.unwrap();
    assert_eq!((test.takes().await, test.next_mail_at().await.unwrap()), (TakenMail::Nothing, None));
}

#[apply(each_database)]
#[tokio::test]
async fn mail_of_a_server_that_ended_is_taken_by_another_one_after_its_time(database: Database) {
    let test = TestStore::on(database).await;
    test.user("ada").await;
    assert!(test.queues("ada").await);
    let first = TestStore::mail(test.takes().await);
    test.clock.advance(MINE_FOR.checked_sub(Duration::from_secs(1)).unwrap());
    let other = test.opened_again().await;
    assert_eq!(other.take_mail(test.take(TokenDigest::of(b"2"))).await.unwrap(), TakenMail::Nothing);
    test.clock.advance(Duration::from_secs(1));
    let second = TestStore::mail(other.take_mail(test.take(TokenDigest::of(b"3"))).await.unwrap());
    assert_eq!(second, DueMail { tries: 2, ..first.clone() });
    // The first one comes back too late.
    test.remove_mail(&first).await.unwrap();
    assert!(!test.retry_mail(&first, test.now()).await.unwrap());
    assert!(other.retry_mail(&second, test.now()).await.unwrap());
    assert_eq!(TestStore::mail(test.takes().await).tries, 3);
}

#[apply(each_database)]
#[tokio::test]
async fn each_try_has_a_new_token_and_the_request_is_recorded_once(database: Database) {
    let test = TestStore::on(database).await;
    test.user("ada").await;
    assert!(test.queues("ada").await);
    for token in [&b"first"[..], b"second"] {
        let digest = TokenDigest::of(token);
        let mail = TestStore::mail(test.take_mail(test.take(digest)).await.unwrap());
        assert!(test.mail_token_user(digest, RESET, test.now()).await.unwrap().is_some());
        assert!(test.retry_mail(&mail, test.now()).await.unwrap());
    }
    let filter = Filter { event: Some(Event::PasswordResetRequested), ..Filter::default() };
    assert_eq!(test.count_audit_log(filter).await.unwrap(), 1);
}

#[apply(each_database)]
#[tokio::test]
async fn mail_is_in_the_language_that_the_user_has_chosen_else_in_that_of_the_request(database: Database) {
    let test = TestStore::on(database).await;
    let ada = test.user("ada").await;
    let french = LanguageTag::parse("fr").unwrap();
    let requests = async || {
        let mail = NewMail::Link { purpose: RESET, to: email("ada") };
        assert!(test.queue_mail(mail, GERMAN, test.now(), test.operator()).await.unwrap());
        TestStore::mail(test.takes().await).language
    };
    assert_eq!(test.language_of(ada.id).await.unwrap(), None);
    assert_eq!(requests().await, Some(GERMAN));
    test.choose_language(french, test.by(ada.id)).await.unwrap();
    assert_eq!(test.language_of(ada.id).await.unwrap(), Some(french));
    assert_eq!(requests().await, Some(french));
    assert!(test.choose_language(french, test.operator()).await.is_err(), "the operator is no user");
}

#[apply(each_database)]
#[tokio::test]
async fn invitation_is_mailed_with_a_token_of_its_own_while_it_is_good(database: Database) {
    let test = TestStore::on(database).await;
    let ida = email("ida");
    let invites = async |shown: TokenDigest| {
        let id = InvitationId::new(test.now(), test.entropy.bytes());
        let expires_at = test.now() + Duration::from_hours(1);
        let new = NewInvitation { id, digest: shown, email: Some(email("ida")), expires_at };
        test.create_invitation(new, test.operator()).await.unwrap();
        assert!(
            test.queue_mail(NewMail::Invitation(id), LanguageTag::ENGLISH, test.now(), test.operator())
                .await
                .unwrap()
        );
        id
    };
    let (shown, mailed) = (TokenDigest::of(b"shown"), TokenDigest::of(b"mailed"));
    let id = invites(shown).await;
    let mail = TestStore::mail(test.take_mail(test.take(mailed)).await.unwrap());
    assert_eq!((mail.content, &mail.to), (MailContent::Invitation, &ida));
    for digest in [shown, mailed] {
        assert!(test.is_invited(digest, &ida, test.now()).await.unwrap());
        assert!(!test.is_invited(digest, &email("eve"), test.now()).await.unwrap());
    }
    test.revoke_invitation(id, test.operator()).await.unwrap();
    assert_eq!(test.next_mail_at().await.unwrap(), None, "an invitation takes its mail with it");
    invites(TokenDigest::of(b"late")).await;
    test.clock.advance(Duration::from_hours(1));
    assert_eq!((test.takes().await, test.takes().await), (TakenMail::Unwanted, TakenMail::Nothing));
}

#[apply(each_database)]
#[tokio::test]
async fn queue_is_bounded_and_mails_that_wait_for_a_retry_have_room_of_their_own(database: Database) {
    let test = TestStore::on(database).await;
    let ada = test.user("ada").await;
    assert!(test.queues("ada").await);
    let mail = TestStore::mail(test.takes().await);
    // As many rows as are allowed, with the one that is there.
    let sql = format!(
        "INSERT INTO mails (purpose, email, tries, due_at)
         SELECT purpose, email, tries, due_at FROM mails
         CROSS JOIN (WITH RECURSIVE n (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < {}) SELECT n FROM n) AS n
         RETURNING 1",
        MAX_RETRIED_MAILS - 1
    );
    test.sql_all(&sql).await;
    for _ in 0..MAX_NEW_MAILS {
        assert!(test.queues("ada").await, "a retry takes no room of new mails");
    }
    assert!(!test.queues("ada").await);
    assert!(test.retry_mail(&mail, test.now() + MINE_FOR).await.unwrap());
    // A new mail is tried, and there is no room for it to wait.
    let other = TestStore::mail(test.takes().await);
    assert_eq!(other.tries, 1);
    assert!(!test.retry_mail(&other, test.now()).await.unwrap());
    assert!(test.queues("nobody").await, "it has left the queue");
    assert_eq!(other.to, ada.email);
}

/// Two servers take mails at the same time, eight at a time each.
#[apply(each_database)]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_servers_take_each_of_200_mails_once(database: Database) {
    let test = TestStore::on(database).await;
    test.user("ada").await;
    for _ in 0..200 {
        assert!(test.queues("ada").await);
    }
    let mut tasks = JoinSet::new();
    for store in [test.opened_again().await, test.opened_again().await] {
        for task in 0..8_u8 {
            let (store, take, bytes) =
                (store.clone(), test.take(TokenDigest::of(b"")), test.entropy.bytes::<8>());
            tasks.spawn(async move {
                let mut ids = Vec::new();
                for number in 0_u32.. {
                    let digest = TokenDigest::of(format!("{bytes:?} {task} {number}").as_bytes());
                    match store.take_mail(TakeMail { digest, ..take }).await.unwrap() {
                        TakenMail::Mail(mail) => {
                            ids.push(mail.id);
                            store.remove_mail(&mail).await.unwrap();
                        }
                        _ => break,
                    }
                }
                ids
            });
        }
    }
    let taken: Vec<_> = tasks.join_all().await.into_iter().flatten().collect();
    assert_eq!((taken.len(), taken.iter().collect::<BTreeSet<_>>().len()), (200, 200));
    assert_eq!(test.next_mail_at().await.unwrap(), None);
}
