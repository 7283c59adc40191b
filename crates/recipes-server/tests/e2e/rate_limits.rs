//! Rate limits of several servers on one database.

use serde_json::json;

use crate::backup::new_postgres_database;
use crate::program::Program;

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs a server: .ci/with-postgres cargo test -- --include-ignored"]
async fn attempts_through_two_servers_add_up_postgres() {
    let database = new_postgres_database().await;
    let settings = [("DATABASE_URL", database.as_str()), ("RATE_LIMITS", "log-in=4/1h")];
    let folders = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
    let programs = folders.each_ref().map(|folder| Program::start_with(folder.path(), &settings));
    let guess = json!({"email": "ada@example.org", "password": "a guess"});
    let mut statuses = Vec::new();
    for number in 0..6 {
        let client = programs[number % 2].client();
        statuses.push(client.post("/api/v1/users/login", &guess).await.unwrap().0.as_u16());
    }
    assert_eq!(statuses, [401, 401, 401, 401, 429, 429]);
}
