//! Pushed requests, device codes and used proofs.

use std::time::Duration;

use accounts::TokenDigest;
use rstest_reuse::apply;
use store::{DeviceCodeKey, MAX_WAITING_REQUESTS, NewDeviceCode, NewPushedRequest, Outcome};
use tokio::task::JoinSet;

use super::super::{Database, TestStore, each_database};
use super::CLIENT;

impl TestStore {
    fn new_pushed(&self) -> NewPushedRequest {
        NewPushedRequest {
            digest: self.digest(),
            client: CLIENT.into(),
            record: "{}".into(),
            expires_at: self.now() + Duration::from_mins(1),
        }
    }

    fn new_device(&self) -> NewDeviceCode {
        NewDeviceCode {
            digest: self.digest(),
            user_code: self.digest(),
            client: CLIENT.into(),
            record: "{}".into(),
            expires_at: self.now() + Duration::from_mins(10),
        }
    }

    async fn stored_device(&self) -> TokenDigest {
        let new = self.new_device();
        let digest = new.digest;
        assert_eq!(self.create_device_code(new, self.now()).await.unwrap(), Outcome::First);
        digest
    }
}

#[apply(each_database)]
#[tokio::test]
async fn proof_is_used_once_though_many_requests_bring_it_at_once(database: Database) {
    let test = TestStore::on(database).await;
    let (digest, end) = (test.digest(), test.now() + Duration::from_mins(1));
    let mut requests = JoinSet::new();
    for _ in 0..16 {
        let (store, now) = (test.store.clone(), test.now());
        requests.spawn(async move { store.use_proof(digest, end, now).await.unwrap() });
    }
    let outcomes = requests.join_all().await;
    assert_eq!(outcomes.iter().filter(|outcome| **outcome == Outcome::First).count(), 1, "{outcomes:?}");
    test.clock.advance(Duration::from_mins(2));
    let (other, end) = (test.digest(), test.now() + Duration::from_mins(1));
    assert_eq!(test.use_proof(other, end, test.now()).await.unwrap(), Outcome::First);
    assert_eq!(test.sql("SELECT count(*) FROM used_proofs").await, Some(1), "the expired one is deleted");
}

#[apply(each_database)]
#[tokio::test]
async fn pushed_request_is_used_up_by_its_code(database: Database) {
    let test = TestStore::on(database).await;
    let user = test.user_and_client().await;
    let new = test.new_pushed();
    let pushed = Some(new.digest);
    assert!(test.create_pushed_request(new.clone(), test.now()).await.unwrap());
    assert_eq!(test.pushed_request(new.digest).await.unwrap(), Some("{}".into()));
    for want in [Outcome::First, Outcome::Gone] {
        let code = store::NewCode { pushed, ..test.new_code(&user, None) };
        assert_eq!(test.create_code(code, test.by(user.id)).await.unwrap(), want);
    }
    assert_eq!(test.pushed_request(new.digest).await.unwrap(), None);
    assert_eq!(test.sql("SELECT count(*) FROM codes").await, Some(1));
    let unknown = NewPushedRequest { client: "c_other".into(), ..test.new_pushed() };
    assert!(!test.create_pushed_request(unknown, test.now()).await.unwrap());
}

#[apply(each_database)]
#[tokio::test]
async fn waiting_requests_of_a_client_are_bounded_and_expire(database: Database) {
    let test = TestStore::on(database).await;
    test.user_and_client().await;
    for _ in 0..MAX_WAITING_REQUESTS {
        assert!(test.create_pushed_request(test.new_pushed(), test.now()).await.unwrap());
    }
    assert!(!test.create_pushed_request(test.new_pushed(), test.now()).await.unwrap());
    let rows = test.sql("SELECT count(*) FROM pushed_requests").await;
    assert_eq!(rows, Some(MAX_WAITING_REQUESTS.into()));
    test.clock.advance(Duration::from_mins(2));
    assert!(test.create_pushed_request(test.new_pushed(), test.now()).await.unwrap());
    let left = test.sql("SELECT count(*) FROM pushed_requests").await;
    assert_eq!(left, Some(i64::from(MAX_WAITING_REQUESTS) - 7), "eight were deleted");
}

#[apply(each_database)]
#[tokio::test]
async fn device_code_is_found_by_either_code_and_changed_as_it_was_found(database: Database) {
    let test = TestStore::on(database).await;
    let user = test.user_and_client().await;
    let new = test.new_device();
    let (device, typed) = (new.digest, new.user_code);
    assert_eq!(test.create_device_code(new.clone(), test.now()).await.unwrap(), Outcome::First);
    let same = NewDeviceCode { digest: test.digest(), ..new };
    assert_eq!(test.create_device_code(same, test.now()).await.unwrap(), Outcome::Replayed);
    for key in [DeviceCodeKey::Device(device), DeviceCodeKey::User(typed)] {
        assert_eq!(test.device_code(key).await.unwrap(), Some("{}".into()));
    }
    for key in [DeviceCodeKey::Device(typed), DeviceCodeKey::User(device)] {
        assert_eq!(test.device_code(key).await.unwrap(), None);
    }
    assert!(test.replace_device_code(device, "{}", "1").await.unwrap());
    assert!(!test.replace_device_code(device, "{}", "2").await.unwrap());
    let by = test.by(user.id);
    assert!(!test.approve_device_code(device, ("{}", "3"), user.id, by).await.unwrap());
    assert!(test.approve_device_code(device, ("1", "3"), user.id, by).await.unwrap());
    assert_eq!(test.device_code(DeviceCodeKey::User(typed)).await.unwrap(), Some("3".into()));

    assert!(!test.end_application(user.id, CLIENT, by).await.unwrap(), "there is no grant yet");
    assert_eq!(test.device_code(DeviceCodeKey::User(typed)).await.unwrap(), None, "but none will be");
}

#[apply(each_database)]
#[tokio::test]
async fn device_code_becomes_one_grant(database: Database) {
    let test = TestStore::on(database).await;
    let user = test.user_and_client().await;
    let device = test.stored_device().await;
    let mut requests = JoinSet::new();
    for _ in 0..8 {
        let (store, grant) = (test.store.clone(), test.new_grant(&user, None));
        requests.spawn(async move { store.redeem_device_code(device, grant).await.unwrap() });
    }
    let outcomes = requests.join_all().await;
    assert_eq!(outcomes.iter().filter(|outcome| **outcome == Outcome::First).count(), 1, "{outcomes:?}");
    assert_eq!(test.sql("SELECT count(*) FROM grants").await, Some(1));
}
