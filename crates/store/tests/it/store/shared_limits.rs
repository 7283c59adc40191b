//! Rate limits that servers on one database count together.

use std::time::Duration;

use store::{SharedLimits, SharedQuota, TakenQuota};
use tokio::task::JoinSet;

use super::{Database, TestStore};

const SECOND: i64 = 1_000_000;
/// Four requests a minute.
const QUOTA: SharedQuota = SharedQuota { window: 60 * SECOND, step: 15 * SECOND };
const KEY: [u8; 16] = [7; 16];

async fn two_servers(test: &TestStore) -> [SharedLimits; 2] {
    [test.shared_limits().unwrap(), test.opened_again().await.shared_limits().unwrap()]
}

#[tokio::test]
async fn database_of_one_server_has_no_shared_limits() {
    assert!(TestStore::sqlite().await.shared_limits().is_none());
}

#[tokio::test]
#[ignore = "needs a server: .ci/with-postgres cargo test -- --include-ignored"]
async fn requests_at_two_servers_add_up_and_the_quota_is_refilled_evenly_postgres() {
    let test = TestStore::on(Database::Postgres).await;
    let servers = two_servers(&test).await;
    let start = test.now().as_microsecond();
    for number in 1..=4 {
        let taken = servers[number % 2].take(KEY, QUOTA, test.now()).await.unwrap();
        let used_until = start + i64::try_from(number).unwrap() * QUOTA.step;
        assert_eq!(taken, TakenQuota { is_within: true, used_until });
    }
    for server in &servers {
        let refused = server.take(KEY, QUOTA, test.now()).await.unwrap();
        assert_eq!(refused, TakenQuota { is_within: false, used_until: start + QUOTA.window });
        assert!(server.take([8; 16], QUOTA, test.now()).await.unwrap().is_within, "another key");
    }
    test.clock.advance(Duration::from_secs(15));
    assert!(servers[0].take(KEY, QUOTA, test.now()).await.unwrap().is_within);
    assert!(!servers[1].take(KEY, QUOTA, test.now()).await.unwrap().is_within);
    servers[0].give_back(KEY, QUOTA.step).await.unwrap();
    assert!(servers[1].take(KEY, QUOTA, test.now()).await.unwrap().is_within);
    servers[0].forget(KEY).await.unwrap();
    assert!(!servers[1].is_used(KEY, test.now()).await.unwrap());
    let nothing = SharedQuota { window: 0, step: SECOND };
    assert!(!servers[1].take(KEY, nothing, test.now()).await.unwrap().is_within, "a quota of no request");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs a server: .ci/with-postgres cargo test -- --include-ignored"]
async fn no_more_than_the_quota_of_100_concurrent_requests_are_within_it_postgres() {
    let test = TestStore::on(Database::Postgres).await;
    let servers = two_servers(&test).await;
    let mut tasks = JoinSet::new();
    for number in 0..100 {
        let (server, now) = (servers[number % 2].clone(), test.now());
        tasks.spawn(async move { server.take(KEY, QUOTA, now).await.unwrap().is_within });
    }
    assert_eq!(tasks.join_all().await.into_iter().filter(|is_within| *is_within).count(), 4);
}

#[tokio::test]
#[ignore = "needs a server: .ci/with-postgres cargo test -- --include-ignored"]
async fn trusted_address_is_trusted_by_both_servers_and_old_counts_are_deleted_postgres() {
    let test = TestStore::on(Database::Postgres).await;
    let servers = two_servers(&test).await;
    servers[0].exhaust(KEY, test.now() + Duration::from_mins(1)).await.unwrap();
    assert!(servers[1].is_used(KEY, test.now()).await.unwrap());
    assert_eq!(test.trim_rate_limits(test.now()).await.unwrap(), 0);
    test.clock.advance(Duration::from_mins(1));
    assert!(!servers[1].is_used(KEY, test.now()).await.unwrap());
    assert_eq!(test.trim_rate_limits(test.now()).await.unwrap(), 1);
    assert_eq!(test.sql("SELECT count(*) FROM rate_limits").await, Some(0));
}
