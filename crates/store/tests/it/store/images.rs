//! Pictures of recipes: who may see and change them, where they go with a recipe's steps, and what they count.

use ::recipes::{ImageSize, Quota, Quotas, Usage};
use ids::RecipeId;
use rstest_reuse::apply;
use serde_json::{Value, json};
use store::{
    BinEdit, ChangeImage, Context, Edit, FoundRevision, ImageEdit, ImageKey, NewImage, Ownerless, Page,
    Precondition, ReplaceRecipe, RestoreRevision, StoreError, StoredRecipe, Viewer,
};

use super::{Database, KEPT, TestStore, each_database, json_of, parse};

/// A picture with another content for each letter.
pub(super) fn picture(letter: u8) -> NewImage {
    let jpeg = |length| [&[0xff, 0xd8, 0xff][..], &vec![letter; length]].concat();
    NewImage::new((1_600, 1_200), [jpeg(7), jpeg(17), jpeg(67)])
}

fn dish(recipe: RecipeId, size: ImageSize) -> ImageKey {
    ImageKey { recipe, step: None, size }
}

/// Of all sizes of a [`picture`].
const BYTES: u64 = 100;

impl TestStore {
    pub(super) fn image(&self, recipe: RecipeId, step: Option<u32>, image: Option<NewImage>) -> ChangeImage {
        let (terms, quotas, id) = (Precondition::None.into(), Quotas::OFF, *self.uid().as_bytes());
        ChangeImage { recipe, step, image, id, terms, quotas, revisions_kept: KEPT }
    }

    async fn changes_image(&self, command: ChangeImage, context: Context) -> Edit<ImageEdit> {
        self.change_image(command, context).await.unwrap()
    }

    async fn set(&self, recipe: RecipeId, step: Option<u32>, letter: u8) {
        let edit = self.changes_image(self.image(recipe, step, Some(picture(letter))), self.operator()).await;
        assert!(matches!(edit, Edit::Done(ImageEdit::Done { .. })), "{edit:?}");
    }

    /// The letter of the picture there.
    async fn letter(&self, recipe: RecipeId, step: Option<u32>) -> Option<char> {
        let key = ImageKey { recipe, step, size: ImageSize::Small };
        let image = self.store.image(key, Viewer::Admin).await.unwrap();
        image.and_then(|image| image.jpeg.last().map(|letter| char::from(*letter)))
    }

    async fn letters(&self, recipe: RecipeId) -> String {
        let mut letters = String::new();
        for step in 1..=4 {
            letters.push(self.letter(recipe, Some(step)).await.unwrap_or('-'));
        }
        letters
    }

    async fn json(&self, recipe: RecipeId) -> Value {
        let recipe: StoredRecipe = self.recipe(recipe, Viewer::Admin).await.unwrap().unwrap();
        serde_json::from_str(&json_of(&recipe)).unwrap()
    }

    async fn replace(&self, id: RecipeId, recipe: &Value) {
        let command = ReplaceRecipe {
            id,
            draft: parse(recipe),
            precondition: Precondition::None,
            ownerless: Ownerless::Users,
            quotas: Quotas::OFF,
            revisions_kept: KEPT,
        };
        let replaced = self.replace_recipe(command, self.operator()).await.unwrap();
        assert!(matches!(replaced, Edit::Done(_)), "{replaced:?}");
    }

    async fn images(&self) -> Option<i64> {
        self.sql("SELECT count(*) FROM images").await
    }
}

fn with_steps(steps: &[&str]) -> Value {
    json!({
        "name": "Soup", "healthLabels": [], "cookTimeMinutes": 60, "prepTimeMinutes": null, "ingredients": ["salt"],
        "instructions": steps,
    })
}

#[apply(each_database)]
#[tokio::test]
async fn picture_is_a_part_of_the_recipe_and_a_new_revision(database: Database) {
    let test = TestStore::on(database).await;
    let alice = test.user("alice").await.id;
    let soup = test.public("Soup", Some(alice)).await.id;
    assert_eq!(test.json(soup).await.get("image"), None);
    test.later();
    let edit = test.changes_image(test.image(soup, None, Some(picture(b'a'))), test.by(alice)).await;
    let Edit::Done(ImageEdit::Done { revision: 2, image: Some(image) }) = edit else { panic!("{edit:?}") };
    let json = test.json(soup).await;
    assert_eq!((&json["image"]["url"], &json["revision"]), (&json!(image.url), &json!(2)));
    assert_eq!(json["updatedAt"], "2024-05-01T12:01:00Z");
    assert_eq!(json["image"]["sizes"].as_array().unwrap().len(), 3);
    for (size, length) in [(ImageSize::Small, 10), (ImageSize::Medium, 20), (ImageSize::Large, 70)] {
        let found = test.store.image(dish(soup, size), Viewer::Anyone).await.unwrap().unwrap();
        assert_eq!(found.jpeg.len(), length);
        assert!(image.url.ends_with(&::recipes::StoredImage::version(&found.digest)));
    }
    // Changes of the recipe keep it.
    test.replace(soup, &with_steps(&[])).await;
    assert_eq!(test.json(soup).await["image"], json["image"]);
    test.set(soup, None, b'b').await;
    assert_ne!(test.json(soup).await["image"], json["image"]);
    assert_eq!((test.letter(soup, None).await, test.images().await), (Some('b'), Some(1)));
    test.set(soup, None, b'b').await;
    let edit = test.changes_image(test.image(soup, None, None), test.by(alice)).await;
    assert_eq!(edit, Edit::Done(ImageEdit::Done { revision: 6, image: None }));
    assert_eq!((test.json(soup).await.get("image"), test.images().await), (None, Some(0)));
    let edit = test.changes_image(test.image(soup, None, None), test.by(alice)).await;
    assert_eq!(edit, Edit::Done(ImageEdit::NoSuchImage));
}

#[apply(each_database)]
#[tokio::test]
async fn picture_has_the_rights_of_its_recipe(database: Database) {
    let test = TestStore::on(database).await;
    let (alice, bob) = (test.user("alice").await.id, test.user("bob").await.id);
    let (soup, secret) =
        (test.public("Soup", Some(alice)).await.id, test.private("Secret", Some(alice)).await.id);
    for recipe in [soup, secret] {
        test.set(recipe, None, b'a').await;
    }
    assert_eq!(test.images().await, Some(1), "the same picture is kept once");
    for (recipe, viewer, is_there) in [
        (soup, Viewer::Anyone, true),
        (secret, Viewer::Anyone, false),
        (secret, Viewer::User(bob), false),
        (secret, Viewer::User(alice), true),
        (secret, Viewer::Admin, true),
        (RecipeId::from_i64(99).unwrap(), Viewer::Admin, false),
    ] {
        let found = test.store.image(dish(recipe, ImageSize::Large), viewer).await.unwrap();
        assert_eq!(found.is_some(), is_there, "{recipe} {viewer:?}");
    }
    for image in [Some(picture(b'b')), None] {
        let check =
            async |recipe| test.check_edit(recipe, &Precondition::None.into(), test.by(bob)).await.unwrap();
        assert_eq!((check(soup).await, check(secret).await), (Edit::Forbidden, Edit::NotFound));
        let change =
            async |recipe| test.changes_image(test.image(recipe, None, image.clone()), test.by(bob)).await;
        assert_eq!(change(soup).await, Edit::Forbidden);
        assert_eq!(change(secret).await, Edit::NotFound);
        let stale = ChangeImage {
            terms: Precondition::Revisions(vec![1]).into(),
            ..test.image(soup, None, image.clone())
        };
        assert!(matches!(test.changes_image(stale, test.by(alice)).await, Edit::Stale(_)));
    }
    assert_eq!(test.letter(soup, None).await, Some('a'));
}

#[apply(each_database)]
#[tokio::test]
async fn pictures_of_steps_go_with_their_steps(database: Database) {
    let test = TestStore::on(database).await;
    let soup = test.public("Soup", None).await.id;
    let edit = test.changes_image(test.image(soup, Some(1), Some(picture(b'a'))), test.operator()).await;
    assert_eq!(edit, Edit::Done(ImageEdit::NoSuchStep));
    test.replace(soup, &with_steps(&["chop", "boil", "serve"])).await;
    for (step, letter) in [(1, b'c'), (2, b'b'), (3, b's')] {
        test.set(soup, Some(step), letter).await;
    }
    test.set(soup, None, b'd').await;
    assert_eq!(test.letters(soup).await, "cbs-");
    for (steps, letters) in [
        (&["wash", "chop", "boil", "serve"][..], "-cbs"),
        (&["serve", "boil", "chop"], "sbc-"),
        (&["serve", "simmer", "chop"], "sbc-"),
        (&["chop"], "c---"),
        (&["chop", "boil"], "c---"),
    ] {
        test.replace(soup, &with_steps(steps)).await;
        assert_eq!(test.letters(soup).await, letters, "{steps:?}");
        let json = test.json(soup).await;
        let listed: Vec<_> =
            json["stepImages"].as_array().unwrap().iter().map(|it| it["step"].as_u64().unwrap()).collect();
        let want: Vec<_> =
            (1..).zip(letters.chars()).filter(|(_, it)| *it != '-').map(|(step, _)| step).collect();
        assert_eq!(listed, want);
        assert_eq!(test.letter(soup, None).await, Some('d'));
    }
    assert_eq!(test.images().await, Some(2), "what no step has is deleted");
}

#[apply(each_database)]
#[tokio::test]
async fn pictures_count_and_end_with_their_recipes(database: Database) {
    let test = TestStore::on(database).await;
    let (alice, bob) = (test.user("alice").await.id, test.user("bob").await.id);
    let soup = test.public("Soup", Some(alice)).await.id;
    let bread = test.private("Bread", Some(alice)).await.id;
    let other = test.public("Other", Some(bob)).await.id;
    let pictures = async |user| {
        let sql = format!(
            "SELECT CAST(coalesce(sum(octet_length(document)), 0) AS bigint) FROM recipes WHERE owner_id = {user}"
        );
        let documents = test.sql(&sql).await.unwrap().unsigned_abs();
        test.opened_again().await.usage(user).await.unwrap().bytes - documents
    };
    for (recipe, letter) in [(soup, b'a'), (bread, b'a'), (other, b'a')] {
        test.set(recipe, None, letter).await;
    }
    assert_eq!((pictures(alice).await, pictures(bob).await), (2 * BYTES, BYTES));
    test.set(soup, None, b'b').await;
    assert_eq!((pictures(alice).await, test.images().await), (2 * BYTES, Some(2)));
    // A quota refuses what adds to it.
    let usage = test.opened_again().await.usage(alice).await.unwrap();
    test.replace(soup, &with_steps(&["stir"])).await;
    let set = async |step, bytes| {
        let quotas = Quotas { bytes: Quota(Some(bytes)), ..Quotas::OFF };
        let command = ChangeImage { quotas, ..test.image(soup, step, Some(picture(b'c'))) };
        test.change_image(command, test.by(alice)).await
    };
    let refused = set(Some(1), usage.bytes + BYTES).await;
    assert!(matches!(refused, Err(StoreError::QuotaExceeded { .. })), "{refused:?}");
    assert_eq!(test.letters(soup).await, "----");
    set(Some(1), usage.bytes + 2_000).await.unwrap();
    set(None, 0).await.unwrap();
    assert_eq!(pictures(alice).await, 3 * BYTES);
    test.changes_image(test.image(soup, Some(1), None), test.by(alice)).await;
    assert_eq!(pictures(alice).await, 2 * BYTES);
    // The public recipe becomes communal and keeps its picture, the private one goes.
    assert!(test.delete_user(alice, None, test.operator()).await.unwrap());
    while test.continue_deletion(test.now()).await.unwrap() {}
    assert_eq!((test.letter(soup, None).await, test.images().await), (Some('c'), Some(2)));
    assert_eq!(test.json(soup).await["image"]["width"], 1_600);
    test.delete_recipe(other, Precondition::None, test.by(bob)).await.unwrap();
    assert_eq!((test.images().await, pictures(bob).await), (Some(1), 0));
    test.delete_recipe(soup, Precondition::None, test.operator()).await.unwrap();
    assert_eq!(test.images().await, Some(0));
    assert_eq!(test.opened_again().await.usage(bob).await.unwrap(), Usage::default());
}

#[apply(each_database)]
#[tokio::test(flavor = "multi_thread")]
async fn same_picture_is_set_and_removed_at_the_same_time(database: Database) {
    let test = TestStore::on(database).await;
    let mut recipes = Vec::new();
    for name in ["one", "two", "three", "four"] {
        recipes.push(test.public(name, None).await.id);
    }
    let mut tasks = tokio::task::JoinSet::new();
    for recipe in recipes.clone() {
        for round in 0..6 {
            let command = test.image(recipe, None, (round % 2 == 0).then(|| picture(b'a')));
            let (store, context) = (test.store.clone(), test.operator());
            tasks.spawn(async move { store.change_image(command, context).await });
        }
    }
    for outcome in tasks.join_all().await {
        assert!(matches!(outcome, Ok(Edit::Done(_))), "{outcome:?}");
    }
    for recipe in recipes {
        let is_there = test.letter(recipe, None).await.is_some();
        assert_eq!(test.json(recipe).await.get("image").is_some(), is_there);
    }
}

#[apply(each_database)]
#[tokio::test]
async fn recipe_in_the_bin_keeps_its_pictures(database: Database) {
    let test = TestStore::on(database).await;
    let alice = test.user("alice").await.id;
    let (soup, bread) = (test.public("Soup", Some(alice)).await.id, test.public("Bread", None).await.id);
    test.replace(soup, &with_steps(&["chop", "boil"])).await;
    for (recipe, step, letter) in [(soup, None, b'a'), (soup, Some(2), b'b'), (bread, None, b'a')] {
        test.set(recipe, step, letter).await;
    }
    let before = test.json(soup).await;
    let bytes = async || test.opened_again().await.usage(alice).await.unwrap().bytes;
    let used = bytes().await;
    for _ in 0..2 {
        test.bin_recipe(soup, Precondition::None, test.by(alice)).await.unwrap();
        for step in [None, Some(2)] {
            assert_eq!(test.letter(soup, step).await, None, "an administrator sees none either");
        }
        assert_eq!((test.images().await, bytes().await), (Some(2), 2 * BYTES), "they count in the bin");
        // The other recipe that has the same picture loses it.
        test.changes_image(test.image(bread, None, None), test.operator()).await;
        assert_eq!(test.images().await, Some(2));
        let restored =
            test.restore_binned(soup, Ownerless::Users, Quotas::OFF, test.by(alice)).await.unwrap();
        assert!(matches!(restored, BinEdit::Done(_)), "{restored:?}");
        assert_eq!((test.letter(soup, None).await, test.letters(soup).await), (Some('a'), "-b--".to_owned()));
        assert_eq!((test.json(soup).await, bytes().await), (before.clone(), used));
        assert_eq!(test.sql("SELECT count(*) FROM binned_images").await, Some(0));
        test.set(bread, None, b'a').await;
    }
    test.bin_recipe(soup, Precondition::None, test.by(alice)).await.unwrap();
    assert_eq!(test.delete_binned(soup, Ownerless::Users, test.by(alice)).await.unwrap(), BinEdit::Done(()));
    assert_eq!((test.images().await, bytes().await), (Some(1), 0), "the other recipe has one of them");
    assert_eq!(test.letter(bread, None).await, Some('a'));
}

#[apply(each_database)]
#[tokio::test]
async fn pictures_leave_the_bin_when_it_is_emptied_and_with_the_account(database: Database) {
    let test = TestStore::on(database).await;
    let (alice, bob) = (test.user("alice").await.id, test.user("bob").await.id);
    let (soup, bread) =
        (test.public("Soup", Some(alice)).await.id, test.private("Bread", Some(bob)).await.id);
    for (recipe, letter, owner) in [(soup, b'a', alice), (bread, b'b', bob)] {
        test.set(recipe, None, letter).await;
        test.bin_recipe(recipe, Precondition::None, test.by(owner)).await.unwrap();
    }
    assert!(test.delete_user(alice, None, test.operator()).await.unwrap());
    while test.continue_deletion(test.now()).await.unwrap() {}
    assert_eq!(test.images().await, Some(1));
    assert_eq!(test.empty_bin(test.now()).await.unwrap(), 1);
    assert_eq!(test.images().await, Some(0));
    assert_eq!(test.opened_again().await.usage(bob).await.unwrap(), Usage::default());
}

#[apply(each_database)]
#[tokio::test]
async fn restored_revision_has_the_pictures_of_now(database: Database) {
    let test = TestStore::on(database).await;
    let alice = test.user("alice").await.id;
    let soup = test.public("Soup", Some(alice)).await.id;
    test.replace(soup, &with_steps(&["chop", "boil"])).await;
    for (step, letter) in [(None, b'a'), (Some(1), b'c')] {
        let edit = test.changes_image(test.image(soup, step, Some(picture(letter))), test.by(alice)).await;
        assert!(matches!(edit, Edit::Done(ImageEdit::Done { .. })), "{edit:?}");
    }
    // Revision 4 has both pictures.
    test.replace(soup, &with_steps(&["wash", "chop"])).await;
    test.set(soup, None, b'b').await;
    let now = test.json(soup).await;
    assert_eq!((&now["revision"], &now["stepImages"][0]["step"]), (&json!(6), &json!(2)));
    let page = test.revisions(soup, Page::default(), Viewer::Anyone).await.unwrap().unwrap();
    assert_eq!(page.rows.len(), 6, "a change of a picture keeps the former revision");
    assert_eq!(page.rows[3].updated_by, Some(alice), "and tells who made it");

    let found = test.revision(soup, 4, Viewer::Anyone).await.unwrap();
    let FoundRevision::Found(former) = found else { panic!("{found:?}") };
    let former: Value = serde_json::from_str(&json_of(&former.recipe)).unwrap();
    assert_eq!((former.get("image"), former.get("stepImages")), (None, None));
    assert_eq!(former["instructions"][0]["text"], "chop");

    let restore = async |revision| {
        let command = RestoreRevision {
            id: soup,
            revision,
            precondition: Precondition::None,
            ownerless: Ownerless::Users,
            quotas: Quotas::OFF,
            revisions_kept: KEPT,
        };
        let restored = test.restore_revision(command, test.by(alice)).await.unwrap();
        assert!(matches!(restored, Edit::Done(_)), "{restored:?}");
        test.json(soup).await
    };
    let restored = restore(4).await;
    assert_eq!((&restored["image"], &restored["instructions"]), (&now["image"], &former["instructions"]));
    assert_eq!((test.letter(soup, None).await, test.letters(soup).await), (Some('b'), "c---".to_owned()));
    assert_eq!(restored["stepImages"][0]["step"], 1);
    test.changes_image(test.image(soup, None, None), test.by(alice)).await;
    assert_eq!(restore(6).await.get("image"), None, "a picture that was removed does not come back");
    assert_eq!((test.letter(soup, None).await, test.images().await), (None, Some(1)));
    let exported = test.former_revisions_of(alice, None).await.unwrap();
    assert!(exported.iter().all(|revision| !json_of(revision).contains("/image?")));
}
