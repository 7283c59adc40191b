//! Front matter: YAML before a text, and the names that programs give to the fields of a recipe.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::assemble::{Found, has_content, unique};
use crate::duration::Time;
use crate::marks::without_marks;
use crate::program::{set_difficulty, set_picture, set_source};
use crate::schema_org::{address, ingredients, language, names_of, split_words, steps_of_value, timestamp};
use crate::text::{line, paragraphs};
use crate::yields::Yields;

/// The members of the front matter.
pub(crate) type Metadata = BTreeMap<String, Value>;

/// YAML between two lines of `---`, as a map of its members, and the rest of the text.
pub(crate) fn front_matter(text: &str) -> (Option<Metadata>, &str) {
    let text = text.trim_start_matches('\u{feff}');
    let Some(start) = text.strip_prefix("---").filter(|rest| rest.starts_with(['\n', '\r'])) else {
        return (None, text);
    };
    let mut from = 0;
    while let Some(at) = start[from..].find("\n---") {
        let end = from + at;
        let after = &start[end + 4..];
        if after.is_empty() || after.starts_with(['\n', '\r']) {
            return (Some(yaml(&start[..end])), after);
        }
        from = end + 4;
    }
    (None, text)
}

/// The members of a YAML map. A document that is not valid is read line by line.
fn yaml(text: &str) -> Metadata {
    // The parser has limits of its own for aliases and depth.
    if let Ok(Value::Object(object)) = serde_saphyr::from_str::<Value>(text) {
        return object.into_iter().collect();
    }
    let mut metadata = Metadata::new();
    let mut name = None;
    for line in text.lines().take(2_000) {
        if let Some(item) = line.trim_start().strip_prefix("- ") {
            if let Some(Value::Array(items)) = name.as_ref().and_then(|name: &String| metadata.get_mut(name))
            {
                items.push(json!(item.trim().trim_matches(['"', '\''])));
            }
        } else if let Some((key, value)) =
            line.split_once(':').filter(|_| !line.starts_with(char::is_whitespace))
        {
            let value = value.trim().trim_matches(['"', '\'']);
            let key = key.trim().to_owned();
            metadata.insert(key.clone(), if value.is_empty() { json!([]) } else { json!(value) });
            name = Some(key);
        }
    }
    metadata
}

/// The fields of front matter and of Cooklang's metadata, by every name that programs give them.
pub(crate) fn read_metadata(found: &mut Found, metadata: &Metadata) {
    let normal = |name: &str| name.to_lowercase().replace([' ', '_', '-', '.'], "");
    for (name, value) in metadata {
        if !has_content(value) {
            continue;
        }
        let text = || match value {
            Value::String(text) => line(text),
            Value::Number(number) => number.to_string(),
            value => split_words(value).join(", "),
        };
        match normal(name).as_str() {
            "title" | "name" => found.name = text(),
            "description" | "summary" | "introduction" | "intro" | "excerpt" => {
                found.description = value.as_str().map(paragraphs).unwrap_or_default();
            }
            "ingredients" | "ingredient" | "zutaten" => found.ingredients = ingredients_of(value),
            "directions" | "instructions" | "steps" | "method" | "preparation" | "zubereitung" => {
                found.steps = steps_of_value(&plain(value));
            }
            "preptime" | "preparationtime" | "prep" | "timeprep" => {
                found.prep = found.minutes(name, Time::of_value(value));
            }
            "cooktime" | "cookingtime" | "cook" | "timecook" => {
                found.cook = found.minutes(name, Time::of_value(value));
            }
            "totaltime" | "time" | "duration" | "timerequired" | "total" => {
                found.total = found.minutes(name, Time::of_value(value));
            }
            "resttime" | "restingtime" | "inactivetime" => {
                found.rest = found.minutes(name, Time::of_value(value));
            }
            "servings" | "serves" | "yield" | "yields" | "makes" | "recipeyield" | "portions" => {
                // 4|6|8 of Cooklang: the first is what the recipe is written for.
                let first = value.as_str().and_then(|text| text.split('|').next()).map(|it| json!(it));
                let read = Yields::of_value(first.as_ref().unwrap_or(value));
                found.servings = read.servings.or(found.servings.take());
                found.yields = read.text.or(found.yields.take());
            }
            "tags" | "tag" | "keywords" => found.keywords.extend(tags(value)),
            "category" | "categories" | "course" | "recipecategory" | "type" => {
                found.category.extend(tags(value));
            }
            "cuisine" | "recipecuisine" => found.cuisine.extend(tags(value)),
            "tools" | "equipment" | "tool" => found.tools.extend(tags(value)),
            "diet" | "diets" | "healthlabels" => found.labels.extend(tags(value)),
            "author" | "authors" | "by" | "sourceauthor" => {
                (found.author.name, found.author.url) = names_of(value);
            }
            "authorurl" => found.author.url = text(),
            "source" | "sourceurl" | "originalurl" | "url" | "link" | "recipesource" | "sourcename" => {
                let (names, url) = names_of(value);
                let before = std::mem::take(&mut found.source);
                set_source(found, &names, &url);
                if found.source.name.is_empty() {
                    found.source.name = before.name;
                }
                if address(&found.source.url, None).is_none() {
                    found.source.url = before.url;
                }
            }
            "license" | "licence" => found.license = text(),
            "language" | "lang" | "locale" => found.language = language(&text()).unwrap_or_default(),
            "difficulty" | "level" => set_difficulty(found, name, &text()),
            "image" | "images" | "picture" | "photo" | "cover" | "featuredimage" => {
                let first = match value {
                    Value::Array(values) => {
                        values.iter().find_map(Value::as_str).unwrap_or_default().to_owned()
                    }
                    _ => text(),
                };
                set_picture(found, name, &first);
            }
            "date" | "created" | "createdat" => found.created_at = timestamp(&text()),
            "lastmod" | "updated" | "updatedat" | "modified" => found.updated_at = timestamp(&text()),
            "notes" | "note" => {
                found.keep_in_extra("notes", json!(value.as_str().map_or_else(text, paragraphs)));
            }
            "uid" => found.uid = Some(text()).filter(|it| ids::Uid::parse_imported(it).is_some()),
            // Of the generator, not of the dish.
            "layout" | "slug" | "permalink" | "draft" | "published" | "weight" | "aliases" | "comments"
            | "template" => {}
            _ => found.leave_out(name),
        }
    }
    for list in
        [&mut found.keywords, &mut found.category, &mut found.cuisine, &mut found.tools, &mut found.labels]
    {
        unique(list);
    }
}

/// Steps without the marks of Markdown.
fn plain(value: &Value) -> Value {
    match value {
        Value::String(text) => json!(without_marks(text)),
        Value::Array(values) => values
            .iter()
            .take(2_000)
            .map(|value| if value.is_string() { plain(value) } else { value.clone() })
            .collect(),
        value => value.clone(),
    }
}

fn tags(value: &Value) -> Vec<String> {
    split_words(value)
}

/// Groups are maps or lists in lists: a heading before their lines.
fn ingredients_of(value: &Value) -> Vec<String> {
    match value {
        Value::Object(groups) => {
            let group =
                |(name, value): (&String, &Value)| [vec![format!("{name}:")], ingredients(value)].concat();
            groups.iter().flat_map(group).collect()
        }
        Value::String(text) => ingredients(&json!(without_marks(text))),
        Value::Array(values) => {
            let plain = |value: &Value| match value {
                // YAML reads "- flour: 200 g" as a map.
                Value::Object(object)
                    if object.len() == 1 && object.values().all(|it| it.is_string() || it.is_number()) =>
                {
                    let (name, amount) = object.iter().next()?;
                    Some(json!(format!(
                        "{name}: {}",
                        amount.as_str().map_or_else(|| amount.to_string(), str::to_owned)
                    )))
                }
                Value::String(text) => Some(json!(without_marks(text))),
                value => Some(value.clone()),
            };
            ingredients(&Value::Array(values.iter().filter_map(plain).collect()))
        }
        value => ingredients(value),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn front_matter_ends_at_its_line() {
        let (metadata, body) = front_matter("---\ntitle: A --- B\n---\nText\n---\n");
        assert_eq!(metadata.unwrap()["title"], "A --- B");
        assert_eq!(body.trim(), "Text\n---");
        assert!(front_matter("---\ntitle: open").0.is_none());
        let (metadata, _) = front_matter("---\ntitle: Soup: the best\ningredients:\n- a: b: c\n- d\n---\n");
        let metadata = metadata.unwrap();
        assert_eq!(metadata["title"], "Soup: the best");
        assert_eq!(metadata["ingredients"], json!(["a: b: c", "d"]));
    }

    #[test]
    fn hostile_yaml_is_bounded() {
        let lines: Vec<_> = (0..40).map(|n| format!("b{n}: &b{n} [*a, *a]")).collect();
        front_matter(&format!("---\na: &a [x]\n{}\n---\n", lines.join("\n")));
        front_matter(&format!("---\n{}\n---\n", "[".repeat(100_000)));
    }
}
