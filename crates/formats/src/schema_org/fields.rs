//! The fields of a schema.org recipe.

use jiff::Timestamp;
use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;
use recipes::time::parse_time;
use serde_json::{Value, json};

use super::instructions::Instructions;
use super::values::{address, first_text, names, picture, raw_texts, split_words, texts};
use super::{Graph, Object, Page, member, nutrition};
use crate::assemble::{Found, Named, has_content, unique};
use crate::duration::Time;
use crate::text::{is_no_value, line, lines, paragraphs};
use crate::yields::Yields;

/// Members that are read, or that say nothing about the dish.
const KNOWN: &[&str] = &[
    "@context",
    "@type",
    "type",
    "@id",
    "id",
    "@graph",
    "@reverse",
    "name",
    "headline",
    "alternateName",
    "cookTime",
    "prepTime",
    "totalTime",
    "performTime",
    "recipeIngredient",
    "ingredients",
    "ingredient",
    "supply",
    "recipeInstructions",
    "instructions",
    "step",
    "steps",
    "description",
    "recipeYield",
    "yield",
    "recipeCategory",
    "recipeCuisine",
    "keywords",
    "tool",
    "tools",
    "nutrition",
    "author",
    "creator",
    "publisher",
    "isBasedOn",
    "isBasedOnUrl",
    "creditText",
    "url",
    "mainEntityOfPage",
    "license",
    "inLanguage",
    "suitableForDiet",
    "image",
    "thumbnailUrl",
    "primaryImageOfPage",
    "dateCreated",
    "datePublished",
    "dateModified",
    "identifier",
    "isPartOf",
    "potentialAction",
    "mainEntity",
    "sameAs",
    "position",
    "isAccessibleForFree",
    "articleBody",
    "sourceOrganization",
    "provider",
    "speakable",
    "wordCount",
    "articleSection",
    "thumbnail",
    "comment",
    "commentCount",
    "interactionStatistic",
    "discussionUrl",
];

pub(super) fn recipe<'a>(object: &'a Object, graph: &Graph<'a>, page: &Page, is_only: bool) -> Found {
    let mut found = Found::default();
    let get = |name: &str| member(object, name);
    let text = |name: &str| get(name).map(first_text).unwrap_or_default();
    let base = page.url.as_deref();

    found.name = ["name", "headline", "alternateName"]
        .iter()
        .map(|name| text(name))
        .find(|it| !it.is_empty())
        .unwrap_or_default();
    if found.name.is_empty() && is_only {
        found.name = page.title.clone().unwrap_or_default();
        if !found.name.is_empty() {
            found.warn("the recipe has no name; the title of the page was taken");
        }
    }
    for (name, field) in [("cookTime", Field::Cook), ("prepTime", Field::Prep), ("totalTime", Field::Total)] {
        let alternative = if name == "cookTime" { get("performTime") } else { None };
        let Some(value) = get(name).filter(|it| has_content(it)).or(alternative) else { continue };
        let minutes = found.minutes(name, Time::of_value(value));
        match field {
            Field::Cook => found.cook = minutes,
            Field::Prep => found.prep = minutes,
            Field::Total => found.total = minutes,
        }
    }
    found.ingredients = ["recipeIngredient", "ingredients", "ingredient", "supply"]
        .iter()
        .filter_map(|name| get(name))
        .map(ingredients)
        .find(|list| !list.is_empty())
        .unwrap_or_default();
    let instructions = ["recipeInstructions", "instructions", "step", "steps", "articleBody"];
    if let Some(read) =
        instructions.iter().filter_map(|name| get(name)).map(Instructions::of).find(|it| !it.steps.is_empty())
    {
        found.steps = read.steps;
        if read.has_pictures {
            found.leave_out("recipeInstructions.image");
        }
    }
    found.description = get("description")
        .map(|it| paragraphs(&raw_texts(it).join("\n\n")))
        .filter(|it| !is_no_value(it))
        .unwrap_or_default();
    if let Some(value) = get("recipeYield").filter(|it| has_content(it)).or(get("yield")) {
        found.set_yields(Yields::of_value(value));
    }
    found.category = get("recipeCategory").map(split_words).unwrap_or_default();
    found.cuisine = get("recipeCuisine").map(split_words).unwrap_or_default();
    found.keywords = get("keywords").map(split_words).unwrap_or_default();
    found.tools = get("tool").or(get("tools")).map(texts).unwrap_or_default();
    for list in [&mut found.category, &mut found.cuisine, &mut found.keywords, &mut found.tools] {
        unique(list);
    }
    found.nutrition = get("nutrition").map(|it| nutrition::facts(it, graph)).unwrap_or_default();
    people(&mut found, object, graph, page);
    found.license = text("license");
    found.language =
        language(&text("inLanguage")).or_else(|| language(page.language.as_deref()?)).unwrap_or_default();
    diets(&mut found, get("suitableForDiet"));
    notes(&mut found, get("comment"));
    let image =
        ["image", "thumbnailUrl"].iter().filter_map(|name| get(name)).find_map(|it| picture(it, graph, base));
    match image {
        Some(image) => found.keep_in_extra("image", json!(image)),
        None if get("image").is_some_and(|it| has_content(it) && !it.is_object()) => found.leave_out("image"),
        None => {}
    }
    found.created_at = ["dateCreated", "datePublished"].iter().find_map(|name| timestamp(&text(name)));
    found.updated_at = timestamp(&text("dateModified"));
    let unknown = object.iter().filter(|(name, value)| has_content(value) && !is_known(name));
    unknown.for_each(|(name, _)| found.leave_out(name));
    found
}

enum Field {
    Cook,
    Prep,
    Total,
}

fn is_known(name: &str) -> bool {
    let local = name.rsplit([':', '/']).next().unwrap_or(name);
    KNOWN.contains(&name) || KNOWN.contains(&local)
}

/// One ingredient a line. Boxes to tick and bullets are signs of the page.
pub(crate) fn ingredients(value: &Value) -> Vec<String> {
    let raw = raw_texts_of_ingredients(value, 4);
    let list: Vec<String> =
        raw.iter().flat_map(|text| lines(text)).filter_map(|line| ingredient(&line)).collect();
    match &list[..] {
        [one] => several_in_one(one).unwrap_or(list),
        _ => list,
    }
}

pub(crate) fn ingredient(line: &str) -> Option<String> {
    let line = line.trim_start_matches(|c: char| {
        matches!(c, '▢' | '☐' | '□' | '•' | '·' | '●' | '◦' | '*') || c.is_whitespace()
    });
    let line = line.strip_prefix("- ").or(line.strip_prefix("– ")).unwrap_or(line).trim();
    (!is_no_value(line)).then(|| line.to_owned())
}

/// Objects with an amount, groups with a heading, and plain texts.
fn raw_texts_of_ingredients(value: &Value, depth: usize) -> Vec<String> {
    if depth == 0 {
        return Vec::new();
    }
    match value {
        Value::Array(values) => {
            values.iter().take(2_000).flat_map(|it| raw_texts_of_ingredients(it, depth - 1)).collect()
        }
        Value::Object(object) => {
            let get = |name: &str| member(object, name).map(first_text).unwrap_or_default();
            if let Some(inner) = member(object, "itemListElement").or(member(object, "ingredients")) {
                let heading = get("name");
                let heading = if heading.is_empty() {
                    None
                } else {
                    Some(format!("{}:", heading.trim_end_matches(':')))
                };
                return heading.into_iter().chain(raw_texts_of_ingredients(inner, depth - 1)).collect();
            }
            let amount = match member(object, "requiredQuantity").or(member(object, "amount")) {
                Some(Value::Object(quantity)) => {
                    let part = |name: &str| member(quantity, name).map(first_text).unwrap_or_default();
                    line(&format!("{} {}", part("value"), part("unitText")))
                }
                Some(value) => line(&format!("{} {}", first_text(value), get("unit"))),
                None => String::new(),
            };
            let names = ["text", "@value", "name", "item", "food"];
            let name = names.iter().map(|name| get(name)).find(|it| !it.is_empty()).unwrap_or_default();
            vec![if name.starts_with(&amount) { name } else { format!("{amount} {name}") }]
        }
        value => raw_texts(value),
    }
}

/// "2 eggs, 1 cup flour, 1 tsp salt": a list in one text, if most of its parts begin with an amount.
fn several_in_one(text: &str) -> Option<Vec<String>> {
    let parts: Vec<String> =
        text.split([',', ';']).map(|part| part.trim().to_owned()).filter(|it| !it.is_empty()).collect();
    let has_amount = |part: &&String| part.starts_with(|c: char| c.is_numeric());
    (parts.len() >= 3 && parts.iter().filter(has_amount).count() * 3 >= parts.len() * 2).then_some(parts)
}

/// The author, and where the recipe was found.
fn people<'a>(found: &mut Found, object: &'a Object, graph: &Graph<'a>, page: &Page) {
    let base = page.url.as_deref();
    let named = |value: Option<&Value>| {
        let (names, url) = value.map(|value| names(value, graph)).unwrap_or_default();
        Named { name: names.join(", "), url: address(&url, base).unwrap_or_default() }
    };
    let get = |name: &str| member(object, name);
    found.author = named(get("author").filter(|it| has_content(it)).or(get("creator")));
    let publisher = named(get("publisher").filter(|it| has_content(it)).or(get("sourceOrganization")));
    let based_on = get("isBasedOn").or(get("isBasedOnUrl")).map(|it| named(Some(it))).unwrap_or_default();
    let credit = get("creditText").map(first_text).unwrap_or_default();
    let own = |value: &'a Value| match value {
        Value::Object(object) => object.get("@id").or(object.get("url")).map(first_text).unwrap_or_default(),
        value => first_text(value),
    };
    let addresses = [get("url"), get("mainEntityOfPage"), get("@id")].into_iter().flatten().map(own);
    let own_url = addresses.into_iter().find_map(|it| address(&it, base));
    let url = Some(based_on.url).filter(|it| !it.is_empty()).or(own_url).or_else(|| page.url.clone());
    let candidates = [credit, based_on.name, publisher.name, page.site.clone().unwrap_or_default()];
    found.source.name = candidates.into_iter().find(|it| !it.is_empty()).unwrap_or_default();
    found.source.url = url.unwrap_or_default();
}

/// `en_US` is written `en-US`.
pub(crate) fn language(text: &str) -> Option<String> {
    let tag = text.trim().replace('_', "-");
    let is_tag = tag.split('-').next().is_some_and(|it| (2..=3).contains(&it.len()))
        && tag
            .split('-')
            .all(|part| (1..=8).contains(&part.len()) && part.chars().all(|c| c.is_ascii_alphanumeric()));
    is_tag.then_some(tag)
}

fn diets(found: &mut Found, value: Option<&Value>) {
    const LABELS: [(&str, &str); 11] = [
        ("Vegan", "Vegan"),
        ("Vegetarian", "Vegetarian"),
        ("GlutenFree", "Gluten-Free"),
        ("Kosher", "Kosher"),
        ("Halal", "Halal"),
        ("Hindu", "Hindu"),
        ("Diabetic", "Diabetic-Friendly"),
        ("LowCalorie", "Low-Calorie"),
        ("LowFat", "Low-Fat"),
        ("LowSalt", "Low-Sodium"),
        ("LowSodium", "Low-Sodium"),
    ];
    for diet in value.map(raw_texts).unwrap_or_default().iter().flat_map(|it| it.split(',')) {
        let local = diet.trim().trim_end_matches('/').rsplit(['/', ':', '#']).next().unwrap_or_default();
        let compact: String = local.chars().filter(|c| c.is_alphanumeric()).collect();
        let name = compact.strip_suffix("Diet").or(compact.strip_suffix("diet")).unwrap_or(&compact);
        let known = LABELS.iter().find(|(diet, _)| diet.eq_ignore_ascii_case(name));
        match known {
            Some((_, label)) => found.labels.push((*label).to_owned()),
            None if is_no_value(local) => {}
            None => found.leave_out("suitableForDiet"),
        }
    }
    unique(&mut found.labels);
}

/// RecipeSage keeps its notes in comments. Comments of readers are left out.
fn notes(found: &mut Found, value: Option<&Value>) {
    let comments = match value {
        Some(Value::Array(comments)) => comments.as_slice(),
        Some(comment) => std::slice::from_ref(comment),
        None => return,
    };
    let mut notes = Vec::new();
    for comment in comments.iter().filter(|it| has_content(it)) {
        let name = comment.get("name").map(first_text).unwrap_or_default();
        let text = comment.get("text").map(|it| paragraphs(&raw_texts(it).join("\n"))).unwrap_or_default();
        if matches!(name.as_str(), "Private Note" | "Author Notes") {
            if !text.is_empty() {
                notes.push(text);
            }
        } else {
            found.leave_out("comment");
        }
    }
    found.keep_in_extra("notes", json!(notes.join("\n\n")));
}

/// A time of schema.org: with or without an offset, a day, or what spreadsheets write. Only a time that recipes can have.
pub(crate) fn timestamp(text: &str) -> Option<Timestamp> {
    let text = text.trim();
    // A time zone in brackets may contradict the time, and dates with the number of a week are none of the forms above.
    if text.is_empty() || text.contains(['[', 'W', 'w']) {
        return None;
    }
    let civil = || {
        let normal = text.replace(' ', "T");
        let time = normal
            .parse::<DateTime>()
            .ok()
            .or_else(|| Some(normal.parse::<Date>().ok()?.to_datetime(jiff::civil::Time::midnight())))?;
        TimeZone::UTC.to_timestamp(time).ok()
    };
    let time: Option<Timestamp> = text.parse().ok().or_else(civil);
    time.filter(|time| parse_time(&time.to_string()).is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_of_other_programs_are_read_in_several_forms() {
        for (text, want) in [
            ("2024-05-01T12:00:00Z", Some("2024-05-01T12:00:00Z")),
            ("2024-05-01T12:00:00+0200", Some("2024-05-01T10:00:00Z")),
            ("2024-05-01T12:00", Some("2024-05-01T12:00:00Z")),
            ("2024-05-01 12:00:00.5", Some("2024-05-01T12:00:00.5Z")),
            (" 2024-05-01 ", Some("2024-05-01T00:00:00Z")),
            ("2024-05-01T12:00:00Z[Europe/Paris]", None),
            ("2024-05-01T12:00:00[Europe/Paris]", None),
            ("2024-W18-3", None),
            ("-000001-05-01T12:00:00Z", None),
            ("May 2024", None),
            ("", None),
        ] {
            assert_eq!(timestamp(text).map(|time| time.to_string()).as_deref(), want, "{text}");
        }
    }
}
