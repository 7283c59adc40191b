//! Backups: everything, of one moment, into either kind of database, completely or not at all.

use std::collections::BTreeSet;
use std::fs;
use std::time::Duration;

use ::recipes::Quotas;
use accounts::{LanguageTag, MailPurpose, NewInvitation, NewMail, TokenDigest};
use ids::{CookedId, InvitationId, RecipeId, Uid};
use rstest_reuse::apply;
use serde_json::Value;
use store::{
    ChangeShoppingItem, Cooked, DatabaseUrl, Favoured, HouseholdInvitation, Instance, Listed, Noted,
    Ownerless, PlanFeed, Planned, Precondition, Rated, Record, ReplaceRecipe, Restore, RestoreBatch,
    RestoreError, Restored, Store, StoreError, TakenMail, Unavailable, Viewer,
};

use super::sessions::sign_up;
use super::{
    Database, KEPT, TestStore, connected, draft, each_database, email, members_draft, new_postgres_database,
    new_user, url,
};

/// Everything in the store, a line of JSON each.
async fn lines(store: &Store) -> Vec<String> {
    let mut snapshot = store.snapshot();
    let mut lines = Vec::new();
    while let Some(records) = snapshot.next().await.unwrap() {
        for record in records {
            let mut line = Vec::new();
            record.write_json(&mut line).unwrap();
            lines.push(String::from_utf8(line).unwrap());
        }
    }
    lines
}

async fn restore(
    url: &DatabaseUrl,
    lines: &[String],
    replace: bool,
    is_complete: bool,
) -> Result<Restored, RestoreError> {
    let (sender, records) = tokio::sync::mpsc::channel(1);
    let mut batches: Vec<_> = lines
        .chunks(3)
        .map(|lines| lines.iter().map(|line| Record::from_json(line.as_bytes()).unwrap()).collect())
        .map(RestoreBatch::Records)
        .collect();
    batches.extend(is_complete.then_some(RestoreBatch::End));
    let sending = tokio::spawn(async move {
        for batch in batches {
            if sender.send(batch).await.is_err() {
                return;
            }
        }
    });
    let now = "2024-06-01T12:00:00Z".parse().unwrap();
    let restored = Store::restore(url, Restore { records, replace, now }).await;
    sending.await.unwrap();
    restored
}

/// A row in every table, and a recipe and a user whose ids must not come back.
async fn filled(test: &TestStore) {
    let (ada, _) =
        test.sign_up(sign_up(new_user("ada"), test.new_session(), None), test.now()).await.unwrap();
    let eve = test.user("eve").await;
    test.logs_in(&ada).await;
    test.choose_language(LanguageTag::parse("de").unwrap(), test.by(ada.id)).await.unwrap();
    let soup = test.public("Soup", Some(ada.id)).await;
    test.private("Älplermagronen 🧀", Some(ada.id)).await;
    test.public("Bread", None).await;
    let fondue = test.for_members("Fondue", Some(ada.id)).await.id;
    let last = test.public("Salad", Some(ada.id)).await;
    test.delete_recipe(last.id, Precondition::None, test.operator()).await.unwrap();
    assert!(test.delete_user(eve.id, None, test.operator()).await.unwrap());
    test.api_token(&ada).await;
    let added = test.add_favourite(soup.id, *test.uid().as_bytes(), test.by(ada.id)).await.unwrap();
    assert_eq!(added, Favoured::Done);
    let cooked = Cooked {
        id: CookedId::new(test.now(), test.entropy.bytes()),
        recipe: soup.id,
        on: jiff::civil::date(2024, 5, 1),
        note: Some("with less salt".to_owned()),
    };
    assert_eq!(test.add_cooked(cooked.clone(), test.by(ada.id)).await.unwrap(), Noted::Done);
    let replace = ReplaceRecipe {
        id: soup.id,
        draft: draft("Stew"),
        precondition: Precondition::None,
        ownerless: Ownerless::Users,
        quotas: Quotas::OFF,
        revisions_kept: KEPT,
    };
    let of_members = ReplaceRecipe { id: fondue, draft: members_draft("Raclette"), ..replace.clone() };
    for replace in [replace, of_members] {
        test.replace_recipe(replace, test.by(ada.id)).await.unwrap();
    }
    let binned = test.for_members("Rösti", Some(ada.id)).await.id;
    assert_eq!(
        test.add_favourite(binned, *test.uid().as_bytes(), test.by(ada.id)).await.unwrap(),
        Favoured::Done
    );
    let cooked = Cooked { id: CookedId::new(test.now(), test.entropy.bytes()), recipe: binned, ..cooked };
    assert_eq!(test.add_cooked(cooked, test.by(ada.id)).await.unwrap(), Noted::Done);
    for (recipe, letter) in [(soup.id, b'a'), (binned, b'b')] {
        let command = test.image(recipe, None, Some(super::images::picture(letter)));
        test.change_image(command, test.operator()).await.unwrap();
    }
    test.shares_recipe(soup.id, ada.id, "a").await;
    test.shares_recipe(binned, ada.id, "b").await;
    let day = jiff::civil::date(2024, 5, 2);
    let entries =
        vec![test.planned_on(day, Some(soup.id), "for two"), test.planned_on(day, Some(binned), "")];
    assert_eq!(test.plans(ada.id, &[], entries).await, Planned::Done);
    assert_eq!(test.lists_from(ada.id, Some("recipe 1 4"), &["500 g flour", "Salt"]).await, Listed::Done);
    let flour = test.shopping_list(ada.id).await.unwrap().remove(0);
    let tick =
        ChangeShoppingItem { id: flour.id, text: None, ticked: Some(true), version: Some(flour.version) };
    test.change_shopping_item(tick, test.by(ada.id)).await.unwrap();
    let feed = PlanFeed { digest: TokenDigest::of(b"feed"), new: test.new_household() };
    test.set_plan_feed(feed, test.by(ada.id)).await.unwrap();
    assert_eq!(test.rates(ada.id, soup.id, 4).await, Rated::Done);
    assert_eq!(test.rates(ada.id, binned, 5).await, Rated::Done);
    test.bin_recipe(binned, Precondition::None, test.by(ada.id)).await.unwrap();
    let expires_at = test.later();
    let (digest, new) = (TokenDigest::of(b"household"), test.new_household());
    let invitation = HouseholdInvitation { digest, expires_at, new };
    test.invite_to_household(invitation, test.by(ada.id)).await.unwrap();
    let mail = NewMail::Link { purpose: MailPurpose::ResetPassword, to: email("ada") };
    assert!(test.queue_mail(mail, LanguageTag::ENGLISH, test.now(), test.operator()).await.unwrap());
    let taken = test.take_mail(test.take(TokenDigest::of(b"mail"))).await.unwrap();
    assert!(matches!(taken, TakenMail::Mail(_)), "{taken:?}");
    let id = InvitationId::new(test.now(), test.entropy.bytes());
    let digest = TokenDigest::of(b"invitation");
    let invitation = NewInvitation { id, digest, email: Some(email("ida")), expires_at };
    test.create_invitation(invitation, test.operator()).await.unwrap();
    let (ada, session) =
        (test.user_by_email(&email("ada")).await.unwrap().unwrap().0, test.logs_in(&ada).await.session());
    test.set_session_browser(session, TokenDigest::of(b"browser")).await.unwrap();
    test.fill_oauth(&ada).await;
    test.hook("recipe.created").await;
    test.get_or_create_instance(Instance { id: test.uid(), named_at: test.now() }).await.unwrap();
}

async fn new_url(test: &TestStore, database: Database) -> DatabaseUrl {
    match database {
        Database::Sqlite => url(&test.folder.path().join("restored/recipes.db")),
        Database::Postgres => new_postgres_database().await,
    }
}

async fn restored_elsewhere_is_the_same(test: &TestStore, database: Database) {
    filled(test).await;
    let before = lines(test).await;
    let url = new_url(test, database).await;
    assert_eq!(restore(&url, &before, false, true).await.unwrap().kept, None);
    let copy = Store::open(&url, test.now()).await.unwrap();
    assert_eq!(lines(&copy).await, before);
    let soup = test.recipe(RecipeId::from_i64(1).unwrap(), Viewer::Anyone).await.unwrap();
    assert!(soup.as_ref().unwrap().rating().is_some());
    assert_eq!(copy.recipe(RecipeId::from_i64(1).unwrap(), Viewer::Anyone).await.unwrap(), soup);
    let (of_the_copy, of_the_original) = (new_ids(test, &copy).await, new_ids(test, test).await);
    assert_eq!(of_the_copy, of_the_original);
    assert!(of_the_copy >= [5, 3], "{of_the_copy:?}");
    let ada = ids::UserId::from_i64(1).unwrap();
    assert_eq!(copy.usage(ada).await.unwrap(), test.usage(ada).await.unwrap());
    copy.close().await;
}

/// Of a new recipe and a new user.
async fn new_ids(test: &TestStore, store: &Store) -> [i64; 2] {
    let recipe = store::NewRecipe::new(&draft("New"), test.uid(), None);
    let recipe = store.create_recipe(recipe, test.operator()).await.unwrap();
    [recipe.id.get(), store.create_user(new_user("new"), test.now()).await.unwrap().id.get()]
}

#[tokio::test]
async fn backup_of_sqlite_restored_into_sqlite_is_the_same() {
    restored_elsewhere_is_the_same(&TestStore::sqlite().await, Database::Sqlite).await;
}

#[tokio::test]
#[ignore = "needs a server: .ci/with-postgres cargo test -- --include-ignored"]
async fn backup_moves_between_sqlite_and_postgres() {
    use Database::{Postgres, Sqlite};
    for (from, to) in [(Sqlite, Postgres), (Postgres, Sqlite), (Postgres, Postgres)] {
        restored_elsewhere_is_the_same(&TestStore::on(from).await, to).await;
    }
}

/// A table or a column that is added later must be added to the backup, too.
#[apply(each_database)]
#[tokio::test]
async fn every_column_of_every_table_is_in_a_backup(database: Database) {
    let test = TestStore::on(database).await;
    filled(&test).await;
    let mut saved = BTreeSet::new();
    for line in lines(&test).await {
        let line: Value = serde_json::from_str(&line).unwrap();
        for (table, row) in line.as_object().unwrap() {
            saved.extend(row.as_object().unwrap().keys().map(|column| format!("{table}.{column}")));
        }
    }
    saved.retain(|column| !column.starts_with("sequences."));
    // Made anew by a restore, or for some minutes only.
    let others = [
        "usages.",
        "address_collisions.",
        "migrations.",
        "access_changes.",
        "codes.",
        "idempotency_keys.",
        "device_codes.",
        "pushed_requests.",
        "used_proofs.",
        "ended_grants.",
        "logout_deliveries.",
        "mails.",
        "webhook_deliveries.",
        "rate_limits.",
        "recipe_changes.",
        "recipe_deletions.",
        "recipe_departures.",
        "recipe_history.",
        "recipes.changed_in",
        "recipes.rating_count",
        "recipes.rating_sum",
        "recipes.rated_at",
    ];
    let is_derived = |column: &String| others.iter().any(|table| column.starts_with(table));
    let schema: BTreeSet<String> = columns(&test).await.into_iter().filter(|it| !is_derived(it)).collect();
    assert_eq!(saved, schema);
}

async fn columns(test: &TestStore) -> Vec<String> {
    if test.url.file().is_none() {
        let sql = "SELECT table_name || '.' || column_name FROM information_schema.columns
                   WHERE table_schema = current_schema()";
        let rows = connected(&test.url.to_string()).await.query(sql, &[]).await.unwrap();
        return rows.iter().map(|row| row.get(0)).collect();
    }
    let db = rusqlite::Connection::open(test.file()).unwrap();
    let sql = "SELECT t.name || '.' || c.name FROM sqlite_schema AS t, pragma_table_info(t.name) AS c
               WHERE t.type = 'table' AND t.name NOT LIKE 'sqlite_%'";
    let mut statement = db.prepare(sql).unwrap();
    statement.query_map([], |row| row.get(0)).unwrap().collect::<Result<_, _>>().unwrap()
}

/// Each sign-up writes a user, a session and an event in one transaction.
#[apply(each_database)]
#[tokio::test(flavor = "multi_thread")]
async fn backup_beside_writers_has_the_state_of_one_moment(database: Database) {
    let test = TestStore::on(database).await;
    let writer = async |writer: usize| {
        for number in 0..100 {
            let user = new_user(&format!("user-{writer}-{number}"));
            test.sign_up(sign_up(user, test.new_session(), None), test.now()).await.unwrap();
        }
    };
    let backups = async {
        let mut seen = BTreeSet::new();
        for _ in 0..20 {
            let lines = lines(&test).await;
            let count =
                |table: &str| lines.iter().filter(|line| line.starts_with(&format!("{{\"{table}\""))).count();
            assert_eq!((count("users"), count("users")), (count("sessions"), count("audit")));
            seen.insert(count("users"));
        }
        seen
    };
    let (seen, ..) = tokio::join!(backups, writer(1), writer(2), writer(3), writer(4));
    assert!(seen.len() > 1, "nothing was written meanwhile: {seen:?}");
}

#[apply(each_database)]
#[tokio::test]
async fn database_with_data_is_replaced_only_on_request(database: Database) {
    let source = TestStore::sqlite().await;
    filled(&source).await;
    let archived = lines(&source).await;
    let test = TestStore::on(database).await;
    for name in ["one", "two", "three", "four", "five", "six", "seven"] {
        test.public(name, None).await;
    }
    let before = lines(&test).await;
    test.close().await;
    let refused = restore(&test.url, &archived, false, true).await;
    assert!(matches!(refused, Err(RestoreError::NotEmpty)), "{refused:?}");
    assert_eq!(lines(&test.opened_again().await).await, before);
    let restored = restore(&test.url, &archived, true, true).await.unwrap();
    let again = test.opened_again().await;
    let without_sequences = |lines: &[String]| {
        lines.iter().filter(|line| !line.starts_with("{\"sequences")).cloned().collect::<Vec<_>>()
    };
    assert_eq!(without_sequences(&lines(&again).await), without_sequences(&archived));
    // Not one of those that the former database has given out.
    let uid = Uid::new(test.now(), [0xee; 10]);
    let new = store::NewRecipe::new(&draft("New"), uid, None);
    assert_eq!(again.create_recipe(new, test.operator()).await.unwrap().id.get(), 8);
    again.close().await;
    if let Some(file) = test.url.file() {
        let kept = restored.kept.unwrap();
        assert_eq!(kept, file.with_file_name("recipes.db.before-restore-20240601T120000Z"));
        let kept = Store::open(&url(&kept), test.now()).await.unwrap();
        assert_eq!(lines(&kept).await, before);
    }
}

#[apply(each_database)]
#[tokio::test]
async fn archive_that_is_incomplete_or_breaks_a_rule_changes_nothing(database: Database) {
    let source = TestStore::sqlite().await;
    filled(&source).await;
    let archived = lines(&source).await;
    let test = TestStore::on(database).await;
    let before = lines(&test).await;
    test.close().await;
    let files = || fs::read_dir(test.folder.path()).unwrap().count();
    let count = files();
    let incomplete = restore(&test.url, &archived, false, false).await;
    assert!(matches!(incomplete, Err(RestoreError::Incomplete)), "{incomplete:?}");
    let without_user: Vec<_> = archived.iter().filter(|it| !it.starts_with("{\"users")).cloned().collect();
    let twice: Vec<_> = archived.iter().flat_map(|line| [line.clone(), line.clone()]).collect();
    for (lines, record) in [(without_user, "recipes 1"), (twice, "users 1")] {
        let refused = restore(&test.url, &lines, false, true).await.unwrap_err();
        assert!(refused.to_string().starts_with(&format!("the database refuses {record}: ")), "{refused}");
    }
    assert_eq!(files(), count, "a draft is left over");
    assert_eq!(lines(&test.opened_again().await).await, before);
}

#[tokio::test]
async fn database_that_is_in_use_is_not_replaced() {
    let test = TestStore::sqlite().await;
    test.public("Soup", None).await;
    for replace in [false, true] {
        let refused = restore(&test.url, &[], replace, true).await;
        assert!(matches!(refused, Err(RestoreError::InUse)), "{refused:?}");
    }
    test.public("Bread", None).await;
    assert_eq!(test.count_recipes(Viewer::Anyone).await.unwrap(), 2);
}

#[tokio::test]
async fn damaged_database_is_replaced_and_kept_with_its_files() {
    let test = TestStore::sqlite().await;
    test.close().await;
    fs::write(test.file(), "damaged ".repeat(1_000)).unwrap();
    fs::write(test.folder.path().join("recipes.db-wal"), "a log").unwrap();
    let refused = restore(&test.url, &[], false, true).await;
    assert!(matches!(refused, Err(RestoreError::NotEmpty)), "{refused:?}");
    let kept = restore(&test.url, &[], true, true).await.unwrap().kept.unwrap();
    assert!(fs::read_to_string(&kept).unwrap().starts_with("damaged "));
    assert_eq!(fs::read_to_string(format!("{}-wal", kept.display())).unwrap(), "a log");
    assert_eq!(test.opened_again().await.count_recipes(Viewer::Anyone).await.unwrap(), 0);
}

#[tokio::test]
async fn database_of_another_program_is_not_replaced() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("cookies.sqlite");
    rusqlite::Connection::open(&file).unwrap().execute_batch("CREATE TABLE cookies (name TEXT)").unwrap();
    for path in [file.as_path(), folder.path()] {
        let refused = restore(&url(path), &[], true, true).await;
        assert!(matches!(refused, Err(RestoreError::Impossible(_))), "{refused:?}");
    }
}

#[apply(each_database)]
#[tokio::test]
async fn backup_of_a_closed_store_fails(database: Database) {
    let test = TestStore::on(database).await;
    test.close().await;
    let ended = test.snapshot().next().await;
    assert!(matches!(ended, Err(StoreError::Unavailable(Unavailable::Closed))), "{ended:?}");
}

#[tokio::test]
async fn store_closes_while_a_backup_is_read() {
    let test = TestStore::sqlite().await;
    for _ in 0..3_000 {
        test.public("Soup", None).await;
    }
    let mut snapshot = test.snapshot();
    snapshot.next().await.unwrap().unwrap();
    let rest = async {
        while test.ready().await.is_ok() {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        while snapshot.next().await?.is_some() {}
        Ok::<_, StoreError>(())
    };
    let ((), rest) = tokio::join!(test.close(), rest);
    assert!(matches!(rest, Err(StoreError::Unavailable(Unavailable::Closed))), "{rest:?}");
    assert!(!test.folder.path().join("recipes.db-wal").exists());
}
