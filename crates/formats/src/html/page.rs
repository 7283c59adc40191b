//! The recipes of a web page: JSON-LD first, and microdata and RDFa where there is none.

use super::{Tree, microdata};
use crate::assemble::Found;
use crate::format::Format;
use crate::report::Item;
use crate::schema_org::{self, Page};
use crate::{lenient_json, text};

/// The recipes of the page. `url` is its address, if it is known.
pub(crate) fn items(html: &str, url: Option<&str>) -> Vec<Item> {
    let tree = Tree::parse(html);
    let page = facts(&tree, url);
    let (mut blocks, mut broken) = (Vec::new(), 0);
    for node in 0..tree.len() {
        let is_json_ld = tree.name(node) == "script"
            && tree.attribute(node, "type").is_some_and(|it| it.to_ascii_lowercase().contains("ld+json"));
        if is_json_ld {
            match lenient_json::parse(&tree.raw_text(node)) {
                Some(value) => blocks.push(value),
                None => broken += 1,
            }
        }
    }
    // Frameworks keep it in their own state, or in a script without the right type.
    let mut found = schema_org::recipes(&blocks, &page);
    if found.iter().all(Found::is_empty) {
        let other = microdata::recipes(&tree, &page);
        if found.is_empty() || other.iter().any(|recipe| !recipe.is_empty()) {
            found = other;
        }
    }
    one_of_each_name(&mut found);
    if found.is_empty() {
        let why = if broken > 0 {
            "has JSON-LD that is not valid JSON, and no other recipe"
        } else {
            "is a web page without a recipe in JSON-LD, microdata or RDFa"
        };
        return vec![Item::refused(Format::Html, why)];
    }
    let mut items: Vec<Item> = found.into_iter().map(|recipe| recipe.finish(Format::Html)).collect();
    if broken > 0
        && let Some(first) = items.first_mut()
    {
        first.warnings.push(format!("{broken} block(s) of JSON-LD of this page are not valid JSON"));
    }
    items
}

/// Two plugins of a site may describe the same recipe: the one with more in it is taken.
fn one_of_each_name(found: &mut Vec<Found>) {
    let size = |recipe: &Found| recipe.ingredients.len() + recipe.steps.len();
    let mut kept: Vec<Found> = Vec::new();
    for recipe in found.drain(..) {
        match kept.iter_mut().take(MAX_COMPARED).find(|other| other.name.eq_ignore_ascii_case(&recipe.name)) {
            Some(other) if size(&recipe) > size(other) => *other = recipe,
            Some(_) => {}
            None => kept.push(recipe),
        }
    }
    *found = kept;
}

/// Recipes of a page that are compared with each other.
const MAX_COMPARED: usize = 200;

/// What the page says about itself, for what its recipes do not say.
fn facts(tree: &Tree, url: Option<&str>) -> Page {
    let mut page = Page { url: url.map(str::to_owned), ..Page::default() };
    let (mut canonical, mut site_title, mut head_title) = (None, None, None);
    for node in 0..tree.len() {
        let attribute = |name| tree.attribute(node, name);
        match tree.name(node) {
            "html" if page.language.is_none() => page.language = attribute("lang").map(str::to_owned),
            "link" if attribute("rel").is_some_and(|rel| rel.eq_ignore_ascii_case("canonical")) => {
                canonical = canonical.or(attribute("href"));
            }
            "meta" => match attribute("property").or(attribute("name")) {
                Some("og:url") => canonical = canonical.or(attribute("content")),
                Some("og:title") => site_title = site_title.or(attribute("content").map(text::line)),
                Some("og:site_name") if page.site.is_none() => {
                    page.site = attribute("content").map(text::line);
                }
                _ => {}
            },
            "title" if head_title.is_none() => head_title = Some(text::line(&tree.raw_text(node))),
            _ => {}
        }
    }
    page.title = site_title.or(head_title).filter(|title| !title.is_empty());
    if page.url.is_none() {
        page.url = canonical.filter(|url| url.starts_with("http")).map(str::to_owned);
    }
    page
}
