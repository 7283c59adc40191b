//! A recipe's page for other servings and units: what its address asks for, and the links to other ones.

use http::Uri;
use ids::RecipeId;
use recipes::Content;
use recipes::amounts::{Ratio, RecipeView, Size, UnitSystem, ViewedRecipe};

use super::languages::Text;

/// The controls above the ingredients.
pub(super) struct Scaling {
    /// Of a recipe that does not state them, the size is a factor.
    pub(super) has_servings: bool,
    pub(super) size: String,
    pub(super) fewer: Option<String>,
    pub(super) more: String,
    /// The address of the recipe as it is written, if this is not it.
    pub(super) as_written: Option<String>,
    pub(super) units: [Unit; 2],
    pub(super) is_rounded: bool,
}

/// The link to a system of units, or back from it.
pub(super) struct Unit {
    pub(super) name: &'static str,
    pub(super) href: String,
    pub(super) is_chosen: bool,
}

/// The content as the address asks for it.
pub(super) struct Viewed {
    pub(super) content: Content,
    view: RecipeView,
    is_rounded: bool,
}

impl Viewed {
    /// What cannot be done is ignored: a link must not end at an error.
    pub(super) fn of(uri: &Uri, content: &Content) -> Self {
        let view = requested(uri);
        match view.apply(content.clone()) {
            Ok(ViewedRecipe { content, applied }) => {
                let is_rounded = !applied.converted_lines.is_empty() || !applied.converted_steps.is_empty();
                Self { content, view, is_rounded }
            }
            Err(_) => Self { content: content.clone(), view: RecipeView::default(), is_rounded: false },
        }
    }
}

/// Other parameters, such as those that sites append to links, mean nothing here.
fn requested(uri: &Uri) -> RecipeView {
    let mut view = RecipeView::default();
    for (name, value) in form_urlencoded::parse(uri.query().unwrap_or_default().as_bytes()) {
        let positive = || Ratio::parse(&value).filter(|it| !it.is_zero());
        match &*name {
            "servings" => view.size = positive().map(Size::Servings),
            "scale" => view.size = positive().map(Size::Scale),
            "unit" => view.unit = UnitSystem::parse(&value),
            _ => {}
        }
    }
    view
}

impl Scaling {
    pub(super) fn of((base, id): (&str, RecipeId), viewed: &Viewed, t: &Text) -> Self {
        let Viewed { content, view, is_rounded } = viewed;
        let servings = content.servings.as_ref().and_then(|number| Ratio::parse(&number.to_string()));
        let page = format!("{base}/recipes/{id}");
        let (size, fewer, more) = if let Some(servings) = servings {
            (text(servings), below(servings).map(Size::Servings), Size::Servings(above(servings)))
        } else {
            let scale = match view.size {
                Some(Size::Scale(scale)) => scale,
                _ => Ratio::ONE,
            };
            let half = Ratio::new(1, 2).filter(|half| *half < scale);
            let fewer = below(scale).or(half).map(Size::Scale);
            (format!("× {}", text(scale)), fewer, Size::Scale(above(scale)))
        };
        let href = |size: Option<Size>, unit: Option<UnitSystem>| address(&page, RecipeView { size, unit });
        let unit = |unit, name| {
            let is_chosen = view.unit == Some(unit);
            Unit { name, href: href(view.size, (!is_chosen).then_some(unit)), is_chosen }
        };
        Self {
            has_servings: servings.is_some(),
            size,
            fewer: fewer.map(|size| href(Some(size), view.unit)),
            more: href(Some(more), view.unit),
            as_written: (!view.is_plain()).then(|| page.clone()),
            units: [unit(UnitSystem::Metric, t.units_metric), unit(UnitSystem::Imperial, t.units_imperial)],
            is_rounded: *is_rounded,
        }
    }
}

/// The next whole number below, from 1.
fn below(size: Ratio) -> Option<Ratio> {
    let whole = if size.is_whole() { size.floor().checked_sub(1)? } else { size.floor() };
    (whole > 0).then(|| Ratio::whole(whole))
}

fn above(size: Ratio) -> Ratio {
    Ratio::whole(size.floor().saturating_add(1))
}

/// `4`, `1.5`, or `1/3`, which has no end as a decimal number.
fn text(ratio: Ratio) -> String {
    match ratio.to_decimal(3) {
        _ if ratio.is_whole() => ratio.floor().to_string(),
        Some((digits, places)) => {
            let digits = format!("{digits:0>width$}", width = places as usize + 1);
            let (whole, rest) = digits.split_at(digits.len() - places as usize);
            format!("{whole}.{rest}")
        }
        None => format!("{}/{}", ratio.numerator(), ratio.denominator()),
    }
}

fn address(page: &str, view: RecipeView) -> String {
    let size = match view.size {
        None => None,
        Some(Size::Servings(servings)) => Some(format!("servings={}", text(servings))),
        Some(Size::Scale(scale)) => Some(format!("scale={}", text(scale))),
    };
    let unit = view.unit.map(|unit| match unit {
        UnitSystem::Metric => "unit=metric".to_owned(),
        UnitSystem::Imperial => "unit=imperial".to_owned(),
    });
    let query: Vec<_> = size.into_iter().chain(unit).collect();
    if query.is_empty() { page.to_owned() } else { format!("{page}?{}", query.join("&")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_step_by_whole_numbers() {
        for (size, fewer, more) in [
            ("4", Some("3"), "5"),
            ("1", None, "2"),
            ("1.5", Some("1"), "2"),
            ("1/3", None, "1"),
            ("12", Some("11"), "13"),
        ] {
            let size = Ratio::parse(size).unwrap();
            assert_eq!(below(size).map(text).as_deref(), fewer);
            assert_eq!(text(above(size)), more);
        }
    }

    #[test]
    fn sizes_are_read_back_as_they_are_written() {
        for number in ["4", "1.5", "0.25", "1/3", "100", "2.125"] {
            let ratio = Ratio::parse(number).unwrap();
            assert_eq!(text(ratio), number);
        }
    }

    #[test]
    fn parameters_of_other_sites_and_impossible_sizes_are_ignored() {
        let view = |uri: &str| requested(&uri.parse().unwrap());
        assert!(view("/recipes/1?utm_source=mail&servings=0&scale=x&unit=stone").is_plain());
        let wanted = view("/recipes/1?servings=6&unit=metric");
        assert_eq!(address("/recipes/1", wanted), "/recipes/1?servings=6&unit=metric");
    }
}
