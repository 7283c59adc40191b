//! Links in mails: good once, soon, for the address they were sent to, and for what they are for.

use std::time::Duration;

use accounts::audit::Filter;
use accounts::{LINK_LIFETIME, MailPurpose, NewMailToken, NewUser, PasswordHash, TokenDigest, User};
use store::{Access, ApiTokens, ChangePassword, Context};
use tokio::task::JoinSet;

use super::sessions::sign_up;
use super::users::move_to;
use super::{Kitchen, email, new_user};

fn hash(last: char) -> PasswordHash {
    PasswordHash::parse(&format!("$2b$10${}{last}", "a".repeat(52))).unwrap()
}

impl Kitchen {
    /// Somebody who has signed up, whose address nobody has verified.
    async fn signs_up(&self, name: &str) -> User {
        let new = NewUser { password_hash: Some(hash('a')), ..new_user(name) };
        self.sign_up(sign_up(new, self.new_session(), None), self.now()).await.unwrap().0
    }

    async fn is_sent(&self, to: &str, purpose: MailPurpose) -> Option<(TokenDigest, User)> {
        let digest = TokenDigest::of(&self.entropy.bytes::<32>());
        let new = NewMailToken { digest, purpose, expires_at: self.now() + LINK_LIFETIME };
        let user = self.create_mail_token(&email(to), new, self.operator()).await.unwrap();
        user.map(|user| (digest, user))
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

#[tokio::test]
async fn who_signs_up_is_verified_by_a_mail_and_who_is_added_by_whoever_adds() {
    let kitchen = Kitchen::new().await;
    assert!(kitchen.user("root").await.email_verified);
    let alice = kitchen.signs_up("alice").await;
    assert!(!alice.email_verified);
    let (token, to) = kitchen.is_sent("ALICE", MailPurpose::VerifyEmail).await.unwrap();
    assert_eq!(to, alice, "the stored address, whatever was asked for");
    let later = kitchen.later();
    let verified = kitchen.verify_email(token, Context::operator(later)).await.unwrap().unwrap();
    assert_eq!(verified, User { email_verified: true, updated_at: later, ..alice });
    assert_eq!(kitchen.is_sent("alice", MailPurpose::VerifyEmail).await, None, "once is enough");
}

#[tokio::test]
async fn of_two_mails_the_first_still_counts_and_is_noted_once() {
    let kitchen = Kitchen::new().await;
    kitchen.signs_up("alice").await;
    let (first, second) = (kitchen.verification("alice").await, kitchen.verification("alice").await);
    assert!(kitchen.verifies(second).await && kitchen.verifies(first).await);
    let entries = kitchen.entries(Filter::default(), 1000).await;
    assert_eq!(entries.iter().filter(|entry| entry.event == "email_verified").count(), 1);
}

#[tokio::test]
async fn a_token_is_good_for_half_an_hour() {
    let kitchen = Kitchen::new().await;
    kitchen.signs_up("alice").await;
    let (token, other) = (kitchen.reset("alice").await, kitchen.verification("alice").await);
    kitchen.clock.advance(Duration::from_mins(29));
    let still = kitchen.mail_token_user(token, MailPurpose::ResetPassword, kitchen.now()).await.unwrap();
    assert!(still.is_some());
    kitchen.clock.advance(Duration::from_mins(1));
    assert!(!kitchen.resets(token).await && !kitchen.verifies(other).await);
}

#[tokio::test]
async fn a_token_is_good_for_what_it_is_for() {
    let kitchen = Kitchen::new().await;
    kitchen.signs_up("alice").await;
    let (verification, reset) = (kitchen.verification("alice").await, kitchen.reset("alice").await);
    assert!(!kitchen.resets(verification).await && !kitchen.verifies(reset).await);
    assert_eq!(kitchen.password_hash("alice").await, Some(hash('a')));
    assert!(!kitchen.resets(TokenDigest::of(b"made up")).await);
    assert!(kitchen.verifies(verification).await && kitchen.resets(reset).await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_100_who_use_a_token_at_once_one_does() {
    let kitchen = Kitchen::new().await;
    kitchen.signs_up("alice").await;
    let token = kitchen.reset("alice").await;
    let mut tasks = JoinSet::new();
    for _ in 0..100 {
        let (store, now) = (kitchen.store.clone(), kitchen.now());
        tasks.spawn(
            async move { store.reset_password(token, hash('b'), Context::operator(now)).await.unwrap() },
        );
    }
    assert_eq!(tasks.join_all().await.into_iter().flatten().count(), 1);
}

#[tokio::test]
async fn a_reset_sets_the_password_and_shuts_every_door() {
    let kitchen = Kitchen::new().await;
    let alice = kitchen.signs_up("alice").await;
    let session = kitchen.logs_in_with(&alice, Some(&hash('a'))).await;
    let (api_token, _) = kitchen.api_token(&alice).await;
    let (token, other) = (kitchen.reset("alice").await, kitchen.verification("alice").await);

    let later = kitchen.later();
    let after = kitchen.reset_password(token, hash('b'), Context::operator(later)).await.unwrap().unwrap();

    assert_eq!(
        after,
        User { email_verified: true, updated_at: later, ..alice.clone() },
        "the mail has arrived"
    );
    assert_eq!(kitchen.password_hash("alice").await, Some(hash('b')));
    assert!(!kitchen.alive(alice.id, &session).await);
    assert_eq!(kitchen.api_token_user(api_token).await.unwrap(), None);
    assert!(!kitchen.resets(token).await && !kitchen.verifies(other).await);
    let entries = kitchen.entries(Filter::default(), 2).await;
    let noted: Vec<_> = entries.iter().map(|entry| entry.event.as_str()).collect();
    assert_eq!(noted, ["api_tokens_revoked", "password_reset"]);
}

#[tokio::test]
async fn another_password_or_address_and_a_disabled_account_end_what_was_sent() {
    for change in 0..4 {
        let kitchen = Kitchen::new().await;
        let alice = kitchen.signs_up("alice").await;
        let (reset, verification) = (kitchen.reset("alice").await, kitchen.verification("alice").await);
        let (now, key) = (kitchen.now(), &alice.email);
        match change {
            0 => {
                let (old, api_tokens) = (Some(hash('a')), ApiTokens::Kept);
                let change = ChangePassword { user: alice.id, old, new: hash('c'), keep: None, api_tokens };
                assert!(kitchen.change_password(change, Context::operator(now)).await.unwrap());
            }
            1 => {
                let password = hash('a');
                let to = |name| {
                    kitchen.update_profile(
                        move_to(alice.id, email(name), Some(password.clone())),
                        Context::operator(now),
                    )
                };
                assert!(!to("ada").await.unwrap().unwrap().email_verified);
                // And back: what was sent before is not good again.
                to("alice").await.unwrap();
            }
            2 => {
                kitchen.set_access(key, Access::Disabled, Context::operator(now)).await.unwrap();
                kitchen.set_access(key, Access::Enabled, Context::operator(now)).await.unwrap();
            }
            _ => assert!(
                kitchen.delete_user(alice.id, Some(&hash('a')), Context::operator(now)).await.unwrap()
            ),
        }
        assert!(!kitchen.resets(reset).await && !kitchen.verifies(verification).await, "{change}");
    }
}

#[tokio::test]
async fn nobody_and_the_disabled_are_sent_nothing_and_both_are_noted() {
    let kitchen = Kitchen::new().await;
    let alice = kitchen.signs_up("alice").await;
    kitchen.set_access(&alice.email, Access::Disabled, kitchen.operator()).await.unwrap();
    for (name, purpose) in [
        ("nobody", MailPurpose::VerifyEmail),
        ("nobody", MailPurpose::ResetPassword),
        ("alice", MailPurpose::VerifyEmail),
        ("alice", MailPurpose::ResetPassword),
    ] {
        assert_eq!(kitchen.is_sent(name, purpose).await, None, "{name}");
    }
    let entries = kitchen.entries(Filter::default(), 2).await;
    let noted: Vec<_> = entries.iter().map(|entry| (entry.event.as_str(), entry.subject)).collect();
    assert_eq!(noted, [("password_reset_requested", None), ("password_reset_requested", None)]);
}
