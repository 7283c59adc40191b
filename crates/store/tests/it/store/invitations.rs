//! Invitations: used once, by whom they are for, and only by a sign-up that succeeds.

use std::time::Duration;

use accounts::{Email, Invitation, MAX_INVITATIONS, NewInvitation, Role, TokenDigest, User};
use accounts::{audit::Actor, audit::Filter};
use ids::InvitationId;
use store::{Access, Context, Page, StoreError};

use super::sessions::sign_up;
use super::{Kitchen, email, new_user};

const DAY: Duration = Duration::from_hours(24);

impl Kitchen {
    async fn invites(&self, whom: Option<Email>, actor: Actor) -> (TokenDigest, Invitation) {
        let id = InvitationId::new(self.now(), self.entropy.bytes());
        let digest = TokenDigest::of(&self.entropy.bytes::<32>());
        let new = NewInvitation { id, digest, email: whom, expires_at: self.now() + DAY };
        (digest, self.create_invitation(new, Context { actor, now: self.now() }).await.unwrap().unwrap())
    }

    async fn signs_up_with(&self, name: &str, invitation: TokenDigest) -> Result<User, StoreError> {
        let session = self.new_session();
        let made = self.sign_up(sign_up(new_user(name), session, Some(invitation)), self.now()).await;
        made.map(|(user, _)| user)
    }

    async fn open_invitations(&self) -> Vec<Invitation> {
        self.invitations(Page::longest(None), self.now()).await.unwrap().rows
    }
}

#[track_caller]
fn not_invited(signed_up: &Result<User, StoreError>) {
    assert!(matches!(signed_up, Err(StoreError::NotInvited)), "{signed_up:?}");
}

#[tokio::test]
async fn an_invitation_is_good_once() {
    let kitchen = Kitchen::new().await;
    let root = kitchen.admin("root").await;
    let actor = Actor { user: Some(root.id), ..Actor::OPERATOR };
    let (token, invitation) = kitchen.invites(None, actor).await;
    assert_eq!((invitation.created_by, invitation.created_at), (Some(root.id), kitchen.now()));
    assert_eq!(kitchen.open_invitations().await, [invitation]);
    not_invited(&kitchen.signs_up_with("eve", TokenDigest::of(b"made up")).await);
    let alice = kitchen.signs_up_with("alice", token).await.unwrap();
    assert!(!kitchen.is_invited(token, &email("bob"), kitchen.now()).await.unwrap());
    not_invited(&kitchen.signs_up_with("bob", token).await);
    assert_eq!(kitchen.open_invitations().await, []);
    let entries = kitchen.entries(Filter::default(), 3).await;
    let noted: Vec<_> = entries.iter().map(|entry| (entry.event.as_str(), entry.subject)).collect();
    assert_eq!(
        noted,
        [("invitation_used", Some(alice.id)), ("signed_up", Some(alice.id)), ("invitation_created", None)]
    );
    assert_eq!(entries[2].actor, actor);
}

#[tokio::test]
async fn an_invitation_with_an_address_is_for_that_one_in_whatever_case() {
    let kitchen = Kitchen::new().await;
    let (token, invitation) = kitchen.invites(Some(email("alice")), Actor::OPERATOR).await;
    assert_eq!((invitation.email, invitation.created_by), (Some(email("alice")), None));
    assert!(!kitchen.is_invited(token, &email("eve"), kitchen.now()).await.unwrap());
    not_invited(&kitchen.signs_up_with("eve", token).await);
    assert!(kitchen.is_invited(token, &email("ALICE"), kitchen.now()).await.unwrap());
    kitchen.signs_up_with("ALICE", token).await.unwrap();
}

#[tokio::test]
async fn a_sign_up_that_fails_leaves_the_invitation_as_it_was() {
    let kitchen = Kitchen::new().await;
    kitchen.user("alice").await;
    let (token, _) = kitchen.invites(None, Actor::OPERATOR).await;
    let refused = kitchen.signs_up_with("alice", token).await;
    assert!(matches!(refused, Err(StoreError::EmailTaken)), "{refused:?}");
    kitchen.signs_up_with("bob", token).await.unwrap();
}

#[tokio::test]
async fn invitations_end_in_time_and_when_revoked_and_with_who_made_them() {
    let kitchen = Kitchen::new().await;
    let root = kitchen.admin("root").await;
    let (revoked, invitation) = kitchen.invites(None, Actor::OPERATOR).await;
    assert!(kitchen.revoke_invitation(invitation.id, kitchen.operator()).await.unwrap());
    assert!(!kitchen.revoke_invitation(invitation.id, kitchen.operator()).await.unwrap());
    not_invited(&kitchen.signs_up_with("alice", revoked).await);
    let (orphaned, _) = kitchen.invites(None, Actor { user: Some(root.id), ..Actor::OPERATOR }).await;
    kitchen.delete_user(root.id, None, kitchen.operator()).await.unwrap();
    not_invited(&kitchen.signs_up_with("alice", orphaned).await);
    let (late, _) = kitchen.invites(None, Actor::OPERATOR).await;
    kitchen.clock.advance(DAY);
    assert!(!kitchen.is_invited(late, &email("alice"), kitchen.now()).await.unwrap());
    not_invited(&kitchen.signs_up_with("alice", late).await);
    assert_eq!(kitchen.open_invitations().await, []);
    assert_eq!(kitchen.count_invitations(kitchen.now()).await.unwrap(), 0);
}

#[tokio::test]
async fn there_are_no_more_than_there_may_be_and_those_that_have_ended_do_not_count() {
    let kitchen = Kitchen::new().await;
    for _ in 0..MAX_INVITATIONS {
        kitchen.invites(None, Actor::OPERATOR).await;
    }
    let id = InvitationId::new(kitchen.now(), kitchen.entropy.bytes());
    let new =
        NewInvitation { id, digest: TokenDigest::of(b"x"), email: None, expires_at: kitchen.now() + DAY };
    assert_eq!(kitchen.create_invitation(new, kitchen.operator()).await.unwrap(), None);
    kitchen.clock.advance(DAY);
    kitchen.invites(None, Actor::OPERATOR).await;
    assert_eq!(kitchen.open_invitations().await.len(), 1);
}

#[tokio::test]
async fn invitations_are_read_page_by_page() {
    let kitchen = Kitchen::new().await;
    let mut made = Vec::new();
    for _ in 0..5 {
        made.push(kitchen.invites(None, Actor::OPERATOR).await.1.id);
    }
    made.sort_unstable();
    let mut seen = Vec::new();
    for rows in [2, 2, 1] {
        let page = Page::new(seen.last().copied(), 2).unwrap();
        let listing = kitchen.invitations(page, kitchen.now()).await.unwrap();
        assert_eq!(listing.rows.len(), rows);
        seen.extend(listing.rows.iter().map(|invitation| invitation.id));
        assert_eq!(listing.next, seen.last().copied().filter(|_| rows == 2));
    }
    assert_eq!(seen, made);
}

#[tokio::test]
async fn whoever_is_disabled_or_demoted_leaves_no_invitation_behind() {
    let kitchen = Kitchen::new().await;
    for name in ["disabled", "demoted"] {
        let admin = kitchen.admin(name).await;
        let (token, _) = kitchen.invites(None, Actor { user: Some(admin.id), ..Actor::OPERATOR }).await;
        let (kept, now) = (kitchen.invites(None, Actor::OPERATOR).await.0, kitchen.now());
        let own = kitchen.invitations_of(admin.id).await.unwrap();
        assert_eq!(own.iter().map(|own| own.created_by).collect::<Vec<_>>(), [Some(admin.id)]);
        if name == "disabled" {
            kitchen.set_access(&admin.email, Access::Disabled, Context::operator(now)).await.unwrap();
        } else {
            kitchen.set_role(&admin.email, Role::User, Context::operator(now)).await.unwrap();
        }
        let noted = kitchen.entries(Filter::default(), 1).await.remove(0);
        assert_eq!((noted.event.as_str(), noted.subject), ("invitations_revoked", Some(admin.id)));
        not_invited(&kitchen.signs_up_with("eve", token).await);
        kitchen.signs_up_with(&format!("{name}s_friend"), kept).await.unwrap();
    }
}
