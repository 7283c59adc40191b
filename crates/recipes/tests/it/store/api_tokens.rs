//! API tokens: found by what they are, seen by their owner, gone when deleted.

use std::time::Duration;

use recipes::audit::Actor;
use recipes::store::{MAX_API_TOKENS, StoreError};
use recipes::{ApiToken, ApiTokenId, ApiTokenSecret, NewApiToken, Scope, Scopes, TokenName, User};

use super::{Kitchen, email};

impl Kitchen {
    fn new_api_token(&self) -> NewApiToken {
        NewApiToken {
            id: ApiTokenId::new(self.now(), self.entropy.bytes()),
            secret: ApiTokenSecret::new(self.entropy.bytes()),
            name: TokenName::parse("Backup").unwrap(),
            scopes: [Scope::RecipesRead, Scope::Account].into_iter().collect(),
            expires_at: Some(self.now()),
        }
    }

    async fn api_token(&self, user: &User) -> (ApiTokenSecret, ApiToken) {
        let new = self.new_api_token();
        let secret = new.secret.clone();
        (secret, self.create_api_token(user.id, new, self.now()).await.unwrap().unwrap())
    }
}

#[tokio::test]
async fn a_token_is_found_with_its_user_as_it_was_made() {
    let kitchen = Kitchen::new();
    let alice = kitchen.user("alice").await;
    let (secret, token) = kitchen.api_token(&alice).await;
    assert_eq!(token.scopes.to_string(), "recipes:read account");
    assert_eq!(token.expires_at, Some(kitchen.now()));
    assert_eq!(kitchen.api_token_user(&secret).await.unwrap(), Some((token.clone(), alice.clone())));
    assert_eq!(kitchen.api_tokens(alice.id).await.unwrap(), [token]);
    let other = ApiTokenSecret::new([0; 20]);
    assert_eq!(kitchen.api_token_user(&other).await.unwrap(), None);
}

#[tokio::test]
async fn a_token_without_an_end_and_with_all_scopes() {
    let kitchen = Kitchen::new();
    let alice = kitchen.user("alice").await;
    let new = NewApiToken { expires_at: None, scopes: Scopes::all(), ..kitchen.new_api_token() };
    let secret = new.secret.clone();
    kitchen.create_api_token(alice.id, new, kitchen.now()).await.unwrap().unwrap();
    let (token, _) = kitchen.api_token_user(&secret).await.unwrap().unwrap();
    assert_eq!((token.expires_at, token.last_used_at, token.scopes), (None, None, Scopes::all()));
}

#[tokio::test]
async fn only_its_owner_deletes_a_token_and_then_it_is_gone() {
    let kitchen = Kitchen::new();
    let (alice, bob) = (kitchen.user("alice").await, kitchen.user("bob").await);
    let (secret, token) = kitchen.api_token(&alice).await;
    assert!(!kitchen.delete_api_token(bob.id, token.id).await.unwrap());
    assert!(kitchen.delete_api_token(alice.id, token.id).await.unwrap());
    assert!(!kitchen.delete_api_token(alice.id, token.id).await.unwrap());
    assert_eq!(kitchen.api_token_user(&secret).await.unwrap(), None);
}

#[tokio::test]
async fn the_tokens_of_a_deleted_user_are_gone() {
    let kitchen = Kitchen::new();
    let alice = kitchen.user("alice").await;
    let (secret, _) = kitchen.api_token(&alice).await;
    kitchen.delete_user(alice.id, Actor::OPERATOR, kitchen.now()).await.unwrap();
    assert_eq!(kitchen.api_token_user(&secret).await.unwrap(), None);
    let late = kitchen.create_api_token(alice.id, kitchen.new_api_token(), kitchen.now()).await;
    assert!(matches!(late, Err(StoreError::OwnerGone)));
}

#[tokio::test]
async fn nobody_has_more_than_there_may_be() {
    let kitchen = Kitchen::new();
    let (alice, bob) = (kitchen.user("alice").await, kitchen.user("bob").await);
    for _ in 0..MAX_API_TOKENS {
        kitchen.api_token(&alice).await;
    }
    let one_more = kitchen.create_api_token(alice.id, kitchen.new_api_token(), kitchen.now()).await;
    assert_eq!(one_more.unwrap(), None);
    kitchen.api_token(&bob).await;
}

#[tokio::test]
async fn the_last_use_is_noted_once_a_minute() {
    let kitchen = Kitchen::new();
    let alice = kitchen.user("alice").await;
    let (secret, token) = kitchen.api_token(&alice).await;
    let last_used = async || {
        // Behind the note, which nobody waits for, the writer has this.
        kitchen.set_role(&email("alice"), recipes::Role::User, Actor::OPERATOR, kitchen.now()).await.unwrap();
        kitchen.api_token_user(&secret).await.unwrap().unwrap().0.last_used_at
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

#[tokio::test]
async fn no_token_is_in_the_file() {
    let kitchen = Kitchen::new();
    let alice = kitchen.user("alice").await;
    let (secret, _) = kitchen.api_token(&alice).await;
    kitchen.close().await;
    let file = std::fs::read(kitchen.file()).unwrap();
    let holds = |text: &str| file.windows(text.len()).any(|window| window == text.as_bytes());
    assert!(holds("Backup") && !holds(secret.expose()) && !holds(&secret.expose()[4..44]));
}
