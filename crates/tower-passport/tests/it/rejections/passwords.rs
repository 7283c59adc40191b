//! `Basic` and `Local`.

use tower_passport::{BufferBody, Local, Strategy};

use super::{
    FORM, JSON, Row, authorization, basic, basic_value, body, check_password, head, optional, required, table,
};

#[tokio::test]
async fn basic_rejections() {
    let rows = || {
        vec![
            head("nothing", &[]),
            authorization("good", &basic_value("alice:sesame")),
            authorization("wrong", &basic_value("alice:x")),
            authorization("store down", &basic_value("down:sesame")),
            authorization("no colon", &basic_value("alice")),
            authorization("no base64", "Basic a:b"),
        ]
    };
    insta::assert_snapshot!("basic", table(required(basic()), rows).await);
    insta::assert_snapshot!("basic_optional", table(optional(basic()), rows).await);
}

/// Bodies; two of them are good: a form and JSON.
pub(super) fn body_rows(good: [&'static str; 2]) -> Vec<Row> {
    let [form, json] = good;
    vec![
        head("nothing", &[]),
        body("good form", FORM, form),
        body("good JSON", JSON, json),
        body("wrong", FORM, "username=alice&password=x&token=x"),
        body("twice", FORM, "username=a&username=b&token=a&token=b"),
        body("broken JSON", JSON, "{"),
        body("neither of both", "text/plain", form),
        body("fields missing", JSON, "{}"),
        body(
            "over the limit",
            FORM,
            "username=alice&password=sesame&token=a&padding=0123456789012345678901234567890123456789",
        ),
    ]
}

#[tokio::test]
async fn local_rejections() {
    let local = || Local::new(check_password).boxed();
    let rows =
        || body_rows(["username=alice&password=sesame", r#"{"username":"alice","password":"sesame"}"#]);
    let buffered = |doors: super::Doors| doors.map(|door| door.layer(BufferBody::new(64)));
    insta::assert_snapshot!("local", table(buffered(required(local())), rows).await);
    insta::assert_snapshot!("local_optional", table(buffered(optional(local())), rows).await);
    insta::assert_snapshot!("local_without_the_layer", table(required(local()), rows).await);
}
