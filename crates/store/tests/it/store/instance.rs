use rstest_reuse::apply;
use store::Instance;

use super::{Database, TestStore, each_database};

#[apply(each_database)]
#[tokio::test]
async fn instance_keeps_its_first_name_and_the_time_of_naming(database: Database) {
    let test = TestStore::on(database).await;
    assert_eq!(test.instance().await.unwrap(), None);
    let first = Instance { id: test.uid(), named_at: test.now() };
    assert_eq!(test.get_or_create_instance(first).await.unwrap(), first);
    let second = Instance { id: test.uid(), named_at: test.later() };
    assert_eq!(test.get_or_create_instance(second).await.unwrap(), first);
    test.close().await;
    let again = test.opened_again().await;
    assert_eq!(again.instance().await.unwrap(), Some(first));
    assert_eq!(again.get_or_create_instance(second).await.unwrap(), first);
}

#[apply(each_database)]
#[tokio::test]
async fn instance_gets_one_name_when_two_processes_start_at_once(database: Database) {
    let test = TestStore::on(database).await;
    let other = test.opened_again().await;
    let new = |id| Instance { id, named_at: test.now() };
    let (one, two) = tokio::join!(
        test.get_or_create_instance(new(test.uid())),
        other.get_or_create_instance(new(test.uid()))
    );
    assert_eq!(one.unwrap(), two.unwrap());
}
