//! The pages that links in mails open, and the form that requests such a mail.
//!
//! The secret of a link stands after its `#`, so opening the link does not send it: neither logs nor previews of mails use it up. The
//! script moves it into the form. Without JavaScript the user pastes the link.

use accounts::{Email, TokenDigest};
use askama::Template;
use axum::{extract::State, response::Response};
use http::Uri;
use secrecy::SecretString;

use super::form::{PageForm, Problems, SmallForm};
use super::frame::{Frame, local_path, page_with_status, return_query, see_other};
use super::languages::Text;
use super::log_in::{logged_out, return_to};
use super::visitor::Visitor;
use crate::app::App;
use crate::http::error::Report;
use crate::use_cases::accounts::{AccountError, ResetPassword};

#[derive(Template)]
#[template(path = "account/link.html")]
struct LinkPage<'a> {
    f: &'a Frame,
    t: &'static Text,
    p: Problems,
    kind: Kind,
    email: &'a str,
    link: &'a str,
    /// Where a user who has forgotten the password was going.
    return_to: &'a str,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// The form that requests a mail for a new password.
    Forgotten,
    Reset,
    Verify,
}

impl Kind {
    fn path(self) -> &'static str {
        match self {
            Self::Forgotten => "/forgotten-password",
            Self::Reset => "/account/reset-password",
            Self::Verify => "/account/verify-email",
        }
    }
}

fn show(visitor: &Visitor, kind: Kind, form: Option<&PageForm>, p: Problems) -> Result<Response, Report> {
    let field = |name| form.map(|form| form.get(name)).unwrap_or_default();
    let page = LinkPage {
        f: &visitor.frame,
        t: visitor.frame.text(),
        p,
        kind,
        email: field("email"),
        link: field("token"),
        return_to: field("return_to"),
    };
    page_with_status(page.p.status, &page)
}

pub(super) async fn forgotten_form(visitor: Visitor, uri: Uri) -> Result<Response, Report> {
    let (f, t, return_to) = (&visitor.frame, visitor.frame.text(), return_to(&uri));
    let (p, kind) = (Problems::none(), Kind::Forgotten);
    page_with_status(p.status, &LinkPage { f, t, p, kind, email: "", link: "", return_to: &return_to })
}

pub(super) async fn reset_form(visitor: Visitor) -> Result<Response, Report> {
    show(&visitor, Kind::Reset, None, Problems::none())
}

pub(super) async fn verify_form(visitor: Visitor) -> Result<Response, Report> {
    show(&visitor, Kind::Verify, None, Problems::none())
}

/// The answer is the same whether the address has an account or not.
pub(super) async fn forgotten(
    State(app): State<App>,
    visitor: Visitor,
    SmallForm(form): SmallForm,
) -> Result<Response, Report> {
    let request = async {
        form.check_token(&app, visitor.session())?;
        let email = Email::parse(form.get("email")).map_err(|message| invalid("email", message))?;
        let (actor, language) = (visitor.client.anonymous(), visitor.client.language);
        Ok::<_, Report>(app.accounts().request_password_reset(&email, actor, language).await?)
    };
    match request.await {
        Ok(()) => match local_path(form.get("return_to")) {
            "/" => see_other("/log-in?done=mailed"),
            path => see_other(&format!("/log-in?done=mailed&{}", return_query(path))),
        },
        Err(report) => {
            show(&visitor, Kind::Forgotten, Some(&form), Problems::of(report, visitor.frame.text())?)
        }
    }
}

/// All sessions of the account end, so the browser forgets its own.
pub(super) async fn reset(
    State(app): State<App>,
    visitor: Visitor,
    SmallForm(form): SmallForm,
) -> Result<Response, Report> {
    let request = async {
        form.check_token(&app, visitor.session())?;
        let password = SecretString::from(form.get("password"));
        let command = ResetPassword { token: digest(&form), password };
        Ok::<_, Report>(app.accounts().reset_password(command, visitor.client.anonymous()).await?)
    };
    match request.await {
        Ok(()) => logged_out(&app, "/log-in?done=reset"),
        Err(report) => show(&visitor, Kind::Reset, Some(&form), Problems::of(report, visitor.frame.text())?),
    }
}

pub(super) async fn verify(
    State(app): State<App>,
    visitor: Visitor,
    SmallForm(form): SmallForm,
) -> Result<Response, Report> {
    let request = async {
        form.check_token(&app, visitor.session())?;
        Ok::<_, Report>(app.accounts().verify_email(digest(&form), visitor.client.anonymous()).await?)
    };
    match request.await {
        Ok(()) => see_other("/?done=verified"),
        Err(report) => show(&visitor, Kind::Verify, Some(&form), Problems::of(report, visitor.frame.text())?),
    }
}

/// The secret of the link: all of the field, or what stands after `#` in it.
fn digest(form: &PageForm) -> TokenDigest {
    let secret = form.get("token").rsplit('#').next().unwrap_or_default().trim();
    TokenDigest::of(secret.as_bytes())
}

fn invalid(field: &'static str, message: &str) -> Report {
    AccountError::Invalid { field, message: message.to_owned() }.into()
}
