//! The results of a search.

use std::borrow::Cow;

use askama::Template;
use axum::{extract::State, response::Response};
use http::Uri;
use search::{Facet, Facets, Order, TIME_RANGES};

use super::cards::{self, Card};
use super::frame::{Frame, page};
use super::home::CHIPS;
use super::languages::{Text, fill};
use super::show;
use super::visitor::{Reader, log_in_first};
use crate::api::recipes::search::{FILTERS, REPEATABLE, order, recipe_query};
use crate::app::App;
use crate::http::cursor::Cursor;
use crate::http::error::{Report, RequestError};
use crate::http::query::Query;
use crate::use_cases::recipes::PageWanted;

const PAGE: usize = 24;

/// Values of a facet on the page.
const SHOWN: usize = 12;

#[derive(Template)]
#[template(path = "results.html")]
struct ResultsPage<'a> {
    f: &'a Frame,
    t: &'static Text,
    text: &'a str,
    cards: Vec<Card>,
    total: u64,
    did_you_mean: Option<(String, String)>,
    /// The query of the next page.
    next: Option<String>,
    groups: Vec<Group>,
    times: Vec<Choice>,
    is_any_time: bool,
    sorts: Vec<Choice>,
    /// What restricts the results now, and the query without it.
    active: Vec<(String, String)>,
    ingredients: String,
    without_ingredients: String,
    is_own: bool,
    /// What the page says if there is no result.
    empty: &'static str,
}

/// Values of one field that results can be restricted to.
struct Group {
    title: &'static str,
    name: &'static str,
    choices: Vec<Choice>,
}

struct Choice {
    value: String,
    text: String,
    count: u64,
    is_chosen: bool,
}

pub(super) async fn results(
    State(app): State<App>,
    Reader(visitor): Reader,
    uri: Uri,
) -> Result<Response, Report> {
    let t = visitor.frame.text();
    let uri = stated(&uri)?;
    let query = Query::parse_repeatable(&uri, &[&["cursor"], &FILTERS[..]].concat(), &REPEATABLE)?;
    let filters = query.canonical(&FILTERS);
    let after = query.get("cursor").map(|text| Cursor::decode(text, &filters)).transpose();
    let after = after.map_err(|error| RequestError::Malformed(error.to_string().into()))?;
    let order = if query.get("sort").is_none() { Order::Relevance } else { order(&query)? };
    let wanted = PageWanted { order, limit: PAGE, after, with_total: true };
    let is_personal = query.get("owner") == Some("me") || query.get("favourite").is_some();
    if is_personal && visitor.user().is_none() && app.mode().has_accounts() {
        return Ok(log_in_first(&visitor.frame));
    }
    let search = recipe_query(&query, visitor.user().map(|user| user.id))?;
    let viewer = visitor.viewer();
    let (facets, _) = app.recipes().facets(search.clone(), viewer).await?;
    let found = app.recipes().search(search, viewer, wanted).await?;
    let next = found.hits.next.map(|next| Cursor::new(next, &filters).encode());
    let with = |name: &str, value: &str| {
        let mut pairs = without(&query, &[name, "cursor"]);
        pairs.push((name.to_owned(), value.to_owned()));
        encode(&pairs)
    };
    let joined = |name: &str| query.get_all(name).collect::<Vec<_>>().join(", ");
    let active = active(&query, t);
    let is_own = query.get("owner") == Some("me");
    // The only filter is the one of the list itself.
    let is_whole_list = active.len() == 1 && query.get("q").is_none();
    let empty = match query.get("favourite") {
        _ if is_own && is_whole_list => t.hints.own_empty,
        Some(_) if is_whole_list => t.hints.favourites_empty,
        _ => t.nothing_found,
    };
    page(&ResultsPage {
        f: &visitor.frame,
        t,
        text: query.get("q").unwrap_or_default(),
        cards: cards::read(&app, viewer, &found.hits.ids, t).await?,
        total: found.total.unwrap_or_default(),
        did_you_mean: found.did_you_mean.map(|text| (with("q", &text), text)),
        next: next.map(|cursor| format!("{filters}&cursor={cursor}")),
        is_any_time: query.get("maxTotalMinutes").is_none(),
        times: times(&query, &facets, t),
        groups: groups(&query, facets, t),
        sorts: sorts(&query, t),
        active,
        ingredients: joined("ingredient"),
        without_ingredients: joined("excludeIngredient"),
        is_own,
        empty,
    })
}

/// The address without empty and unknown parameters: a form sends all its fields, and other sites add parameters of their own. A
/// list of ingredients is one parameter each.
fn stated(uri: &Uri) -> Result<Uri, Report> {
    let mut pairs = Vec::new();
    for (name, value) in form_urlencoded::parse(uri.query().unwrap_or_default().as_bytes()) {
        if !FILTERS.contains(&&*name) && name != "cursor" {
            continue;
        }
        let is_list = matches!(&*name, "ingredient" | "excludeIngredient");
        let values = if is_list { value.split(',').collect() } else { vec![&*value] };
        let stated = values.into_iter().map(str::trim).filter(|value| !value.is_empty());
        pairs.extend(stated.map(|value| (name.clone().into_owned(), value.to_owned())));
    }
    format!("/recipes?{}", encode(&pairs)).parse().map_err(Report::internal)
}

fn encode(pairs: &[(String, String)]) -> String {
    form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish()
}

/// The parameters of a search except these.
fn without(query: &Query<'_>, names: &[&str]) -> Vec<(String, String)> {
    let kept = FILTERS.iter().filter(|name| !names.contains(*name));
    kept.flat_map(|name| query.get_all(name).map(|value| ((*name).to_owned(), value.to_owned()))).collect()
}

fn groups(query: &Query<'_>, facets: Facets, t: &'static Text) -> Vec<Group> {
    let Facets { labels, cuisine, category, keywords, .. } = facets;
    // Allergens come first, in the same order as on the home page.
    let rank = |slug: &str| CHIPS.iter().position(|chip| search::slug(chip) == slug).unwrap_or(usize::MAX);
    let mut labels = labels;
    labels.sort_by_key(|facet| rank(&facet.slug));
    let group = |title, name: &'static str, facets: Vec<Facet>| {
        let shown = |text: &str| if name == "label" { t.label(text) } else { text }.to_owned();
        let chosen: Vec<Cow<'_, str>> = query.get_all(name).map(|value| search::slug(value).into()).collect();
        let mut choices: Vec<Choice> = chosen
            .iter()
            .filter(|slug| !facets.iter().any(|facet| facet.slug == ***slug))
            .map(|slug| Choice { value: slug.to_string(), text: shown(slug), count: 0, is_chosen: true })
            .collect();
        for (place, Facet { slug, text, count }) in facets.into_iter().enumerate() {
            let text = shown(&text);
            let is_chosen = chosen.iter().any(|chosen| **chosen == *slug);
            if place < SHOWN || is_chosen {
                choices.push(Choice { value: slug, text, count, is_chosen });
            }
        }
        Group { title, name, choices }
    };
    let groups = [
        group(t.labels, "label", labels),
        group(t.category, "category", category),
        group(t.cuisine, "cuisine", cuisine),
        group(t.keywords, "keyword", keywords),
    ];
    groups.into_iter().filter(|group| !group.choices.is_empty()).collect()
}

fn times(query: &Query<'_>, facets: &Facets, t: &'static Text) -> Vec<Choice> {
    let chosen = query.get("maxTotalMinutes");
    let mut count = 0;
    let ranges = TIME_RANGES.iter().zip(facets.total_time).map(|(limit, in_range)| {
        count += in_range;
        let value = limit.to_string();
        let text = fill(t.up_to, show::minutes(t, *limit));
        Choice { is_chosen: chosen == Some(&*value), value, text, count }
    });
    ranges.collect()
}

fn sorts(query: &Query<'_>, t: &'static Text) -> Vec<Choice> {
    let chosen = query.get("sort").unwrap_or_default();
    let known = [
        ("", t.sort_relevance),
        ("name", t.sort_name),
        ("-updatedAt", t.sort_newest),
        ("totalTimeMinutes", t.sort_quickest),
        ("-rating", t.sort_rating),
    ];
    let choice = |(value, text): (&str, &str)| Choice {
        value: value.to_owned(),
        text: text.to_owned(),
        count: 0,
        is_chosen: chosen == value,
    };
    known.map(choice).into()
}

fn active(query: &Query<'_>, t: &'static Text) -> Vec<(String, String)> {
    let mut active = Vec::new();
    for name in FILTERS.iter().filter(|name| !matches!(**name, "q" | "sort")) {
        for value in query.get_all(name) {
            let text = match *name {
                "label" => t.label(value).to_owned(),
                "excludeLabel" => fill(t.without, t.label(value)),
                "excludeIngredient" => fill(t.without, value),
                "ingredient" => fill(t.with, value),
                "maxTotalMinutes" | "maxPrepMinutes" | "maxCookMinutes" => {
                    let minutes = value.parse().map(|minutes| show::minutes(t, minutes));
                    fill(t.up_to, minutes.unwrap_or_else(|_| value.to_owned()))
                }
                "owner" if value == "me" => t.my_recipes.to_owned(),
                "favourite" => t.favourites.to_owned(),
                _ => value.to_owned(),
            };
            let mut rest = without(query, &[name, "cursor"]);
            let others = query.get_all(name).filter(|other| *other != value);
            rest.extend(others.map(|other| ((*name).to_owned(), other.to_owned())));
            active.push((text, encode(&rest)));
        }
    }
    active
}
