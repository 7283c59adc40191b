//! Sign-up, also with an invitation, and the first administrator.

use accounts::TokenDigest;
use askama::Template;
use axum::{
    extract::{FromRequestParts as _, State},
    response::Response,
};
use http::{StatusCode, request::Parts};

use super::form::{PageForm, Problems, SmallForm};
use super::frame::{Frame, page_with_status, see_other};
use super::languages::Text;
use super::log_in::{begun, leading_to, return_to, secure_address};
use super::visitor::Visitor;
use crate::app::App;
use crate::http::cookies;
use crate::http::error::{Report, RequestError};
use crate::use_cases::accounts::{AccountError, LoggedIn, SignUp, SignUpMode};

#[derive(Template)]
#[template(path = "account/sign_up.html")]
struct SignUpPage<'a> {
    f: &'a Frame,
    t: &'static Text,
    p: Problems,
    kind: Kind,
    name: &'a str,
    email: &'a str,
    code: &'a str,
    return_to: &'a str,
    needs_https: bool,
    secure_address: Option<String>,
}

/// What a form of this file creates.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Account,
    /// An account for the holder of an invitation.
    Invited,
    /// The first administrator, who needs the code in the log.
    FirstAdmin,
    /// The same from the account of a user who has logged in.
    OwnAdmin,
}

impl Kind {
    fn path(self) -> &'static str {
        match self {
            Self::Account => "/sign-up",
            Self::Invited => "/account/sign-up",
            Self::FirstAdmin | Self::OwnAdmin => "/admin/first-run",
        }
    }

    fn is_first_run(self) -> bool {
        matches!(self, Self::FirstAdmin | Self::OwnAdmin)
    }

    /// A user who has logged in needs no other account to become an administrator.
    fn for_visitor(self, visitor: &Visitor) -> Self {
        if self == Self::FirstAdmin && visitor.user().is_some() { Self::OwnAdmin } else { self }
    }
}

pub(super) async fn form(State(app): State<App>, parts: Parts) -> Result<Response, Report> {
    let kind = match app.accounts().sign_up_mode() {
        SignUpMode::Invite => Kind::Invited,
        SignUpMode::Open | SignUpMode::Closed => Kind::Account,
    };
    empty_form(&app, parts, kind).await
}

pub(super) async fn invited_form(State(app): State<App>, parts: Parts) -> Result<Response, Report> {
    empty_form(&app, parts, Kind::Invited).await
}

/// Exists until there is an administrator.
pub(super) async fn first_run_form(State(app): State<App>, parts: Parts) -> Result<Response, Report> {
    if app.accounts().has_admin().await? {
        return Err(RequestError::NoSuchRoute.into());
    }
    empty_form(&app, parts, Kind::FirstAdmin).await
}

async fn empty_form(app: &App, mut parts: Parts, kind: Kind) -> Result<Response, Report> {
    let visitor = Visitor::from_request_parts(&mut parts, app).await?;
    let (t, kind) = (visitor.frame.text(), kind.for_visitor(&visitor));
    let is_closed = !kind.is_first_run() && app.accounts().sign_up_mode() == SignUpMode::Closed;
    let problems = if is_closed {
        Problems::general(StatusCode::FORBIDDEN, t.problems.sign_up_closed)
    } else {
        Problems::none()
    };
    let return_to = return_to(&parts.uri);
    let page = SignUpPage {
        f: &visitor.frame,
        t,
        p: problems,
        kind,
        name: "",
        email: "",
        code: "",
        return_to: &return_to,
        needs_https: cookies::are_discarded(&parts, app.public_url()),
        secure_address: secure_address(app, kind.path()),
    };
    leading_to(app, &return_to, page_with_status(page.p.status, &page)?).await
}

pub(super) async fn sign_up(
    State(app): State<App>,
    parts: Parts,
    SmallForm(form): SmallForm,
) -> Result<Response, Report> {
    submit(&app, parts, &form, Kind::Account).await
}

pub(super) async fn invited(
    State(app): State<App>,
    parts: Parts,
    SmallForm(form): SmallForm,
) -> Result<Response, Report> {
    submit(&app, parts, &form, Kind::Invited).await
}

pub(super) async fn first_run(
    State(app): State<App>,
    parts: Parts,
    SmallForm(form): SmallForm,
) -> Result<Response, Report> {
    submit(&app, parts, &form, Kind::FirstAdmin).await
}

async fn submit(app: &App, mut parts: Parts, form: &PageForm, kind: Kind) -> Result<Response, Report> {
    let visitor = Visitor::from_request_parts(&mut parts, app).await?;
    let needs_https = cookies::are_discarded(&parts, app.public_url());
    let (kind, return_to) = (kind.for_visitor(&visitor), form.get("return_to"));
    let created = if needs_https {
        Err(RequestError::CookiesNeedHttps.into())
    } else {
        create(app, form, &visitor, kind).await
    };
    let refusal = match created {
        Ok(Some(session)) => {
            let target = match kind {
                Kind::FirstAdmin => ADMINISTRATION,
                _ if return_to.len() > 1 => return_to,
                _ => "/?done=signed-up",
            };
            return begun(app, &session, target).await;
        }
        Ok(None) => return see_other(ADMINISTRATION),
        Err(refusal) => refusal,
    };
    let (f, t) = (&visitor.frame, visitor.frame.text());
    let problems = Problems::of(refusal, t)?;
    let (name, email, code) = (form.get("name"), form.get("email"), form.get("invitation"));
    let secure_address = secure_address(app, kind.path());
    let page =
        SignUpPage { f, t, p: problems, kind, name, email, code, return_to, needs_https, secure_address };
    leading_to(app, return_to, page_with_status(page.p.status, &page)?).await
}

/// Where the first administrator goes on.
const ADMINISTRATION: &str = "/admin?done=admin";

/// The first session of a new account; `None` if the user has a session.
async fn create(
    app: &App,
    form: &PageForm,
    visitor: &Visitor,
    kind: Kind,
) -> Result<Option<LoggedIn>, Report> {
    form.check_token(app, visitor.session())?;
    if kind == Kind::OwnAdmin {
        check_code(app, form, visitor)?;
        app.accounts().become_first_admin(visitor.actor()).await?;
        return Ok(None);
    }
    let mut command: SignUp = form.parse()?;
    let client = visitor.client.clone();
    if kind == Kind::FirstAdmin {
        check_code(app, form, visitor)?;
        return Ok(Some(app.accounts().create_first_admin(command, client).await?));
    }
    // The whole link may be pasted as well.
    let token = form.get("invitation").rsplit('#').next().unwrap_or_default().trim();
    command.invitation = (!token.is_empty()).then(|| TokenDigest::of(token.as_bytes()));
    Ok(Some(app.accounts().sign_up(command, client).await?))
}

/// Whether the form has the code in the log.
fn check_code(app: &App, form: &PageForm, visitor: &Visitor) -> Result<(), Report> {
    if app.form_tokens().is_first_run_code(form.get("invitation")) {
        return Ok(());
    }
    let message = visitor.frame.text().wrong_code.to_owned();
    Err(AccountError::Invalid { field: "invitation", message }.into())
}
