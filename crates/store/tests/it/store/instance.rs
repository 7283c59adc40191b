use store::Instance;

use super::Kitchen;

#[tokio::test]
async fn instance_keeps_its_first_name_and_the_time_of_naming() {
    let kitchen = Kitchen::new().await;
    assert_eq!(kitchen.instance().await.unwrap(), None);
    let first = Instance { id: kitchen.uid(), named_at: kitchen.now() };
    assert_eq!(kitchen.get_or_create_instance(first).await.unwrap(), first);
    let second = Instance { id: kitchen.uid(), named_at: kitchen.later() };
    assert_eq!(kitchen.get_or_create_instance(second).await.unwrap(), first);
    kitchen.close().await;
    let again = kitchen.opened_again().await;
    assert_eq!(again.instance().await.unwrap(), Some(first));
    assert_eq!(again.get_or_create_instance(second).await.unwrap(), first);
}

#[tokio::test]
async fn instance_gets_one_name_when_two_processes_start_at_once() {
    let kitchen = Kitchen::new().await;
    let other = kitchen.opened_again().await;
    let new = |id| Instance { id, named_at: kitchen.now() };
    let (one, two) = tokio::join!(
        kitchen.get_or_create_instance(new(kitchen.uid())),
        other.get_or_create_instance(new(kitchen.uid()))
    );
    assert_eq!(one.unwrap(), two.unwrap());
}
