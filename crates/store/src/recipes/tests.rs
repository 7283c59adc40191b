use super::*;

#[test]
fn recipes_of_a_page_are_told_apart_and_follow_the_text_before_them() {
    let id = |number| RecipeId::from_i64(number).unwrap();
    let mut page = RecipePage::after(b"[".to_vec());
    assert_eq!((page.iter().count(), page.last()), (0, None));
    page.push(id(7), b"\"name\":\"Soup\"}");
    page.push(id(9), b"\"name\":\"Bread\"}");
    let (soup, bread) = (br#"{"id":7,"name":"Soup"}"#, br#"{"id":9,"name":"Bread"}"#);
    assert_eq!(page.iter().collect::<Vec<_>>(), [(id(7), &soup[..]), (id(9), &bread[..])]);
    assert_eq!((page.len(), page.last()), (2, Some(id(9))));
    assert_eq!(page.into_json(), [b"[", &soup[..], b",", bread].concat());
}
