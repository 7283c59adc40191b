//! Pages and cursors in every order.

use recipes::Viewer;
use search::{Direction, Filter, Order, Search, SortKey};
use serde_json::json;

use crate::kitchen::{ALL, Kitchen, recipe};

const KEYS: [SortKey; 6] =
    [SortKey::Id, SortKey::Name, SortKey::CreatedAt, SortKey::UpdatedAt, SortKey::TotalTime, SortKey::Rating];

fn orders() -> impl Iterator<Item = Order> {
    let by = |key| [Direction::Ascending, Direction::Descending].map(|direction| Order::By(key, direction));
    KEYS.into_iter().flat_map(by).chain([Order::Relevance])
}

/// 200 recipes in ten segments, with many equal keys, replaced and deleted ones.
fn kitchen() -> Kitchen {
    let mut kitchen = Kitchen::new();
    let put = |kitchen: &Kitchen, id: i64, revision: i64| {
        let number = usize::try_from(id).unwrap();
        let description = ["salt", "salt salt", "salt and pepper"][number % 3];
        let mut members = json!({
            "name": format!("{} {}", ["Soup", "soup", "Bread", "Äpfel", "zucchini"][number % 5], id % 7),
            "description": description,
            "totalTimeMinutes": if id % 4 == 0 { json!(null) } else { json!(id % 6 * 10) },
            "createdAt": format!("2026-01-01T00:{:02}:00Z", id % 60),
            "updatedAt": format!("2026-01-0{revision}T00:{:02}:00Z", id % 50),
        });
        if id % 3 != 0 {
            members["rating"] = json!({"average": 1 + id % 5, "count": 1 + id % 2});
        }
        kitchen.writer.put(&recipe(id, members)).unwrap();
    };
    for id in 1..=200 {
        put(&kitchen, id, 1);
        if id % 20 == 0 {
            kitchen.writer.commit(None).unwrap();
        }
    }
    for id in (1..=200).step_by(9) {
        put(&kitchen, id, 2);
    }
    for id in (1..=200).step_by(11) {
        kitchen.writer.delete(ids::RecipeId::from_i64(id).unwrap());
    }
    kitchen.writer.commit(None).unwrap();
    kitchen
}

#[test]
fn pages_joined_are_one_large_page() {
    let kitchen = kitchen();
    for text in ["", "salt ", "salt -pepper"] {
        for order in orders() {
            let search = Search { text, filter: &Filter::default(), viewer: ALL };
            let whole = kitchen.pages(search, order, 1_000);
            assert_eq!(whole.len() as u64, kitchen.index.count(search).unwrap());
            assert!(whole.len() > 100, "{text} {order:?}");
            for limit in [1, 7, 20] {
                assert_eq!(kitchen.pages(search, order, limit), whole, "{text} {order:?} {limit}");
            }
        }
    }
}

#[test]
fn orders_are_those_of_the_keys() {
    let kitchen = Kitchen::with([
        json!({"name": "b", "totalTimeMinutes": 5, "createdAt": "2026-01-03T00:00:00Z", "updatedAt": "2026-01-09T00:00:00Z"}),
        json!({"name": "A", "createdAt": "2026-01-01T00:00:00Z", "updatedAt": "2026-01-08T00:00:00Z"}),
        json!({"name": "c", "totalTimeMinutes": 60, "createdAt": "2026-01-02T00:00:00Z", "updatedAt": "2026-01-07T00:00:00Z"}),
        json!({"name": "a", "totalTimeMinutes": 5, "createdAt": "2026-01-04T00:00:00Z", "updatedAt": "2026-01-06T00:00:00Z"}),
    ]);
    let filter = Filter::default();
    for (key, ascending, descending) in [
        (SortKey::Id, [1, 2, 3, 4], [4, 3, 2, 1]),
        (SortKey::Name, [2, 4, 1, 3], [3, 1, 2, 4]),
        (SortKey::CreatedAt, [2, 3, 1, 4], [4, 1, 3, 2]),
        (SortKey::UpdatedAt, [4, 3, 2, 1], [1, 2, 3, 4]),
        (SortKey::TotalTime, [1, 4, 3, 2], [3, 1, 4, 2]),
    ] {
        for (direction, want) in [(Direction::Ascending, ascending), (Direction::Descending, descending)] {
            let search = Search { text: "", filter: &filter, viewer: ALL };
            assert_eq!(kitchen.pages(search, Order::By(key, direction), 3), want, "{key:?} {direction:?}");
        }
    }
}

#[test]
fn ratings_are_ordered_by_their_average_and_then_by_their_number() {
    let rated = |average: f64, count: u32| json!({"rating": {"average": average, "count": count}});
    let kitchen = Kitchen::with([
        rated(4.5, 2),
        json!({}),
        rated(5.0, 1),
        rated(4.5, 7),
        rated(4.49, 4_000_000_000),
        json!({}),
        rated(1.0, 3),
        rated(4.5, 2),
    ]);
    let search = Search { text: "", filter: &Filter::default(), viewer: ALL };
    for (direction, want) in
        [(Direction::Descending, [3, 4, 1, 8, 5, 7, 2, 6]), (Direction::Ascending, [7, 5, 1, 8, 4, 3, 2, 6])]
    {
        for limit in [1, 3, 100] {
            let found = kitchen.pages(search, Order::By(SortKey::Rating, direction), limit);
            assert_eq!(found, want, "{direction:?} {limit}");
        }
    }
}

/// Each new recipe changes the scores of all others. The pages of a search keep those of its first page.
#[test]
fn pages_by_relevance_go_on_while_recipes_are_written() {
    let mut kitchen = kitchen();
    let search = Search { text: "salt", filter: &Filter::default(), viewer: Viewer::Anyone };
    let before = kitchen.pages(search, Order::Relevance, 1_000);
    let first = kitchen.page(search, Order::Relevance, 20, None);
    for id in 1_001..1_400 {
        let members = json!({"name": "Salt", "updatedAt": "2026-02-01T00:00:00Z"});
        kitchen.writer.put(&recipe(id, members)).unwrap();
    }
    kitchen.writer.commit(None).unwrap();
    let (mut ids, mut after) = (crate::kitchen::numbers(&first), first.next);
    while let Some(next) = after {
        let hits = kitchen.page(search, Order::Relevance, 20, Some(next));
        ids.extend(crate::kitchen::numbers(&hits));
        after = hits.next;
    }
    ids.retain(|id| *id <= 1_000);
    assert_eq!(ids, before);
}

#[test]
fn cursors_of_another_order_are_no_error() {
    let kitchen = kitchen();
    let search = Search { text: "salt", filter: &Filter::default(), viewer: ALL };
    let cursors: Vec<_> = orders().filter_map(|order| kitchen.page(search, order, 1, None).next).collect();
    assert_eq!(cursors.len(), 13);
    for cursor in cursors {
        for order in orders() {
            kitchen.page(search, order, 10, Some(cursor.clone()));
        }
    }
}
