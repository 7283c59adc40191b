//! Paprika: each recipe is JSON, packed with gzip, in a zip archive. Every member is text as a person typed it.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde_json::{Value, json};

use crate::assemble::Found;
use crate::program::{
    Object, leave_out_unknown, long_text, minutes, set_difficulty, set_picture, set_source, text, words,
};
use crate::report::ItemImage;
use crate::schema_org::{ingredients, steps_of_text, timestamp};
use crate::yields::Yields;

const KNOWN: [&str; 33] = [
    "uid",
    "name",
    "ingredients",
    "directions",
    "description",
    "notes",
    "nutritional_info",
    "servings",
    "difficulty",
    "prep_time",
    "cook_time",
    "total_time",
    "source",
    "source_url",
    "image_url",
    "photo",
    "photo_hash",
    "photo_large",
    "photo_url",
    "hash",
    "created",
    "categories",
    "scale",
    "deleted",
    "is_pinned",
    "in_trash",
    "on_favorites",
    "on_grocery_list",
    "grocery_list_hash",
    "photo_data",
    "photos",
    "updated",
    "scale_amount",
];

pub(crate) fn recipe(object: &Object) -> Found {
    let mut found = Found { name: text(object, &["name"]), ..Found::default() };
    found.description = long_text(object, &["description"]);
    found.ingredients = object.get("ingredients").map(ingredients).unwrap_or_default();
    found.steps = steps_of_text(object.get("directions").and_then(Value::as_str).unwrap_or_default());
    found.prep = minutes(&mut found, object, &["prep_time"]);
    found.cook = minutes(&mut found, object, &["cook_time"]);
    found.total = minutes(&mut found, object, &["total_time"]);
    found.set_yields(Yields::of_text(&text(object, &["servings"])));
    found.category = words(object, &["categories"]);
    found.keep_in_extra("notes", json!(long_text(object, &["notes"])));
    found.keep_in_extra("nutritionalInfo", json!(long_text(object, &["nutritional_info"])));
    set_difficulty(&mut found, "difficulty", &text(object, &["difficulty"]));
    set_source(&mut found, &text(object, &["source"]), &text(object, &["source_url"]));
    set_picture(&mut found, "image_url", &text(object, &["image_url"]));
    let photo = object.get("photo_data").and_then(Value::as_str).and_then(|data| BASE64.decode(data).ok());
    found.picture = photo.filter(|bytes| !bytes.is_empty()).map(|bytes| ItemImage::new(None, bytes));
    for picture in ["photo_data", "photos"] {
        let is_lost = object.get(picture).is_some_and(crate::assemble::has_content);
        if is_lost && (picture == "photos" || found.picture.is_none()) {
            found.leave_out(picture);
        }
    }
    found.created_at = timestamp(&text(object, &["created"]));
    found.uid = object
        .get("uid")
        .and_then(Value::as_str)
        .map(str::to_lowercase)
        .filter(|it| ids::Uid::parse_imported(it).is_some());
    leave_out_unknown(&mut found, object, &KNOWN);
    let is_unrated = object.get("rating").and_then(Value::as_f64) == Some(0.0);
    if is_unrated {
        found.left_out.retain(|it| it.pointer != "/rating");
    }
    found
}
