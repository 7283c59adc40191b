//! The output of `recipes users`: text for people, or JSON in the form of the HTTP API.

use std::io::{self, Write as _};

use accounts::{ApiToken, Invitation, Session, User};
use serde::Serialize;

use crate::api::views::{ApiTokenView, InvitationView, SessionView, UserView};
use crate::telemetry::escape::{escape, escape_json};

#[derive(Clone, Copy, Debug)]
pub(super) enum Output {
    Text,
    Json,
}

impl Output {
    /// The user after a change.
    pub(super) fn changed(self, user: &User, text: &str) -> anyhow::Result<()> {
        match self {
            Self::Text => Ok(writeln!(io::stdout(), "{text}")?),
            Self::Json => json(&UserView::of(user)),
        }
    }

    pub(super) fn begin_list(self) -> anyhow::Result<()> {
        if let Self::Text = self {
            let (id, role, state, since, email) = ("ID", "ROLE", "STATE", "SINCE", "E-MAIL");
            writeln!(io::stdout(), "{id:>6}  {role:<6}  {state:<8}  {since:<10}  {email:<32}  NAME")?;
        }
        Ok(())
    }

    pub(super) fn row(self, user: &User) -> anyhow::Result<()> {
        if let Self::Json = self {
            return json(&UserView::of(user));
        }
        let since = user.created_at.strftime("%Y-%m-%d").to_string();
        let (id, role, email) = (user.id.to_string(), user.role.as_str(), escape(user.email.as_str()));
        let (state, name) = (state(user), escape(user.name.as_str()));
        Ok(writeln!(io::stdout(), "{id:>6}  {role:<6}  {state:<8}  {since:<10}  {email:<32}  {name}")?)
    }

    pub(super) fn details(
        self,
        user: &User,
        sessions: &[Session],
        api_tokens: &[ApiToken],
    ) -> anyhow::Result<()> {
        #[derive(Serialize)]
        #[serde(rename_all = "camelCase")]
        struct Details<'a> {
            #[serde(flatten)]
            user: UserView,
            sessions: Vec<SessionView<'a>>,
            api_tokens: Vec<ApiTokenView<'a>>,
        }
        if let Self::Json = self {
            return json(&Details {
                user: UserView::of(user),
                sessions: sessions.iter().map(|session| SessionView::of(session, None)).collect(),
                api_tokens: api_tokens.iter().map(ApiTokenView::of).collect(),
            });
        }
        let verified = if user.email_verified { "verified" } else { "not verified" };
        let mut out = io::stdout().lock();
        for (name, value) in [
            ("id", user.id.to_string()),
            ("name", escape(user.name.as_str()).into_owned()),
            ("e-mail", format!("{} ({verified})", escape(user.email.as_str()))),
            ("role", user.role.as_str().to_owned()),
            ("state", state(user).to_owned()),
            ("created", user.created_at.to_string()),
            ("changed", user.updated_at.to_string()),
            ("sessions", sessions.len().to_string()),
            ("API tokens", api_tokens.len().to_string()),
        ] {
            writeln!(out, "{name:<10}  {value}")?;
        }
        Ok(())
    }

    pub(super) fn invitation(self, invitation: &Invitation, link: &str) -> anyhow::Result<()> {
        #[derive(Serialize)]
        struct Created<'a> {
            #[serde(flatten)]
            invitation: InvitationView<'a>,
            link: &'a str,
        }
        match self {
            Self::Text => Ok(writeln!(io::stdout(), "{link}\nvalid once, until {}", invitation.expires_at)?),
            Self::Json => json(&Created { invitation: InvitationView::of(invitation), link }),
        }
    }
}

fn state(user: &User) -> &'static str {
    if user.disabled { "disabled" } else { "enabled" }
}

fn json(value: &impl Serialize) -> anyhow::Result<()> {
    Ok(writeln!(io::stdout(), "{}", escape_json(&serde_json::to_string(value)?))?)
}
