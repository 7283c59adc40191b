use super::*;

#[track_caller]
fn check(rows: &[(&str, &str, &str)]) {
    let sum = |one: &str, other: &str| {
        ListLine::parse(one).plus(&ListLine::parse(other), '.').map(ListLine::into_text)
    };
    let wrong: Vec<_> = rows
        .iter()
        .filter_map(|(one, other, want)| {
            let got = sum(one, other).unwrap_or_default();
            (got != *want).then(|| format!("{one} + {other}: want {want:?}, got {got:?}"))
        })
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn equal_foods_with_equal_units_are_added_up() {
    check(&[
        ("2 eggs", "3 eggs", "5 eggs"),
        ("1 egg", "3 eggs", "4 eggs"),
        ("3 eggs", "1 Egg", "4 eggs"),
        ("1/2 cup olive oil", "1/4 cup olive oil", "3/4 cup olive oil"),
        ("1 cup milk", "1/3 cup milk", "1 1/3 cups milk"),
        ("1 can tomatoes", "2 cans tomatoes", "3 cans tomatoes"),
        ("1 (14 oz) can tomatoes", "2 (14 oz) cans tomatoes", "3 (14 oz) cans tomatoes"),
        ("500g/1 lb beef", "250g/1/2 lb beef", "750g/1 1/2 lb beef"),
        ("2-3 onions", "1 onion", "3-4 onions"),
        ("2-3 onions", "2-4 onions", "4-7 onions"),
        ("2 gousses d'ail", "1 gousse d'ail", "3 gousses d'ail"),
        ("1 Zwiebel", "2 Zwiebeln", "3 Zwiebeln"),
        ("2 Eier", "1 Ei", "3 Eier"),
        ("1,5 kg Kartoffeln", "1 kg Kartoffeln", "2,5 kg Kartoffeln"),
        ("Paprika, 2 Tsp", "Paprika, 1 Tsp", "Paprika, 3 Tsp"),
        ("鸡蛋 2 个", "鸡蛋 3 个", "鸡蛋 5 个"),
        ("1 cherry", "20 cherries", "21 cherries"),
        ("2 uova", "1 uovo", "3 uova"),
    ]);
}

#[test]
fn units_of_one_dimension_are_added_up() {
    check(&[
        ("500 g flour", "1 kg flour", "1.5 kg flour"),
        ("1 kg Mehl", "500 g Mehl", "1.5 kg Mehl"),
        ("250 ml milk", "1 l milk", "1.25 l milk"),
        ("1 tbsp oil", "1 tsp oil", "1 1/3 tbsp oil"),
        ("1 cup milk", "1 tbsp milk", "17 tbsp milk"),
        ("1 cup milk", "500 ml milk", "740 ml milk"),
        ("1-2 tbsp soy sauce", "1 tbsp soy sauce", "2-3 tbsp soy sauce"),
        ("1 Pfund Hackfleisch", "250 g Hackfleisch", "1 1/2 Pfund Hackfleisch"),
    ]);
}

#[test]
fn other_amounts_are_never_added_up() {
    for (one, other) in [
        ("1 cup flour", "200 g flour"),
        ("2 onions", "200 g onions"),
        ("1 can tomatoes", "400 g tomatoes"),
        ("1 (14 oz) can tomatoes", "1 (28 oz) can tomatoes"),
        ("2 eggs", "2 egg whites"),
        ("1 cup milk", "1 cup coconut milk"),
        ("400 g tomatoes (canned)", "400 g tomatoes"),
        ("1 tbsp parsley (optional)", "1 tbsp parsley"),
        ("1 pinch salt", "1 tsp salt"),
        ("Salt", "1 tsp salt"),
        ("Salt", "Pepper"),
        ("500 g", "500 g"),
        ("1 lb beef", "500 g beef"),
        ("1/7 tsp salt", "1/97 tsp salt"),
        ("4 tbsp ketchup or 3 tbsp tomato sauce", "4 tbsp ketchup"),
        ("1 Tasse Mehl", "1 cup Mehl"),
        ("200 g tomato pasta", "200 g tomato paste"),
    ] {
        for (one, other) in [(one, other), (other, one)] {
            let sum = ListLine::parse(one).plus(&ListLine::parse(other), '.');
            assert!(sum.is_none(), "{one} + {other}: {sum:?}");
        }
    }
}

#[test]
fn notes_of_what_the_cook_does_are_no_part_of_the_food() {
    check(&[
        ("2 onions, finely chopped", "1 onion, sliced", "3 onions"),
        ("2 onions, finely chopped", "1 onion, finely chopped", "3 onions, finely chopped"),
        ("1 cup cheese (grated)", "1 cup cheese", "2 cups cheese"),
        ("10 oz chickpeas (canned)", "5 oz chickpeas (canned)", "15 oz chickpeas (canned)"),
        ("2 Zwiebeln, fein gehackt", "1 Zwiebel", "3 Zwiebeln"),
    ]);
}

#[test]
fn equal_lines_without_an_amount_are_one() {
    check(&[
        ("Salt", "salt", "Salt"),
        ("salt and pepper to taste", "Salt and  pepper to taste", "salt and pepper to taste"),
    ]);
}
