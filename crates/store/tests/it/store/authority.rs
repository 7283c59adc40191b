//! Every write for a user checks the user's authority in its own transaction: a right that was revoked after the request
//! was authenticated does nothing any more.

use ::recipes::Quotas;
use accounts::audit::{Actor, Application};
use accounts::{ApiTokens, NewApiToken, NewInvitation, Role, TokenDigest, User};
use ids::{ApiTokenId, InvitationId, RecipeId, SessionId, UserId};
use rstest_reuse::apply;
use store::{
    Access, ChangePassword, Context, NewRecipe, Ownerless, Precondition, ReplaceRecipe, StoreError,
    UpdateProfile, UserChange,
};

use super::users::hash;
use super::{Database, KEPT, TestStore, draft, each_database};

/// The outcome of each write that this actor can ask for, with its name.
async fn outcomes(
    test: &TestStore,
    user: &User,
    recipe: RecipeId,
    actor: Actor,
) -> Vec<(&'static str, Result<(), StoreError>)> {
    let (id, now, context) = (user.id, test.now(), Context { actor, now: test.now() });
    let session = SessionId::new(now, test.entropy.bytes());
    let api_token = ApiTokenId::new(now, test.entropy.bytes());
    let invitation = InvitationId::new(now, test.entropy.bytes());
    let new_invitation = NewInvitation {
        id: invitation,
        digest: TokenDigest::of(b"x"),
        email: None,
        expires_at: test.later(),
    };
    let profile = UpdateProfile { user: id, name: None, email: None };
    let password =
        ChangePassword { user: id, old: None, new: hash('a'), keep: None, api_tokens: ApiTokens::Kept };
    let replace = ReplaceRecipe {
        id: recipe,
        draft: draft("Stew"),
        precondition: Precondition::None,
        ownerless: Ownerless::Users,
        quotas: Quotas::OFF,
        revisions_kept: KEPT,
    };
    let new_recipe = NewRecipe::new(&draft("Soup"), test.uid(), Some(id));
    vec![
        ("check_authority", test.check_authority(context).await),
        ("create_recipe", test.create_recipe(new_recipe, context).await.map(drop)),
        ("replace_recipe", test.replace_recipe(replace, context).await.map(drop)),
        ("delete_recipe", test.delete_recipe(recipe, Precondition::None, context).await.map(drop)),
        ("update_profile", test.update_profile(profile, context).await.map(drop)),
        ("change_password", test.change_password(password, context).await.map(drop)),
        ("create_api_token", test.create_api_token(id, test.new_api_token(), context).await.map(drop)),
        ("delete_api_token", test.delete_api_token(id, api_token, context).await.map(drop)),
        ("end_session", test.end_session(id, session, context).await.map(drop)),
        ("end_other_sessions", test.end_other_sessions(id, session, context).await.map(drop)),
        ("end_sessions", test.end_sessions(id, context).await.map(drop)),
        ("set_role", test.set_role(&user.email, Role::User, context).await.map(drop)),
        ("set_access", test.set_access(&user.email, Access::Enabled, context).await.map(drop)),
        ("administer", test.administer(id, UserChange::default(), context).await.map(drop)),
        ("create_invitation", test.create_invitation(new_invitation, context).await.map(drop)),
        ("revoke_invitation", test.revoke_invitation(invitation, context).await.map(drop)),
        ("remove_user", test.remove_user(UserId::from_i64(99).unwrap(), context).await.map(drop)),
        ("delete_user", test.delete_user(id, Some(&hash('b')), context).await.map(drop)),
    ]
}

impl TestStore {
    /// An application that acts for the user.
    async fn by_application(&self, user: &User) -> Actor {
        let grant = self.granted(user, None).await.id;
        Actor { user: Some(user.id), application: Some(Application::Granted(grant)), ..Actor::OPERATOR }
    }
}

#[derive(Clone, Copy, Debug)]
enum Revocation {
    LogOut,
    TokenRevoked,
    TokenExpired,
    ApplicationEnded,
    Disabled,
    Deleted,
}

#[apply(each_database)]
#[tokio::test]
async fn no_write_succeeds_after_the_actors_right_was_revoked(database: Database) {
    for revocation in [
        Revocation::LogOut,
        Revocation::TokenRevoked,
        Revocation::TokenExpired,
        Revocation::ApplicationEnded,
        Revocation::Disabled,
        Revocation::Deleted,
    ] {
        let test = TestStore::on(database).await;
        let (_other, user) = (test.admin("root").await, test.admin("alice").await);
        let recipe = test.public("Soup", None).await.id;
        let session = test.logs_in(&user).await.session();
        let ends_later = matches!(revocation, Revocation::TokenExpired).then(|| test.later());
        let new = NewApiToken { expires_at: ends_later, ..test.new_api_token() };
        let api_token = test.create_api_token(user.id, new, test.operator()).await.unwrap().unwrap().id;
        let by_session = Actor { user: Some(user.id), session: Some(session), ..Actor::OPERATOR };
        let by_token = Actor { user: Some(user.id), api_token: Some(api_token), ..Actor::OPERATOR };
        assert!(test.create_client(test.client_row(), test.operator()).await.unwrap());
        let by_application = test.by_application(&user).await;
        let actors = match revocation {
            Revocation::ApplicationEnded => {
                assert!(
                    test.check_authority(Context { actor: by_application, now: test.now() }).await.is_ok()
                );
                let client = test.client_row().id;
                assert!(test.end_application(user.id, &client, test.operator()).await.unwrap());
                vec![by_application]
            }
            Revocation::LogOut => {
                assert!(test.end_session(user.id, session, test.operator()).await.unwrap());
                vec![by_session]
            }
            Revocation::TokenRevoked => {
                assert!(test.delete_api_token(user.id, api_token, test.operator()).await.unwrap());
                vec![by_token]
            }
            Revocation::TokenExpired => {
                test.later();
                vec![by_token]
            }
            Revocation::Disabled => {
                test.set_access(&user.email, Access::Disabled, test.operator()).await.unwrap();
                vec![by_session, by_token, by_application]
            }
            Revocation::Deleted => {
                assert!(test.delete_user(user.id, None, test.operator()).await.unwrap());
                vec![by_session, by_token, by_application]
            }
        };
        for actor in actors {
            for (name, outcome) in outcomes(&test, &user, recipe, actor).await {
                assert!(
                    matches!(outcome, Err(StoreError::ActorRevoked)),
                    "{revocation:?} {name}: {outcome:?}"
                );
            }
        }
    }
}

#[apply(each_database)]
#[tokio::test]
async fn demoted_administrators_and_programs_of_administrators_act_as_users(database: Database) {
    let test = TestStore::on(database).await;
    let (root, alice) = (test.admin("root").await, test.user("alice").await);
    let recipe = test.public("Soup", Some(alice.id)).await.id;
    let session = test.logs_in(&root).await.session();
    let new = NewApiToken { expires_at: None, ..test.new_api_token() };
    let api_token = test.create_api_token(root.id, new, test.operator()).await.unwrap();
    let by_session = Actor { user: Some(root.id), session: Some(session), ..Actor::OPERATOR };
    let by_token =
        Actor { user: Some(root.id), api_token: api_token.map(|token| token.id), ..Actor::OPERATOR };
    let refused = async |actor| -> Vec<_> {
        let outcomes = outcomes(&test, &alice, recipe, actor).await.into_iter();
        let refused = outcomes.filter(|(_, outcome)| matches!(outcome, Err(StoreError::AdminRequired)));
        refused.map(|(name, _)| name).collect()
    };
    let acts_on_other_accounts = refused(by_token).await;
    assert_eq!(acts_on_other_accounts.len(), 14, "all but those of recipes: {acts_on_other_accounts:?}");
    assert!(test.create_client(test.client_row(), test.operator()).await.unwrap());
    let by_application = test.by_application(&root).await;
    assert_eq!(refused(by_application).await, acts_on_other_accounts);
    let by_issuer = Actor { application: Some(Application::OfIssuer), ..by_application };
    assert_eq!(refused(by_issuer).await, acts_on_other_accounts);
    test.set_role(&root.email, Role::User, test.operator()).await.unwrap();
    assert_eq!(refused(by_session).await, acts_on_other_accounts);
    assert!(test.recipe(recipe, store::Viewer::Anyone).await.unwrap().is_some(), "it was not deleted");

    test.set_role(&root.email, Role::Admin, test.operator()).await.unwrap();
    assert!(refused(by_session).await.is_empty());
}
