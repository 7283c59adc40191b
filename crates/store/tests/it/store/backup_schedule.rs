use std::time::Duration;

use rstest_reuse::apply;
use store::BackupOutcome;

use super::{Database, TestStore, each_database};

const HOUR: Duration = Duration::from_hours(1);

#[apply(each_database)]
#[tokio::test(flavor = "multi_thread")]
async fn one_of_many_servers_does_a_backup_that_is_due(database: Database) {
    let test = TestStore::on(database).await;
    let mut servers = Vec::new();
    for _ in 0..5 {
        servers.push(test.opened_again().await);
    }
    for _ in 0..3 {
        let now = test.now();
        let claims = servers.iter().map(|server| {
            let server = server.clone();
            tokio::spawn(async move { server.claim_backup(now + HOUR, now).await.unwrap() })
        });
        let mut claimed = 0;
        for claim in claims.collect::<Vec<_>>() {
            claimed += usize::from(claim.await.unwrap());
        }
        assert_eq!(claimed, 1);
        test.clock.advance(HOUR);
    }
}

#[apply(each_database)]
#[tokio::test]
async fn next_backup_is_due_when_its_time_has_come(database: Database) {
    let test = TestStore::on(database).await;
    assert_eq!(test.last_backup().await.unwrap(), None);
    let now = test.now();
    assert!(test.claim_backup(now + HOUR, now).await.unwrap());
    for is_good in [true, false] {
        let outcome = BackupOutcome { at: now, is_good };
        test.note_backup(outcome, now + 5 * HOUR).await.unwrap();
        assert_eq!(test.opened_again().await.last_backup().await.unwrap(), Some(outcome));
    }
    for (hours, is_due) in [(1, false), (4, false), (5, true)] {
        let then = now + hours * HOUR;
        assert_eq!(test.claim_backup(then + HOUR, then).await.unwrap(), is_due, "{hours}");
    }
}
