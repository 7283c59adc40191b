//! Task 8 of the tutorial with its own data.

use http::Method;
use serde_json::{Value, json};

use crate::program::{Program, recipe};

const CHICKEN: &str = r#"{"name":"Chicken Vesuvio","healthLabels":["Sugar-Conscious","Peanut-Free"],"cookTimeMinutes":60,"prepTimeMinutes":10,"ingredients":["1/2 cup olive oil","5 cloves garlic, peeled"]}"#;

#[tokio::test]
async fn requests_of_the_tutorial_work() {
    let folder = tempfile::tempdir().unwrap();
    let program = Program::start(folder.path());
    let mut client = program.client();
    let chicken: Value = serde_json::from_str(CHICKEN).unwrap();

    // Without a token nothing is created, changed or deleted.
    let (status, answer) = client.post("/api/v1/recipes", &chicken).await.unwrap();
    assert_eq!((status.as_u16(), &answer["message"]), (401, &json!("Unauthorized")));

    let ada = json!({"name": "Ada", "email": "ada@example.org", "password": "a stitch in thyme"});
    let (status, answer) = client.post("/api/v1/users/signup", &ada).await.unwrap();
    assert_eq!(status, 200);
    client.token = Some(answer["token"].as_str().unwrap().to_owned());

    let (status, created) = client.post("/api/v1/recipes", &chicken).await.unwrap();
    assert_eq!(status, 201);
    for (field, value) in chicken.as_object().unwrap() {
        assert_eq!(&created["data"][field], value);
    }
    let url = format!("/api/v1/recipes/{}", created["data"]["id"]);
    let (status, read) = client.get(&url).await.unwrap();
    assert_eq!((status.as_u16(), &read), (200, &created));

    let (status, changed) = client.send(Method::PUT, &url, Some(&recipe("Chicken, again"))).await.unwrap();
    assert_eq!((status.as_u16(), &changed["data"]["name"]), (200, &json!("Chicken, again")));
    let (status, nothing) = client.send(Method::DELETE, &url, None).await.unwrap();
    assert_eq!((status.as_u16(), nothing), (204, Value::Null));
    let (status, missing) = client.get(&url).await.unwrap();
    assert_eq!((status.as_u16(), &missing["message"]), (404, &json!("Recipe not found")));

    let (status, answer) = client.post("/api/v1/users/login", &ada).await.unwrap();
    assert_eq!(status, 200);
    client.token = Some(answer["token"].as_str().unwrap().to_owned());
    assert_eq!(client.post("/api/v1/recipes", &chicken).await.unwrap().0, 201);

    let wrong = json!({"email": "ada@example.org", "password": "a stitch in time"});
    let (status, answer) = client.post("/api/v1/users/login", &wrong).await.unwrap();
    assert_eq!((status.as_u16(), &answer["message"]), (401, &json!("Unable to login")));
}
