//! The clients that a user gave access.

use accounts::audit::{Event, Filter};
use rstest_reuse::apply;
use store::{ConsentRow, Outcome, Page, StoreError};

use super::super::{Database, TestStore, each_database};
use super::CLIENT;

#[apply(each_database)]
#[tokio::test]
async fn applications_are_those_with_a_consent_or_a_grant(database: Database) {
    let test = TestStore::on(database).await;
    let user = test.user_and_client().await;
    assert_eq!(test.applications(user.id, test.now()).await.unwrap(), []);
    test.granted(&user, None).await;
    let found = test.applications(user.id, test.now()).await.unwrap();
    assert_eq!((found.len(), found[0].grants, found[0].given_at), (1, 1, None));
    let consent = ConsentRow { resource: None, scopes: "openid".into() };
    test.stored_code(&user, Some(consent.clone())).await;
    let found = test.applications(user.id, test.now()).await.unwrap();
    assert_eq!((&*found[0].client.id, &*found[0].consents), (CLIENT, &[consent][..]));
    assert_eq!(found[0].given_at, Some(test.now()));
    let later = test.applications(user.id, test.now() + std::time::Duration::from_hours(2)).await.unwrap();
    assert_eq!(later[0].grants, 0, "the grant has expired");
}

#[apply(each_database)]
#[tokio::test]
async fn end_of_an_application_ends_its_grants_codes_and_consents_of_one_user(database: Database) {
    let test = TestStore::on(database).await;
    let user = test.user_and_client().await;
    let other = test.user("bob").await;
    let consent = Some(ConsentRow { resource: None, scopes: "openid".into() });
    let (mine, theirs) = (test.granted(&user, None).await, test.granted(&other, None).await);
    let code = test.stored_code(&user, consent.clone()).await;
    test.stored_code(&other, consent).await;

    let stranger = test.end_application(user.id, CLIENT, test.by(other.id)).await.unwrap_err();
    assert!(matches!(stranger, StoreError::AdminRequired), "{stranger}");
    assert!(test.end_application(user.id, CLIENT, test.by(user.id)).await.unwrap());
    assert!(!test.end_application(user.id, CLIENT, test.by(user.id)).await.unwrap());
    assert!(!test.has_grant(mine.id).await && test.has_grant(theirs.id).await);
    assert_eq!(test.consents(user.id, CLIENT).await.unwrap(), []);
    assert_eq!(test.consents(other.id, CLIENT).await.unwrap().len(), 1);
    let redeemed = test.redeem_code(code, test.new_grant(&user, None), test.now()).await.unwrap();
    assert_eq!(redeemed, Outcome::Gone, "the code has ended, too");

    let filter = Filter { event: Some(Event::ConsentWithdrawn), ..Filter::default() };
    let log = test.audit_log(filter, Page::longest(None)).await.unwrap().rows;
    assert_eq!(log.len(), 1);
    assert_eq!((log[0].subject, log[0].detail.as_deref()), (Some(user.id), Some(CLIENT)));
}
