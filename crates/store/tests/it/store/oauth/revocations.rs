//! The places of ended grants in the status list.

use std::time::Duration;

use accounts::{Access, User, UserChange};
use rstest_reuse::apply;
use store::{EndedGrants, NewGrant, Outcome};

use super::super::{Database, TestStore, each_database};
use super::CLIENT;

impl TestStore {
    async fn granted_at(&self, user: &User, place: u32) -> (NewGrant, Outcome) {
        let code = self.stored_code(user, None).await;
        let grant = NewGrant { status_index: Some(place), ..self.new_grant(user, None) };
        let outcome = self.redeem_code(code, grant.clone(), self.now()).await.unwrap();
        (grant, outcome)
    }

    async fn ended(&self) -> Vec<u32> {
        let mut ended = self.ended_grants(Vec::new()).await.unwrap().ended;
        ended.sort_unstable();
        ended
    }
}

#[apply(each_database)]
#[tokio::test]
async fn place_of_an_ended_grant_is_set_until_its_tokens_have_expired_and_then_free(database: Database) {
    let test = TestStore::on(database).await;
    let user = test.user_and_client().await;
    let (grant, outcome) = test.granted_at(&user, 7).await;
    assert_eq!(outcome, Outcome::First);
    assert_eq!(test.grant(grant.id).await.unwrap().unwrap().status_index, Some(7));
    assert_eq!(test.granted_at(&user, 7).await.1, Outcome::Taken);
    assert_eq!(test.ended().await, [0; 0]);

    test.end_grant(grant.id).await.unwrap();
    assert_eq!(test.ended_grants(Vec::new()).await.unwrap(), EndedGrants { last: 7, ended: vec![7] });
    assert_eq!(test.granted_at(&user, 7).await.1, Outcome::Taken, "its tokens may still be used");

    let life = Duration::from_mins(10);
    test.free_status_places(test.now() + life, test.now()).await.unwrap();
    test.clock.advance(life.saturating_sub(Duration::from_secs(1)));
    test.free_status_places(test.now() + life, test.now()).await.unwrap();
    assert_eq!(test.ended().await, [7]);
    test.clock.advance(Duration::from_secs(1));
    test.free_status_places(test.now() + life, test.now()).await.unwrap();
    assert_eq!(test.ended().await, [0; 0]);
    assert_eq!(test.granted_at(&user, 7).await.1, Outcome::First);
}

#[apply(each_database)]
#[tokio::test]
async fn whatever_ends_a_grant_sets_its_place(database: Database) {
    let test = TestStore::on(database).await;
    let user = test.user_and_client().await;
    let other = test.user("bob").await;
    test.granted_at(&user, 1).await;
    test.granted_at(&other, 2).await;
    let disable = UserChange { access: Some(Access::Disabled), role: None };
    test.administer(user.id, disable, test.operator()).await.unwrap();
    assert_eq!(test.ended().await, [1], "its user is disabled");
    let with_client = test.ended_grants(vec![CLIENT.into(), "c_other".into()]).await.unwrap();
    assert!(with_client.ended.contains(&2), "{with_client:?}");
    test.remove_user(user.id, test.operator()).await.unwrap();
    assert_eq!(test.ended().await, [1], "its user is deleted");
    test.delete_client(CLIENT, test.operator()).await.unwrap();
    assert_eq!(test.ended().await, [1, 2], "its client is deleted");
}
