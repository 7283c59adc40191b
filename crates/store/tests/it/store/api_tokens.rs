//! API tokens: found by what they are, seen by their owner, gone when deleted.

use std::time::Duration;

use accounts::{ApiToken, MAX_API_TOKENS, NewApiToken, Scope, Scopes, TokenDigest, TokenName, User};
use accounts::{audit::Actor, audit::Filter};
use ids::{ApiTokenId, SessionId};
use rstest_reuse::apply;
use store::{Access, Context, StoreError};

use super::{Database, TestStore, each_database, eventually};

impl TestStore {
    pub(super) fn new_api_token(&self) -> NewApiToken {
        NewApiToken {
            id: ApiTokenId::new(self.now(), self.entropy.bytes()),
            digest: TokenDigest::of(&self.entropy.bytes::<32>()),
            name: TokenName::parse("Backup").unwrap(),
            scopes: [Scope::RecipesRead, Scope::Account].into_iter().collect(),
            expires_at: Some(self.now()),
        }
    }

    pub(super) async fn api_token(&self, user: &User) -> (TokenDigest, ApiToken) {
        let new = self.new_api_token();
        let digest = new.digest;
        (digest, self.create_api_token(user.id, new, self.operator()).await.unwrap().unwrap())
    }
}

#[apply(each_database)]
#[tokio::test]
async fn a_token_is_found_with_its_user_as_it_was_made(database: Database) {
    let test = TestStore::on(database).await;
    let alice = test.user("alice").await;
    let (digest, token) = test.api_token(&alice).await;
    assert_eq!(token.scopes.to_string(), "recipes:read account");
    assert_eq!(token.expires_at, Some(test.now()));
    assert_eq!(test.api_token_user(digest).await.unwrap(), Some((token.clone(), alice.clone())));
    assert_eq!(test.api_tokens(alice.id).await.unwrap(), [token]);
    let unknown = TokenDigest::of(b"");
    assert_eq!(test.api_token_user(unknown).await.unwrap(), None);
}

#[apply(each_database)]
#[tokio::test]
async fn a_token_without_an_end_and_with_all_scopes(database: Database) {
    let test = TestStore::on(database).await;
    let alice = test.user("alice").await;
    let new = NewApiToken { expires_at: None, scopes: Scopes::all(), ..test.new_api_token() };
    let digest = new.digest;
    test.create_api_token(alice.id, new, test.operator()).await.unwrap().unwrap();
    let (token, _) = test.api_token_user(digest).await.unwrap().unwrap();
    assert_eq!((token.expires_at, token.last_used_at, token.scopes), (None, None, Scopes::all()));
}

#[apply(each_database)]
#[tokio::test]
async fn only_its_owner_deletes_a_token_and_then_it_is_gone(database: Database) {
    let test = TestStore::on(database).await;
    let (alice, bob) = (test.user("alice").await, test.user("bob").await);
    let (digest, token) = test.api_token(&alice).await;
    assert!(!test.delete_api_token(bob.id, token.id, test.operator()).await.unwrap());
    assert!(test.delete_api_token(alice.id, token.id, test.operator()).await.unwrap());
    assert!(!test.delete_api_token(alice.id, token.id, test.operator()).await.unwrap());
    assert_eq!(test.api_token_user(digest).await.unwrap(), None);
    let log = test.entries(Filter::default(), 10).await;
    let events: Vec<_> = log.iter().map(|entry| (entry.event.as_str(), entry.subject)).collect();
    assert_eq!(events[..2], [("api_token_revoked", Some(alice.id)), ("api_token_created", Some(alice.id))]);
}

#[apply(each_database)]
#[tokio::test]
async fn the_tokens_of_a_deleted_user_are_gone(database: Database) {
    let test = TestStore::on(database).await;
    let alice = test.user("alice").await;
    let (digest, _) = test.api_token(&alice).await;
    test.delete_user(alice.id, None, test.operator()).await.unwrap();
    assert_eq!(test.api_token_user(digest).await.unwrap(), None);
    let late = test.create_api_token(alice.id, test.new_api_token(), test.operator()).await;
    assert!(matches!(late, Err(StoreError::ActorRevoked)));
}

#[apply(each_database)]
#[tokio::test]
async fn disabled_or_logged_out_user_has_no_api_tokens(database: Database) {
    let test = TestStore::on(database).await;
    let alice = test.user("alice").await;
    let (digest, _) = test.api_token(&alice).await;
    let session = Some(SessionId::new(test.now(), [0; 10]));
    let gone = Actor { user: Some(alice.id), session, ..Actor::OPERATOR };
    let late =
        test.create_api_token(alice.id, test.new_api_token(), Context { actor: gone, now: test.now() }).await;
    assert!(matches!(late, Err(StoreError::ActorRevoked)), "a log-out was quicker");
    test.set_access(&alice.email, Access::Disabled, test.operator()).await.unwrap();
    let late = test.create_api_token(alice.id, test.new_api_token(), test.operator()).await;
    assert!(matches!(late, Err(StoreError::ActorRevoked)));
    test.set_access(&alice.email, Access::Enabled, test.operator()).await.unwrap();
    assert_eq!(test.api_token_user(digest).await.unwrap(), None, "it does not come back");
}

#[apply(each_database)]
#[tokio::test]
async fn ending_all_sessions_revokes_all_tokens_of_this_user_and_ending_the_others_none(database: Database) {
    let test = TestStore::on(database).await;
    let (alice, bob) = (test.user("alice").await, test.user("bob").await);
    let ((hers, _), (his, _)) = (test.api_token(&alice).await, test.api_token(&bob).await);
    let some = SessionId::new(test.now(), [0; 10]);
    test.end_other_sessions(alice.id, some, test.operator()).await.unwrap();
    assert!(test.api_token_user(hers).await.unwrap().is_some());
    test.end_sessions(alice.id, test.operator()).await.unwrap();
    assert_eq!(test.api_token_user(hers).await.unwrap(), None);
    assert!(test.api_token_user(his).await.unwrap().is_some());
    let log = test.entries(Filter::default(), 1).await;
    assert_eq!((log[0].event.as_str(), log[0].subject), ("api_tokens_revoked", Some(alice.id)));
}

#[apply(each_database)]
#[tokio::test]
async fn api_tokens_are_limited(database: Database) {
    let test = TestStore::on(database).await;
    let (alice, bob) = (test.user("alice").await, test.user("bob").await);
    for _ in 0..MAX_API_TOKENS {
        test.api_token(&alice).await;
    }
    let one_more = test.create_api_token(alice.id, test.new_api_token(), test.operator()).await;
    assert_eq!(one_more.unwrap(), None);
    test.api_token(&bob).await;
}

#[apply(each_database)]
#[tokio::test]
async fn the_last_use_is_noted_once_a_minute(database: Database) {
    let test = TestStore::on(database).await;
    let alice = test.user("alice").await;
    let (digest, token) = test.api_token(&alice).await;
    let last_used = async || test.api_token_user(digest).await.unwrap().unwrap().0.last_used_at;
    test.api_token_used(token.id, test.now());
    let first = test.now();
    eventually(async || last_used().await == Some(first)).await;
    test.clock.advance(Duration::from_secs(59));
    test.api_token_used(token.id, test.now());
    test.clock.advance(Duration::from_secs(1));
    // A note at 59 seconds would be in the way of this one.
    test.api_token_used(token.id, test.now());
    eventually(async || last_used().await == Some(test.now())).await;
}
