//! The page of a recipe.

use askama::Template;
use axum::{
    extract::{FromRequestParts as _, State},
    response::Response,
};
use http::request::Parts;
use ids::RecipeId;
use jiff::civil::Date;
use recipes::export::{for_html, json_ld_value};
use recipes::{Attribution, Content, Image, Instruction, Recipe, RecipeImages};

use super::frame::{Frame, page};
use super::languages::Text;
use super::personal::Personal;
use super::scaling::{Scaling, Viewed};
use super::show::ShownRating;
use super::visitor::{Reader, Visitor};
use super::{nutrition, show};
use crate::api::recipes::address::RecipeAddress;
use crate::app::App;
use crate::auth::requirements::RecipeReader;
use crate::http::conditional::Conditions;
use crate::http::error::Report;
use crate::http::negotiation::HTML;
use crate::http::site::Site;
use crate::mode::Mode;

#[derive(Template)]
#[template(path = "recipes/recipe.html")]
struct RecipePage<'a> {
    f: &'a Frame,
    t: &'static Text,
    id: RecipeId,
    recipe: &'a Content,
    times: Vec<(&'static str, String)>,
    servings: Option<String>,
    scaling: Scaling,
    rating: Option<ShownRating>,
    /// Of a user who has logged in.
    personal: Option<Personal>,
    /// Unless it says the same as the servings.
    yields: Option<&'a String>,
    image: Option<&'a Image>,
    paragraphs: Vec<&'a str>,
    sections: Vec<Section<'a>>,
    tags: Vec<(&'static str, &'a String)>,
    nutrition: Vec<(&'static str, String)>,
    updated: String,
    /// Who reads it, unless it is everyone.
    readers: Option<&'static str>,
    today: Date,
    may_edit: bool,
    /// Whether a share link shows it.
    is_shared: bool,
    json_ld: String,
}

/// Steps with one heading.
struct Section<'a> {
    title: Option<&'a str>,
    steps: Vec<Step<'a>>,
}

struct Step<'a> {
    number: usize,
    text: &'a str,
    image: Option<&'a Image>,
    time: Option<String>,
}

/// The page for people, the resource for programs.
pub(super) async fn read(State(app): State<App>, mut parts: Parts) -> Result<Response, Report> {
    let address = RecipeAddress::of_page(&mut parts, &app).await?;
    let id = address.id;
    if *address.representation != HTML {
        let reader = RecipeReader::from_request_parts(&mut parts, &app).await?;
        let Ok(conditions) = Conditions::from_request_parts(&mut parts, &app).await;
        return crate::api::recipes::read(State(app), address, reader, parts.uri, conditions).await;
    }
    let visitor = match Reader::from_request_parts(&mut parts, &app).await {
        Ok(Reader(visitor)) => visitor,
        Err(log_in) => return Ok(log_in),
    };
    let recipe = find(&app, id, &visitor).await?;
    let t = visitor.frame.text();
    let personal = match visitor.user() {
        Some(user) if app.mode() == Mode::AllInOne => Some(Personal::of(&app, user, id, t).await?),
        _ => None,
    };
    let viewed = Viewed::of(&parts.uri, &recipe.content);
    let shown = Shown { recipe: &recipe, viewed, personal, is_by_link: false };
    respond(&app, &visitor, shown, Site::of(&parts.headers, &parts.uri, app.public_url()))
}

/// A recipe, and how a visitor came to it.
pub(super) struct Shown<'a> {
    pub(super) recipe: &'a Recipe,
    pub(super) viewed: Viewed,
    pub(super) personal: Option<Personal>,
    /// Whether a share link led there: the visitor may not be able to read the recipe otherwise.
    pub(super) is_by_link: bool,
}

/// The page of a recipe.
pub(super) fn respond(
    app: &App,
    visitor: &Visitor,
    shown: Shown<'_>,
    Site(site): Site,
) -> Result<Response, Report> {
    let Shown { recipe, viewed, personal, is_by_link } = shown;
    let (t, content, id) = (visitor.frame.text(), &viewed.content, recipe.id);
    let images = recipe.images.clone().with_base(&visitor.frame.base);
    let servings = content.servings.as_ref().map(ToString::to_string);
    page(&RecipePage {
        f: &visitor.frame,
        t,
        id,
        recipe: content,
        times: times(content, t),
        yields: content.yields.as_ref().filter(|yields| Some(&***yields) != servings.as_deref()),
        servings,
        image: images.image.as_ref(),
        rating: recipe.rating.map(|rating| show::rating(t, rating)),
        personal,
        scaling: Scaling::of((&visitor.frame.base, id), &viewed, t),
        paragraphs: content.description.as_deref().map(paragraphs).unwrap_or_default(),
        sections: sections(content.instructions.as_deref().unwrap_or_default(), &images, t),
        tags: tags(content),
        nutrition: content.nutrition.as_deref().map(|facts| nutrition::rows(facts, t)).unwrap_or_default(),
        updated: show::day(t, recipe.server.updated_at, app.accounts().now()),
        today: app.planning().today(),
        readers: t.readers(content.visibility),
        may_edit: may_edit(app, visitor, recipe),
        is_shared: is_by_link,
        json_ld: json_ld(recipe, &site),
    })
}

/// The recipe, if the visitor may read it.
pub(super) async fn find(app: &App, id: RecipeId, visitor: &Visitor) -> Result<Recipe, Report> {
    let stored = app.recipes().read(id, visitor.viewer()).await?;
    let mut json = Vec::with_capacity(stored.json_len());
    stored.write_json(&mut json);
    Recipe::from_json(&json).map_err(Report::internal)
}

/// Whether the page shows the buttons for changes. The store decides about each change.
pub(super) fn may_edit(app: &App, visitor: &Visitor, recipe: &Recipe) -> bool {
    visitor.user().is_some_and(|user| app.recipes().may_edit(user, recipe))
}

fn times(content: &Content, t: &'static Text) -> Vec<(&'static str, String)> {
    let times = [
        (t.preparation, content.prep_time_minutes),
        (t.cooking, content.cook_time_minutes),
        (t.resting, content.rest_time_minutes),
        (t.total, total_minutes(content)),
    ];
    times.into_iter().filter_map(|(name, minutes)| Some((name, show::minutes(t, minutes?)))).collect()
}

/// The stated total, or the sum of the parts.
fn total_minutes(content: &Content) -> Option<u32> {
    let parts = [content.prep_time_minutes, content.cook_time_minutes];
    let sum = || {
        parts
            .iter()
            .any(Option::is_some)
            .then(|| parts.iter().flatten().copied().fold(0, u32::saturating_add))
    };
    content.total_time_minutes.or_else(sum)
}

/// What other programs import from the page.
fn json_ld(recipe: &Recipe, site: &str) -> String {
    let address = &*format!("{site}/recipes/{}", recipe.id);
    let mut document =
        json_ld_value(&Recipe { images: recipe.images.clone().with_base(site), ..recipe.clone() });
    document["@id"] = address.into();
    document["url"] = address.into();
    if recipe.content.total_time_minutes.is_none()
        && let Some(minutes) = total_minutes(&recipe.content)
    {
        document["totalTime"] = format!("PT{minutes}M").into();
    }
    for_html(&document.to_string())
}

fn paragraphs(text: &str) -> Vec<&str> {
    text.split("\n\n").map(str::trim).filter(|paragraph| !paragraph.is_empty()).collect()
}

fn sections<'a>(steps: &'a [Instruction], images: &'a RecipeImages, t: &Text) -> Vec<Section<'a>> {
    let mut sections: Vec<Section<'a>> = Vec::new();
    for (place, step) in steps.iter().enumerate() {
        let title = step.section.as_deref();
        let time = step.minutes.map(|minutes| show::minutes(t, minutes));
        let number = place + 1;
        let image = u32::try_from(number).ok().and_then(|number| images.of_step(number));
        let step = Step { number, text: &step.text, image, time };
        match sections.last_mut() {
            Some(last) if last.title == title => last.steps.push(step),
            _ => sections.push(Section { title, steps: vec![step] }),
        }
    }
    sections
}

/// The tags that lead to a search, each with its parameter.
fn tags(content: &Content) -> Vec<(&'static str, &String)> {
    let groups =
        [("category", &content.category), ("cuisine", &content.cuisine), ("keyword", &content.keywords)];
    groups.into_iter().flat_map(|(name, tags)| tags.iter().flatten().map(move |tag| (name, tag))).collect()
}

/// The text to show for a source: its name, else the host of its address.
pub(super) fn source_name(source: &Attribution) -> &str {
    let host = |url: &'_ str| -> usize { url.find("://").map_or(0, |scheme| scheme + 3) };
    match (&source.name, &source.url) {
        (Some(name), _) => name,
        (None, Some(url)) => url.get(host(url)..).and_then(|rest| rest.split('/').next()).unwrap_or(url),
        (None, None) => "",
    }
}
