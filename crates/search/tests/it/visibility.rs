//! Private recipes of others do not exist, for anonymous readers nor those for members: in hits, counts, facets, suggestions and corrections.

use proptest::prelude::*;
use recipes::Viewer;
use search::{Direction, Filter, Order, Search, SortKey};
use serde_json::json;

use crate::kitchen::{ALL, Kitchen, user};

#[derive(Clone, Copy, Debug)]
struct Dish {
    owner: Option<i64>,
    visibility: &'static str,
}

impl Dish {
    fn is_visible(self, viewer: Viewer) -> bool {
        match viewer {
            Viewer::Admin => true,
            Viewer::Anyone => self.visibility == "public",
            Viewer::User(user) => self.visibility != "private" || self.owner == Some(user.get()),
        }
    }
}

fn dish() -> impl Strategy<Value = Dish> {
    let visibility = prop::sample::select(&["public", "members", "private"][..]);
    (prop::option::of(1..4_i64), visibility).prop_map(|(owner, visibility)| Dish { owner, visibility })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]

    #[test]
    fn every_answer_is_as_if_hidden_recipes_did_not_exist(dishes in prop::collection::vec(dish(), 1..10)) {
        // Each recipe has words of its own.
        let word = |id: usize| format!("unique{}", ["aa", "bb", "cc", "dd", "ee", "ff", "gg", "hh", "ii"][id]);
        let kitchen = Kitchen::with(dishes.iter().enumerate().map(|(id, dish)| json!({
            "name": format!("Dish {}", word(id)),
            "ingredients": [word(id)],
            "healthLabels": [word(id)],
            "keywords": [word(id)],
            "ownerId": dish.owner,
            "visibility": dish.visibility,
        })));
        let filter = Filter::default();
        for viewer in [Viewer::Anyone, Viewer::User(user(1)), Viewer::User(user(9)), ALL] {
            let visible: Vec<_> = dishes.iter().enumerate().filter(|(_, dish)| dish.is_visible(viewer)).map(|(id, _)| id).collect();
            let want: Vec<_> = visible.iter().map(|id| i64::try_from(*id).unwrap() + 1).collect();
            for text in ["", "dish "] {
                let search = Search { text, filter: &filter, viewer };
                for order in [Order::Relevance, Order::By(SortKey::Name, Direction::Ascending), Order::By(SortKey::Id, Direction::Descending)] {
                    let mut ids = kitchen.pages(search, order, 3);
                    ids.sort_unstable();
                    prop_assert_eq!(&ids, &want);
                }
                prop_assert_eq!(kitchen.index.count(search).unwrap(), want.len() as u64);
                let facets = kitchen.index.facets(search, 100).unwrap();
                let mut labels: Vec<_> = facets.labels.iter().map(|facet| (facet.slug.clone(), facet.count)).collect();
                labels.sort();
                let mut expected: Vec<_> = visible.iter().map(|id| (word(*id), 1)).collect();
                expected.sort();
                prop_assert_eq!(&labels, &expected);
                prop_assert_eq!(facets.keywords.len(), want.len());
                prop_assert_eq!(facets.total, want.len() as u64);
            }
            let suggestions = kitchen.index.suggest("uniq", viewer, 100).unwrap();
            prop_assert_eq!(suggestions.recipes.len(), want.len());
            prop_assert_eq!(suggestions.ingredients.len(), want.len());
            for (id, dish) in dishes.iter().enumerate() {
                let misspelt = word(id).replacen("unique", "uniqe", 1);
                let correction = kitchen.index.did_you_mean(&misspelt, viewer).unwrap();
                if dish.is_visible(viewer) {
                    prop_assert!(correction.is_some());
                } else {
                    prop_assert_ne!(correction, Some(word(id)));
                }
            }
        }
    }
}

#[test]
fn facets_count_texts_by_slug_and_times_by_range() {
    let kitchen = Kitchen::with([
        json!({"healthLabels": ["Gluten-Free", "Vegan"], "totalTimeMinutes": 15, "cuisine": ["Thai"]}),
        json!({"healthLabels": ["gluten free"], "totalTimeMinutes": 16, "category": ["Soup"]}),
        json!({"healthLabels": ["Gluten-Free"], "totalTimeMinutes": 500}),
        json!({"healthLabels": []}),
    ]);
    let search = Search { text: "", filter: &Filter::default(), viewer: ALL };
    let facets = kitchen.index.facets(search, 10).unwrap();
    let shown = |facets: &[search::Facet]| -> Vec<_> {
        facets.iter().map(|facet| format!("{} {} {}", facet.slug, facet.text, facet.count)).collect()
    };
    assert_eq!(shown(&facets.labels), ["gluten-free Gluten-Free 3", "vegan Vegan 1"]);
    assert_eq!(shown(&facets.cuisine), ["thai Thai 1"]);
    assert_eq!(shown(&facets.category), ["soup Soup 1"]);
    assert_eq!((facets.total_time, facets.without_time, facets.total), ([1, 1, 0, 0, 1], 1, 4));
    assert_eq!(shown(&kitchen.index.facets(search, 1).unwrap().labels), ["gluten-free Gluten-Free 3"]);
}
