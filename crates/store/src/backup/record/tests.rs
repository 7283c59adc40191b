use super::*;

const RECIPE: &str = r#"{"recipes":{"id":1,"uid":"018f3404-d600-7fff-bfff-ffffffffffff","owner_id":7,"private":true,"members":null,"revision":3,"created_at":"2024-05-01T12:00:00Z","updated_at":"2024-05-02T12:00:00.123456Z","document":"\"name\":\"Soup\",\"healthLabels\":[],\"cookTimeMinutes\":30,\"prepTimeMinutes\":null,\"ingredients\":[\"salt\"],\"visibility\":\"private\",\"ownerId\":7,\"uid\":\"018f3404-d600-7fff-bfff-ffffffffffff\",\"revision\":3,\"createdAt\":\"2024-05-01T12:00:00Z\",\"updatedAt\":\"2024-05-02T12:00:00.123456Z\"}"}}"#;
const USER: &str = r#"{"users":{"id":7,"name":"Ada","email":"ada@example.com","email_key":"ada@example.com","password_hash":null,"role":"user","disabled":false,"created_at":"2024-05-01T12:00:00Z","updated_at":"2024-05-01T12:00:00Z","email_verified_at":null,"language":null}}"#;
const TOKEN: &str = r#"{"mail_tokens":{"digest":"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA","user_id":7,"purpose":"reset","email_key":"ada@example.com","created_at":"2024-05-01T12:00:00Z","expires_at":"2024-05-01T12:30:00Z"}}"#;
const SEQUENCE: &str = r#"{"sequences":{"name":"users","value":9}}"#;

#[test]
fn record_is_written_as_it_was_read() {
    for text in [USER, RECIPE, TOKEN, SEQUENCE] {
        let mut written = Vec::new();
        Record::from_json(text.as_bytes()).unwrap().write_json(&mut written).unwrap();
        assert_eq!(String::from_utf8(written).unwrap(), text);
    }
}

#[test]
fn record_that_no_database_holds_is_refused_without_its_values() {
    for (text, old, new, why) in [
        (USER, r#""id":7"#, r#""id":0"#, "id is invalid"),
        (USER, r#""id":7"#, r#""id":9007199254740992"#, "id is invalid"),
        (USER, r#""id":7"#, r#""id":7.5"#, "id is invalid"),
        (USER, r#""role":"user""#, r#""role":"root""#, "role is invalid"),
        (USER, r#""password_hash":null"#, r#""password_hash":"hunter2""#, "password_hash is invalid"),
        (USER, r#""name":"Ada""#, r#""name":null"#, "name is invalid"),
        (USER, r#""name":"Ada""#, r#""name":"A\u0000""#, "name is invalid"),
        (USER, r#""name":"Ada","#, "", "name is missing"),
        (USER, r#""name":"Ada""#, r#""name":"Ada","hunter2":1"#, "it has an unknown column"),
        (USER, r#""disabled":false"#, r#""disabled":0"#, "disabled is invalid"),
        (USER, "12:00:00Z", "25:00:00Z", "created_at is invalid"),
        (USER, r#"{"users""#, r#"{"hunter2""#, "its kind is unknown"),
        (USER, r#"{"users""#, r#"{"a":1,"users""#, "it must be an object in an object"),
        (USER, USER, "[]", "it is no JSON object"),
        (TOKEN, "AAAA\"", "A\"", "digest is invalid"),
        (TOKEN, "reset", "login", "purpose is invalid"),
        (SEQUENCE, "users", "sessions", "name is invalid"),
        (SEQUENCE, "9", "-1", "value is invalid"),
        (RECIPE, r#""owner_id":7"#, r#""owner_id":8"#, "the document and the columns differ"),
        (RECIPE, r#""owner_id":7"#, r#""owner_id":null"#, "the document and the columns differ"),
        (RECIPE, r#""private":true"#, r#""private":false"#, "the document and the columns differ"),
        (
            RECIPE,
            r#""revision":3,"created"#,
            r#""revision":4,"created"#,
            "the document and the columns differ",
        ),
        (RECIPE, r#"\"salt\"]"#, r#"\"salt\""#, "the document is not a JSON object"),
        (
            RECIPE,
            r#"\"healthLabels\":[]"#,
            r#"\"healthLabels\":1"#,
            "healthLabels is missing or has a wrong type",
        ),
    ] {
        assert!(text.contains(old), "{old}");
        let refused = Record::from_json(text.replacen(old, new, 1).as_bytes()).unwrap_err();
        assert!(refused.contains(why) && !refused.contains("hunter2"), "{new}: {refused}");
    }
}

#[test]
fn records_have_an_order() {
    let [user, recipe, token, sequence] =
        [USER, RECIPE, TOKEN, SEQUENCE].map(|text| Record::from_json(text.as_bytes()).unwrap());
    let older = Record::from_json(USER.replace('7', "6").as_bytes()).unwrap();
    for (one, other) in [(&recipe, &user), (&token, &recipe), (&sequence, &token), (&user, &older)] {
        assert!(one.follows(other) && !other.follows(one), "{one} {other}");
    }
    assert!(!user.follows(&user));
}

#[test]
fn record_is_named_without_its_content() {
    let user = Record::from_json(USER.as_bytes()).unwrap();
    assert_eq!((user.to_string(), format!("{user:?}")), ("users 7".to_owned(), "Record(users 7)".to_owned()));
}

#[test]
fn record_of_an_older_archive_lacks_a_column_that_was_added_since() {
    let old = r#"{"invitations":{"id":"AAAAAAAAAAAAAAAAAAAAAA","digest":"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA","email":null,"email_key":null,"created_by":null,"created_at":"2024-05-01T12:00:00Z","expires_at":"2024-05-02T12:00:00Z"}}"#;
    let record = Record::from_json(old.as_bytes()).unwrap();
    assert_eq!(record.value("mail_digest"), Some(&Value::Null));
}
