//! API tokens: found by what they are, seen by their owner, gone when deleted.

use std::time::Duration;

use accounts::{ApiToken, MAX_API_TOKENS, NewApiToken, Scope, Scopes, TokenDigest, TokenName, User};
use accounts::{audit::Actor, audit::Filter};
use ids::{ApiTokenId, SessionId};
use store::{Access, Context, StoreError};

use super::{Kitchen, email};

impl Kitchen {
    fn new_api_token(&self) -> NewApiToken {
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

#[tokio::test]
async fn a_token_is_found_with_its_user_as_it_was_made() {
    let kitchen = Kitchen::new().await;
    let alice = kitchen.user("alice").await;
    let (digest, token) = kitchen.api_token(&alice).await;
    assert_eq!(token.scopes.to_string(), "recipes:read account");
    assert_eq!(token.expires_at, Some(kitchen.now()));
    assert_eq!(kitchen.api_token_user(digest).await.unwrap(), Some((token.clone(), alice.clone())));
    assert_eq!(kitchen.api_tokens(alice.id).await.unwrap(), [token]);
    let nobodys = TokenDigest::of(b"");
    assert_eq!(kitchen.api_token_user(nobodys).await.unwrap(), None);
}

#[tokio::test]
async fn a_token_without_an_end_and_with_all_scopes() {
    let kitchen = Kitchen::new().await;
    let alice = kitchen.user("alice").await;
    let new = NewApiToken { expires_at: None, scopes: Scopes::all(), ..kitchen.new_api_token() };
    let digest = new.digest;
    kitchen.create_api_token(alice.id, new, kitchen.operator()).await.unwrap().unwrap();
    let (token, _) = kitchen.api_token_user(digest).await.unwrap().unwrap();
    assert_eq!((token.expires_at, token.last_used_at, token.scopes), (None, None, Scopes::all()));
}

#[tokio::test]
async fn only_its_owner_deletes_a_token_and_then_it_is_gone() {
    let kitchen = Kitchen::new().await;
    let (alice, bob) = (kitchen.user("alice").await, kitchen.user("bob").await);
    let (digest, token) = kitchen.api_token(&alice).await;
    assert!(!kitchen.delete_api_token(bob.id, token.id, kitchen.operator()).await.unwrap());
    assert!(kitchen.delete_api_token(alice.id, token.id, kitchen.operator()).await.unwrap());
    assert!(!kitchen.delete_api_token(alice.id, token.id, kitchen.operator()).await.unwrap());
    assert_eq!(kitchen.api_token_user(digest).await.unwrap(), None);
    let log = kitchen.entries(Filter::default(), 10).await;
    let events: Vec<_> = log.iter().map(|entry| (entry.event.as_str(), entry.subject)).collect();
    assert_eq!(events[..2], [("api_token_revoked", Some(alice.id)), ("api_token_created", Some(alice.id))]);
}

#[tokio::test]
async fn the_tokens_of_a_deleted_user_are_gone() {
    let kitchen = Kitchen::new().await;
    let alice = kitchen.user("alice").await;
    let (digest, _) = kitchen.api_token(&alice).await;
    kitchen.delete_user(alice.id, None, kitchen.operator()).await.unwrap();
    assert_eq!(kitchen.api_token_user(digest).await.unwrap(), None);
    let late = kitchen.create_api_token(alice.id, kitchen.new_api_token(), kitchen.operator()).await;
    assert!(matches!(late, Err(StoreError::ActorRevoked)));
}

#[tokio::test]
async fn a_disabled_user_or_one_who_has_logged_out_gets_none_and_keeps_none() {
    let kitchen = Kitchen::new().await;
    let alice = kitchen.user("alice").await;
    let (digest, _) = kitchen.api_token(&alice).await;
    let gone = Actor { session: Some(SessionId::new(kitchen.now(), [0; 10])), ..Actor::OPERATOR };
    let late = kitchen
        .create_api_token(alice.id, kitchen.new_api_token(), Context { actor: gone, now: kitchen.now() })
        .await;
    assert!(matches!(late, Err(StoreError::ActorRevoked)), "a log-out was quicker");
    kitchen.set_access(&alice.email, Access::Disabled, kitchen.operator()).await.unwrap();
    let late = kitchen.create_api_token(alice.id, kitchen.new_api_token(), kitchen.operator()).await;
    assert!(matches!(late, Err(StoreError::ActorRevoked)));
    kitchen.set_access(&alice.email, Access::Enabled, kitchen.operator()).await.unwrap();
    assert_eq!(kitchen.api_token_user(digest).await.unwrap(), None, "it does not come back");
}

#[tokio::test]
async fn ending_all_sessions_revokes_all_tokens_of_this_user_and_ending_the_others_none() {
    let kitchen = Kitchen::new().await;
    let (alice, bob) = (kitchen.user("alice").await, kitchen.user("bob").await);
    let ((hers, _), (his, _)) = (kitchen.api_token(&alice).await, kitchen.api_token(&bob).await);
    let some = SessionId::new(kitchen.now(), [0; 10]);
    kitchen.end_other_sessions(alice.id, some, kitchen.operator()).await.unwrap();
    assert!(kitchen.api_token_user(hers).await.unwrap().is_some());
    kitchen.end_sessions(alice.id, kitchen.operator()).await.unwrap();
    assert_eq!(kitchen.api_token_user(hers).await.unwrap(), None);
    assert!(kitchen.api_token_user(his).await.unwrap().is_some());
    let log = kitchen.entries(Filter::default(), 1).await;
    assert_eq!((log[0].event.as_str(), log[0].subject), ("api_tokens_revoked", Some(alice.id)));
}

#[tokio::test]
async fn nobody_has_more_than_there_may_be() {
    let kitchen = Kitchen::new().await;
    let (alice, bob) = (kitchen.user("alice").await, kitchen.user("bob").await);
    for _ in 0..MAX_API_TOKENS {
        kitchen.api_token(&alice).await;
    }
    let one_more = kitchen.create_api_token(alice.id, kitchen.new_api_token(), kitchen.operator()).await;
    assert_eq!(one_more.unwrap(), None);
    kitchen.api_token(&bob).await;
}

#[tokio::test]
async fn the_last_use_is_noted_once_a_minute() {
    let kitchen = Kitchen::new().await;
    let alice = kitchen.user("alice").await;
    let (digest, token) = kitchen.api_token(&alice).await;
    let last_used = async || {
        // Behind the note, which nobody waits for, the writer has this.
        kitchen.set_role(&email("alice"), accounts::Role::User, kitchen.operator()).await.unwrap();
        kitchen.api_token_user(digest).await.unwrap().unwrap().0.last_used_at
    };
    kitchen.api_token_used(token.id, kitchen.now());
    let first = kitchen.now();
    assert_eq!(last_used().await, Some(first));
    kitchen.clock.advance(Duration::from_secs(59));
    kitchen.api_token_used(token.id, kitchen.now());
    assert_eq!(last_used().await, Some(first));
    kitchen.clock.advance(Duration::from_secs(1));
    kitchen.api_token_used(token.id, kitchen.now());
    assert_eq!(last_used().await, Some(kitchen.now()));
}
