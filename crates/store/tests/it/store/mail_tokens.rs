//! Links in mails: good once, soon, for the address they were sent to, and for what they are for.

use std::time::Duration;

use accounts::audit::Filter;
use accounts::{LanguageTag, MailPurpose, NewMail, NewUser, PasswordHash, TokenDigest, User};
use ids::UserId;
use rstest_reuse::apply;
use store::{Access, ApiTokens, ChangePassword, Context, DueMail, MailContent, TakenMail};
use tokio::task::JoinSet;

use super::sessions::sign_up;
use super::users::move_to;
use super::{Database, TestStore, each_database, email, new_user};

fn hash(last: char) -> PasswordHash {
    PasswordHash::parse(&format!("$2b$10${}{last}", "a".repeat(52))).unwrap()
}

impl TestStore {
    /// A user with an unverified address.
    async fn signs_up(&self, name: &str) -> User {
        let new = NewUser { password_hash: Some(hash('a')), ..new_user(name) };
        self.sign_up(sign_up(new, self.new_session(), None), self.now()).await.unwrap().0
    }

    async fn is_sent(&self, to: &str, purpose: MailPurpose) -> Option<(TokenDigest, User)> {
        let mail = NewMail::Link { purpose, to: email(to) };
        assert!(self.queue_mail(mail, LanguageTag::ENGLISH, self.now(), self.operator()).await.unwrap());
        let digest = TokenDigest::of(&self.entropy.bytes::<32>());
        let taken = self.take_mail(self.take(digest)).await.unwrap();
        let TakenMail::Mail(DueMail { content: MailContent::Link { user, .. }, to, .. }) = &taken else {
            assert_eq!(taken, TakenMail::Unwanted);
            return None;
        };
        let user = self.user_of(*user).await;
        assert_eq!(*to, user.email);
        Some((digest, user))
    }

    async fn user_of(&self, id: UserId) -> User {
        self.store.user(id).await.unwrap().unwrap()
    }

    async fn verification(&self, to: &str) -> TokenDigest {
        self.is_sent(to, MailPurpose::VerifyEmail).await.unwrap().0
    }

    async fn reset(&self, to: &str) -> TokenDigest {
        self.is_sent(to, MailPurpose::ResetPassword).await.unwrap().0
    }

    async fn verifies(&self, digest: TokenDigest) -> bool {
        self.verify_email(digest, self.operator()).await.unwrap().is_some()
    }

    async fn resets(&self, digest: TokenDigest) -> bool {
        let is_good = self.mail_token_user(digest, MailPurpose::ResetPassword, self.now()).await.unwrap();
        let done = self.reset_password(digest, hash('b'), self.operator()).await.unwrap();
        assert_eq!(done.is_some(), is_good.is_some(), "looking and using must agree");
        done.is_some()
    }

    async fn password_hash(&self, name: &str) -> Option<PasswordHash> {
        self.user_by_email(&email(name)).await.unwrap().unwrap().1
    }
}

#[apply(each_database)]
#[tokio::test]
async fn sign_up_needs_verification_and_an_added_user_does_not(database: Database) {
    let test = TestStore::on(database).await;
    assert!(test.user("root").await.email_verified);
    let alice = test.signs_up("alice").await;
    assert!(!alice.email_verified);
    let (token, to) = test.is_sent("ALICE", MailPurpose::VerifyEmail).await.unwrap();
    assert_eq!(to, alice, "the stored address, whatever was asked for");
    let later = test.later();
    let verified = test.verify_email(token, Context::operator(later)).await.unwrap().unwrap();
    assert_eq!(verified, User { email_verified: true, updated_at: later, ..alice });
    assert_eq!(test.is_sent("alice", MailPurpose::VerifyEmail).await, None, "once is enough");
}

#[apply(each_database)]
#[tokio::test]
async fn both_of_two_verification_mails_work_and_one_event_is_recorded(database: Database) {
    let test = TestStore::on(database).await;
    test.signs_up("alice").await;
    let (first, second) = (test.verification("alice").await, test.verification("alice").await);
    assert!(test.verifies(second).await && test.verifies(first).await);
    let entries = test.entries(Filter::default(), 1000).await;
    assert_eq!(entries.iter().filter(|entry| entry.event == "email_verified").count(), 1);
}

#[apply(each_database)]
#[tokio::test]
async fn mail_token_expires_after_half_an_hour(database: Database) {
    let test = TestStore::on(database).await;
    test.signs_up("alice").await;
    let (token, other) = (test.reset("alice").await, test.verification("alice").await);
    test.clock.advance(Duration::from_mins(29));
    let still = test.mail_token_user(token, MailPurpose::ResetPassword, test.now()).await.unwrap();
    assert!(still.is_some());
    test.clock.advance(Duration::from_mins(1));
    assert!(!test.resets(token).await && !test.verifies(other).await);
}

#[apply(each_database)]
#[tokio::test]
async fn mail_token_is_bound_to_its_purpose(database: Database) {
    let test = TestStore::on(database).await;
    test.signs_up("alice").await;
    let (verification, reset) = (test.verification("alice").await, test.reset("alice").await);
    assert!(!test.resets(verification).await && !test.verifies(reset).await);
    assert_eq!(test.password_hash("alice").await, Some(hash('a')));
    assert!(!test.resets(TokenDigest::of(b"made up")).await);
    assert!(test.verifies(verification).await && test.resets(reset).await);
}

#[apply(each_database)]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn one_of_100_concurrent_uses_of_a_mail_token_succeeds(database: Database) {
    let test = TestStore::on(database).await;
    test.signs_up("alice").await;
    let token = test.reset("alice").await;
    let mut tasks = JoinSet::new();
    for _ in 0..100 {
        let (store, now) = (test.store.clone(), test.now());
        tasks.spawn(
            async move { store.reset_password(token, hash('b'), Context::operator(now)).await.unwrap() },
        );
    }
    assert_eq!(tasks.join_all().await.into_iter().flatten().count(), 1);
}

#[apply(each_database)]
#[tokio::test]
async fn password_reset_ends_sessions_tokens_and_links(database: Database) {
    let test = TestStore::on(database).await;
    let alice = test.signs_up("alice").await;
    let session = test.logs_in_with(&alice, Some(&hash('a'))).await;
    let (api_token, _) = test.api_token(&alice).await;
    let (token, other) = (test.reset("alice").await, test.verification("alice").await);

    let later = test.later();
    let after = test.reset_password(token, hash('b'), Context::operator(later)).await.unwrap().unwrap();

    assert_eq!(
        after,
        User { email_verified: true, updated_at: later, ..alice.clone() },
        "the mail has arrived"
    );
    assert_eq!(test.password_hash("alice").await, Some(hash('b')));
    assert!(!test.alive(alice.id, &session).await);
    assert_eq!(test.api_token_user(api_token).await.unwrap(), None);
    assert!(!test.resets(token).await && !test.verifies(other).await);
    let entries = test.entries(Filter::default(), 2).await;
    let noted: Vec<_> = entries.iter().map(|entry| entry.event.as_str()).collect();
    assert_eq!(noted, ["api_tokens_revoked", "password_reset"]);
}

#[apply(each_database)]
#[tokio::test]
async fn password_address_and_access_changes_end_mail_tokens(database: Database) {
    for change in 0..4 {
        let test = TestStore::on(database).await;
        let alice = test.signs_up("alice").await;
        let (reset, verification) = (test.reset("alice").await, test.verification("alice").await);
        let (now, key) = (test.now(), &alice.email);
        match change {
            0 => {
                let (old, api_tokens) = (Some(hash('a')), ApiTokens::Kept);
                let change = ChangePassword { user: alice.id, old, new: hash('c'), keep: None, api_tokens };
                assert!(test.change_password(change, Context::operator(now)).await.unwrap());
            }
            1 => {
                let password = hash('a');
                let to = |name| {
                    test.update_profile(
                        move_to(alice.id, email(name), Some(password.clone())),
                        Context::operator(now),
                    )
                };
                assert!(!to("ada").await.unwrap().unwrap().email_verified);
                // And back: what was sent before is not good again.
                to("alice").await.unwrap();
            }
            2 => {
                test.set_access(key, Access::Disabled, Context::operator(now)).await.unwrap();
                test.set_access(key, Access::Enabled, Context::operator(now)).await.unwrap();
            }
            _ => assert!(test.delete_user(alice.id, Some(&hash('a')), Context::operator(now)).await.unwrap()),
        }
        assert!(!test.resets(reset).await && !test.verifies(verification).await, "{change}");
    }
}

#[apply(each_database)]
#[tokio::test]
async fn unknown_and_disabled_accounts_get_no_mail_token(database: Database) {
    let test = TestStore::on(database).await;
    let alice = test.signs_up("alice").await;
    test.set_access(&alice.email, Access::Disabled, test.operator()).await.unwrap();
    for (name, purpose) in [
        ("nobody", MailPurpose::VerifyEmail),
        ("nobody", MailPurpose::ResetPassword),
        ("alice", MailPurpose::VerifyEmail),
        ("alice", MailPurpose::ResetPassword),
    ] {
        assert_eq!(test.is_sent(name, purpose).await, None, "{name}");
    }
    let entries = test.entries(Filter::default(), 2).await;
    let noted: Vec<_> = entries.iter().map(|entry| (entry.event.as_str(), entry.subject)).collect();
    assert_eq!(noted, [("password_reset_requested", None), ("password_reset_requested", None)]);
}
