//! The forms of pages: their fields, and the errors that are shown beside them.

use axum::extract::{FromRequest, Request};
use http::StatusCode;
use ids::SessionId;
use recipes::FieldError;
use zeroize::Zeroizing;

use super::field_names::field_name;
use super::languages::{Language, Text, fill};
use super::refusals::refusal;
use crate::app::App;
use crate::http::body::{FormText, Parse, parse_form};
use crate::http::error::Report;
use crate::limits;

/// The bytes of a form at most. A recipe of 256 KiB in Chinese takes three times as much, percent-encoded.
const MAX_BYTES: usize = 1 << 20;

/// The fields of a form that a page sent.
pub(super) struct PageForm {
    text: Zeroizing<String>,
    fields: Vec<(String, Zeroizing<String>)>,
}

impl<S: Sync> FromRequest<S> for PageForm {
    type Rejection = Report;

    async fn from_request(request: Request, state: &S) -> Result<Self, Report> {
        FormText::<MAX_BYTES>::from_request(request, state).await.map(Self::of)
    }
}

/// The form of a page that needs no log-in. Any client can send many of them at once, so they are as small as the requests of the API.
pub(super) struct SmallForm(pub(super) PageForm);

impl<S: Sync> FromRequest<S> for SmallForm {
    type Rejection = Report;

    async fn from_request(request: Request, state: &S) -> Result<Self, Report> {
        let text = FormText::<{ limits::FIELDS_BYTES }>::from_request(request, state).await?;
        Ok(Self(PageForm::of(text)))
    }
}

impl PageForm {
    fn of<const MAX_BYTES: usize>(FormText(text): FormText<MAX_BYTES>) -> Self {
        let fields = form_urlencoded::parse(text.as_bytes()).into_owned();
        let fields = fields.map(|(name, value)| (name, Zeroizing::new(value))).collect();
        Self { text, fields }
    }

    /// The last value of a field; empty if there is none.
    pub(super) fn get(&self, name: &str) -> &str {
        self.all(name).last().unwrap_or_default()
    }

    pub(super) fn all(&self, name: &str) -> impl Iterator<Item = &str> {
        self.fields.iter().filter(move |(field, _)| field == name).map(|(_, value)| value.as_str())
    }

    /// Whether the form has the token of this session.
    pub(super) fn has_token(&self, app: &App, session: Option<SessionId>) -> bool {
        app.form_tokens().verify(session, self.get("form_token"))
    }

    /// # Errors
    /// 403 if the form has not the token of this session: it may come from a page of another site, or from before a log-in.
    pub(super) fn check_token(&self, app: &App, session: Option<SessionId>) -> Result<(), Report> {
        if self.has_token(app, session) {
            return Ok(());
        }
        Err(form_expired())
    }

    /// # Errors
    /// All problems of the fields.
    pub(super) fn parse<T: Parse>(&self) -> Result<T, Report> {
        parse_form(&self.text).map_err(Report::from)
    }
}

/// The token of a form is not the one of the session.
pub(super) fn form_expired() -> Report {
    let message = "This form is of an earlier session; go back, load the page again, and send the form again";
    Report::new(StatusCode::FORBIDDEN, "form_expired", message)
}

/// The errors of a form: shown in it, next to the fields, in the language of the page.
pub(super) struct Problems {
    /// A problem of no field.
    pub(super) general: String,
    fields: Vec<FieldError>,
    pub(super) status: StatusCode,
    t: &'static Text,
}

impl Default for Problems {
    fn default() -> Self {
        Self::none()
    }
}

impl Problems {
    pub(super) fn none() -> Self {
        Self::general(StatusCode::OK, "")
    }

    /// A problem of no field.
    pub(super) fn general(status: StatusCode, text: impl Into<String>) -> Self {
        Self { general: text.into(), fields: Vec::new(), status, t: Language::English.text() }
    }

    /// The problems of a refusal that the user can do something about.
    ///
    /// # Errors
    /// Any other failure, which is a page of its own.
    pub(super) fn of(report: Report, t: &'static Text) -> Result<Self, Report> {
        let status = report.status();
        if status.is_server_error() && status != StatusCode::INSUFFICIENT_STORAGE {
            return Err(report);
        }
        let general = if report.code() == "invalid" { String::new() } else { refusal(&report, t) };
        let translated = |error: &FieldError| FieldError {
            pointer: error.pointer.clone(),
            message: t.message(&error.message),
        };
        Ok(Self { general, fields: report.errors().iter().map(translated).collect(), status, t })
    }

    /// A problem of a field, in the language of the page.
    pub(super) fn add(&mut self, pointer: &str, message: &str) {
        self.status = StatusCode::UNPROCESSABLE_ENTITY;
        self.fields.push(FieldError { pointer: pointer.to_owned(), message: message.to_owned() });
    }

    /// The messages of a field and of the fields inside it.
    pub(super) fn at(&self, name: &str) -> Vec<String> {
        let of_field = self.fields.iter().filter_map(|error| {
            let rest = error.pointer.strip_prefix('/')?.strip_prefix(name)?;
            match rest.strip_prefix('/') {
                Some(inside) => {
                    let place = self.place_in(name, inside.split('/').next().unwrap_or_default());
                    Some(format!("{place}: {}", error.message))
                }
                None if rest.is_empty() => Some(error.message.clone()),
                None => None,
            }
        });
        of_field.collect()
    }

    pub(super) fn has(&self, name: &str) -> bool {
        !self.at(name).is_empty()
    }

    /// The problems of fields that the form does not show.
    pub(super) fn elsewhere(&self, shown: &[&str]) -> Vec<String> {
        let is_shown = |error: &&FieldError| {
            let field = error.pointer.trim_start_matches('/').split('/').next().unwrap_or_default();
            shown.contains(&field)
        };
        let hidden = self.fields.iter().filter(|error| !is_shown(error));
        let text = |error: &FieldError| {
            let path = error.pointer.trim_start_matches('/');
            if path.is_empty() {
                return error.message.clone();
            }
            let places: Vec<_> = path.split('/').map(|step| self.place(step)).collect();
            format!("{}: {}", places.join(" / "), error.message)
        };
        hidden.map(text).collect()
    }

    /// The first step inside a field: ingredients are lines of one text, and steps have numbers.
    fn place_in(&self, field: &str, step: &str) -> String {
        let text = match field {
            "ingredients" => self.t.hints.line,
            "instructions" => self.t.step_number,
            _ => return self.place(step),
        };
        fill(text, self.place(step))
    }

    /// One step of a pointer, for people: the name of a field, or the number of an item. People count from 1.
    fn place(&self, step: &str) -> String {
        match step.parse::<usize>() {
            Ok(index) => index.saturating_add(1).to_string(),
            Err(_) => field_name(step, self.t).to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn problems_stand_at_their_fields_and_count_from_one() {
        let mut problems = Problems::none();
        problems.add("/name", "is required");
        problems.add("/ingredients/2", "is too long");
        problems.add("/nutrition/calories", "must be a number");
        assert_eq!(problems.at("name"), ["is required"]);
        assert_eq!(problems.at("ingredients"), ["Line 3: is too long"]);
        assert!(!problems.has("ingredient"));
        assert_eq!(
            problems.elsewhere(&["name", "ingredients"]),
            ["Nutrition facts of one serving / calories: must be a number"]
        );
        problems.add("", "is no recipe");
        assert_eq!(problems.elsewhere(&["name", "ingredients", "nutrition"]), ["is no recipe"]);
    }
}
