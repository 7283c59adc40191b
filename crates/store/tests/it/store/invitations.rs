//! Invitations: valid once, for their address, and used up only by a successful sign-up.

use std::time::Duration;

use accounts::{Email, Invitation, MAX_INVITATIONS, NewInvitation, Role, TokenDigest, User};
use accounts::{audit::Actor, audit::Filter};
use ids::InvitationId;
use rstest_reuse::apply;
use store::{Access, Context, Page, StoreError};

use super::sessions::sign_up;
use super::{Database, TestStore, each_database, email, new_user};

const DAY: Duration = Duration::from_hours(24);

impl TestStore {
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

#[apply(each_database)]
#[tokio::test]
async fn an_invitation_is_good_once(database: Database) {
    let test = TestStore::on(database).await;
    let root = test.admin("root").await;
    let actor = Actor { user: Some(root.id), ..Actor::OPERATOR };
    let (token, invitation) = test.invites(None, actor).await;
    assert_eq!((invitation.created_by, invitation.created_at), (Some(root.id), test.now()));
    assert_eq!(test.open_invitations().await, [invitation]);
    not_invited(&test.signs_up_with("eve", TokenDigest::of(b"made up")).await);
    let alice = test.signs_up_with("alice", token).await.unwrap();
    assert!(!test.is_invited(token, &email("bob"), test.now()).await.unwrap());
    not_invited(&test.signs_up_with("bob", token).await);
    assert_eq!(test.open_invitations().await, []);
    let entries = test.entries(Filter::default(), 3).await;
    let noted: Vec<_> = entries.iter().map(|entry| (entry.event.as_str(), entry.subject)).collect();
    assert_eq!(
        noted,
        [("invitation_used", Some(alice.id)), ("signed_up", Some(alice.id)), ("invitation_created", None)]
    );
    assert_eq!(entries[2].actor, actor);
}

#[apply(each_database)]
#[tokio::test]
async fn an_invitation_with_an_address_is_for_that_one_in_whatever_case(database: Database) {
    let test = TestStore::on(database).await;
    let (token, invitation) = test.invites(Some(email("alice")), Actor::OPERATOR).await;
    assert_eq!((invitation.email, invitation.created_by), (Some(email("alice")), None));
    assert!(!test.is_invited(token, &email("eve"), test.now()).await.unwrap());
    not_invited(&test.signs_up_with("eve", token).await);
    assert!(test.is_invited(token, &email("ALICE"), test.now()).await.unwrap());
    test.signs_up_with("ALICE", token).await.unwrap();
}

#[apply(each_database)]
#[tokio::test]
async fn a_sign_up_that_fails_leaves_the_invitation_as_it_was(database: Database) {
    let test = TestStore::on(database).await;
    test.user("alice").await;
    let (token, _) = test.invites(None, Actor::OPERATOR).await;
    let refused = test.signs_up_with("alice", token).await;
    assert!(matches!(refused, Err(StoreError::EmailTaken)), "{refused:?}");
    test.signs_up_with("bob", token).await.unwrap();
}

#[apply(each_database)]
#[tokio::test]
async fn invitations_end_by_time_revocation_and_deletion_of_their_creator(database: Database) {
    let test = TestStore::on(database).await;
    let root = test.admin("root").await;
    let (revoked, invitation) = test.invites(None, Actor::OPERATOR).await;
    assert!(test.revoke_invitation(invitation.id, test.operator()).await.unwrap());
    assert!(!test.revoke_invitation(invitation.id, test.operator()).await.unwrap());
    not_invited(&test.signs_up_with("alice", revoked).await);
    let (orphaned, _) = test.invites(None, Actor { user: Some(root.id), ..Actor::OPERATOR }).await;
    test.delete_user(root.id, None, test.operator()).await.unwrap();
    not_invited(&test.signs_up_with("alice", orphaned).await);
    let (late, _) = test.invites(None, Actor::OPERATOR).await;
    test.clock.advance(DAY);
    assert!(!test.is_invited(late, &email("alice"), test.now()).await.unwrap());
    not_invited(&test.signs_up_with("alice", late).await);
    assert_eq!(test.open_invitations().await, []);
    assert_eq!(test.count_invitations(test.now()).await.unwrap(), 0);
}

#[apply(each_database)]
#[tokio::test]
async fn open_invitations_are_limited(database: Database) {
    let test = TestStore::on(database).await;
    for _ in 0..MAX_INVITATIONS {
        test.invites(None, Actor::OPERATOR).await;
    }
    let id = InvitationId::new(test.now(), test.entropy.bytes());
    let new = NewInvitation { id, digest: TokenDigest::of(b"x"), email: None, expires_at: test.now() + DAY };
    assert_eq!(test.create_invitation(new, test.operator()).await.unwrap(), None);
    test.clock.advance(DAY);
    test.invites(None, Actor::OPERATOR).await;
    assert_eq!(test.open_invitations().await.len(), 1);
}

#[apply(each_database)]
#[tokio::test]
async fn invitations_are_read_page_by_page(database: Database) {
    let test = TestStore::on(database).await;
    let mut made = Vec::new();
    for _ in 0..5 {
        made.push(test.invites(None, Actor::OPERATOR).await.1.id);
    }
    made.sort_unstable();
    let mut seen = Vec::new();
    for rows in [2, 2, 1] {
        let page = Page::new(seen.last().copied(), 2).unwrap();
        let listing = test.invitations(page, test.now()).await.unwrap();
        assert_eq!(listing.rows.len(), rows);
        seen.extend(listing.rows.iter().map(|invitation| invitation.id));
        assert_eq!(listing.next, seen.last().copied().filter(|_| rows == 2));
    }
    assert_eq!(seen, made);
}

#[apply(each_database)]
#[tokio::test]
async fn disabling_and_demotion_revoke_invitations(database: Database) {
    let test = TestStore::on(database).await;
    for name in ["disabled", "demoted"] {
        let admin = test.admin(name).await;
        let (token, _) = test.invites(None, Actor { user: Some(admin.id), ..Actor::OPERATOR }).await;
        let (kept, now) = (test.invites(None, Actor::OPERATOR).await.0, test.now());
        let own = test.invitations_of(admin.id).await.unwrap();
        assert_eq!(own.iter().map(|own| own.created_by).collect::<Vec<_>>(), [Some(admin.id)]);
        if name == "disabled" {
            test.set_access(&admin.email, Access::Disabled, Context::operator(now)).await.unwrap();
        } else {
            test.set_role(&admin.email, Role::User, Context::operator(now)).await.unwrap();
        }
        let noted = test.entries(Filter::default(), 1).await.remove(0);
        assert_eq!((noted.event.as_str(), noted.subject), ("invitations_revoked", Some(admin.id)));
        not_invited(&test.signs_up_with("eve", token).await);
        test.signs_up_with(&format!("{name}s_friend"), kept).await.unwrap();
    }
}
