//! Signing up, logging in, refreshing tokens and logging out.

use std::convert::Infallible;

use accounts::{Email, Name, TokenDigest};
use axum::{
    Json,
    extract::FromRequestParts,
    response::{IntoResponse, Response},
};
use http::{HeaderMap, StatusCode, header, request::Parts};
use secrecy::{ExposeSecret as _, SecretString};
use serde::Serialize;

use super::{
    documented_errors::{
        EmailTaken, InvalidRefreshToken, Malformed, NoSession, NoSignUp, NotAcceptable, OtherSite,
        RateLimited, UnacceptableBody, Unauthorized, Unavailable, WithoutScope, WrongPassword,
    },
    me::Profile,
    parameters::Cookies,
    responses::NO_STORE,
};
use crate::app::App;
use crate::auth::{log_in::PasswordLogIn, requirements::AccountOwner};
use crate::http::body::{Body, ParseFields, fields::Fields};
use crate::http::cookies::{self, Delivery, MalformedCookie};
use crate::http::error::{Report, RequestError};
use crate::http::json_api::JsonApi;
use crate::http::query::Query;
use crate::passwords::policy::Policy;
use crate::use_cases::accounts::{AccountError, ClientInfo, LoggedIn, SignUp};

/// Creates an account and answers with the tokens of its first session.
#[utoipa::path(
    post, path = "/api/v1/users/signup", tag = "users", operation_id = "signUp",
    params(Cookies),
    request_body(content(
        (ref("#/components/schemas/SignUp") = "application/json"),
        (ref("#/components/schemas/SignUp") = "application/x-www-form-urlencoded"),
    )),
    responses(
        (status = 200, description = "The account was created", body = ref("#/components/schemas/LoggedIn")),
        EmailTaken,
        Malformed, NoSignUp, UnacceptableBody, RateLimited, NotAcceptable, Unavailable,
    )
)]
pub async fn sign_up(
    JsonApi(app): JsonApi<App>,
    delivery: Delivery,
    client: ClientInfo,
    Body(command): Body<SignUp>,
) -> Result<Response, Report> {
    tokens(&app, &app.accounts().sign_up(command, client).await?, delivery)
}

/// Exchanges an e-mail address and its password for the tokens of a new session.
#[utoipa::path(
    post, path = "/api/v1/users/login", tag = "users", operation_id = "logIn",
    params(Cookies),
    request_body(content(
        (ref("#/components/schemas/LogIn") = "application/json"),
        (ref("#/components/schemas/LogIn") = "application/x-www-form-urlencoded"),
    )),
    responses(
        (status = 200, description = "A new session", body = ref("#/components/schemas/LoggedIn")),
        WrongPassword,
        Malformed, OtherSite, UnacceptableBody, RateLimited, NotAcceptable, Unavailable,
    )
)]
pub async fn log_in(
    JsonApi(app): JsonApi<App>,
    delivery: Delivery,
    client: ClientInfo,
    PasswordLogIn(user): PasswordLogIn,
) -> Result<Response, Report> {
    tokens(&app, &app.accounts().log_in(user, client).await?, delivery)
}

/// Exchanges a refresh token for a new pair of tokens. The old refresh token cannot be used again.
#[utoipa::path(
    post, path = "/api/v1/users/refresh", tag = "users", operation_id = "refresh",
    request_body(content(
        (ref("#/components/schemas/Refresh") = "application/json"),
        (ref("#/components/schemas/Refresh") = "application/x-www-form-urlencoded"),
    )),
    responses(
        (status = 200, description = "The same session, with new tokens", body = ref("#/components/schemas/LoggedIn")),
        InvalidRefreshToken,
        Malformed, OtherSite, UnacceptableBody, RateLimited, NotAcceptable, Unavailable,
    )
)]
pub async fn refresh(
    JsonApi(app): JsonApi<App>,
    headers: HeaderMap,
    client: ClientInfo,
    RefreshCookie(cookie): RefreshCookie,
    Body(RefreshBody(sent)): Body<RefreshBody>,
) -> Result<Response, Report> {
    let (token, delivery) = match (sent, cookie) {
        (Some(token), _) => (token, Delivery::Body),
        (None, Ok(Some(token))) => (token.into(), Delivery::Cookies),
        // Refused as an unknown token is: the response deletes it, which the page cannot.
        (None, Err(MalformedCookie)) => (SecretString::default(), Delivery::Cookies),
        (None, Ok(None)) => return Err(RequestError::missing(["refreshToken"]).into()),
    };
    match app.accounts().refresh(token.expose_secret(), &client).await {
        Ok(session) => tokens(&app, &session, delivery),
        Err(error @ AccountError::InvalidRefreshToken) if delivery == Delivery::Cookies => {
            let mut response = Report::from(error).into_response();
            app.cookies().clear(&headers, &mut response);
            Ok(response)
        }
        Err(error) => Err(error.into()),
    }
}

/// Ends this session, and deletes its cookies. A browser whose access token has expired is logged out by its refresh token.
#[utoipa::path(
    post, path = "/api/v1/users/logout", tag = "users", operation_id = "logOut",
    security(("bearer" = ["account"])),
    responses(
        (status = 204, description = "The session has ended, and its tokens with it"),
        Malformed, Unauthorized, NoSession, NotAcceptable, Unavailable,
    )
)]
pub async fn log_out(
    JsonApi(app): JsonApi<App>,
    headers: HeaderMap,
    client: ClientInfo,
    RefreshCookie(cookie): RefreshCookie,
    me: Result<AccountOwner, Report>,
) -> Result<Response, Report> {
    match me {
        Ok(me) => app.accounts().log_out(me.user.id, me.actor).await?,
        // The cookies outlived their session. The browser sends them until they are deleted here.
        Err(refusal)
            if refusal.status() == StatusCode::UNAUTHORIZED
                && !headers.contains_key(header::AUTHORIZATION)
                && app.cookies().are_in(&headers) =>
        {
            if let Ok(Some(token)) = cookie {
                app.accounts().log_out_by_refresh_token(&token, &client).await?;
            }
        }
        Err(refusal) => return Err(refusal),
    }
    Ok(logged_out(&app, &headers))
}

/// Ends all your other sessions.
#[utoipa::path(
    post, path = "/api/v1/users/logout/others", tag = "users", operation_id = "logOutOthers",
    security(("bearer" = ["account"])),
    responses(
        (status = 204, description = "The other sessions have ended"),
        Malformed, Unauthorized, NoSession, NotAcceptable, Unavailable,
    )
)]
pub async fn log_out_others(JsonApi(app): JsonApi<App>, me: AccountOwner) -> Result<StatusCode, Report> {
    app.accounts().end_other_sessions(me.user.id, me.actor).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Ends all your sessions, including this one, and deletes all your API tokens.
#[utoipa::path(
    post, path = "/api/v1/users/logout/all", tag = "users", operation_id = "logOutAll",
    security(("bearer" = ["account"])),
    responses(
        (status = 204, description = "All sessions and API tokens have ended"),
        Malformed, Unauthorized, WithoutScope, NotAcceptable, Unavailable,
    )
)]
pub async fn log_out_all(
    JsonApi(app): JsonApi<App>,
    headers: HeaderMap,
    me: AccountOwner,
) -> Result<Response, Report> {
    app.accounts().end_all_sessions(me.user.id, me.actor).await?;
    Ok(logged_out(&app, &headers))
}

/// The tokens of a session, in the body or in cookies. No cache may store them (RFC 6749 section 5.1).
fn tokens(app: &App, session: &LoggedIn, delivery: Delivery) -> Result<Response, Report> {
    #[derive(Serialize)]
    #[serde(rename_all = "camelCase")]
    struct Tokens<'a> {
        #[serde(skip_serializing_if = "Option::is_none")]
        token: Option<&'a str>,
        #[serde(skip_serializing_if = "Option::is_none")]
        refresh_token: Option<&'a str>,
        expires_in: u64,
        user: Profile<'a>,
    }
    let LoggedIn { user, access_token, refresh_token, expires_in, keep } = session;
    let refresh_token = refresh_token.expose();
    let mut headers = HeaderMap::new();
    headers.insert(header::CACHE_CONTROL, NO_STORE);
    let in_body = match delivery {
        Delivery::Body => Some((access_token.as_str(), refresh_token.as_str())),
        Delivery::Cookies => {
            let cookies = app.cookies();
            cookies.set(&mut headers, cookies.access, access_token, *expires_in)?;
            cookies.set(&mut headers, cookies.refresh, &refresh_token, *keep)?;
            None
        }
    };
    let (token, refresh_token) = in_body.unzip();
    let body = Tokens { token, refresh_token, expires_in: expires_in.as_secs(), user: Profile::of(user) };
    Ok((headers, Json(body)).into_response())
}

/// 204, and the cookies of the session are deleted.
fn logged_out(app: &App, sent: &HeaderMap) -> Response {
    let mut response = StatusCode::NO_CONTENT.into_response();
    app.cookies().clear(sent, &mut response);
    response
}

impl FromRequestParts<App> for Delivery {
    type Rejection = Report;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Report> {
        match Query::parse(&parts.uri, &["cookies"])?.get("cookies") {
            None | Some("false") => Ok(Self::Body),
            Some("true") if cookies::are_discarded(parts, app.public_url()) => {
                Err(RequestError::CookiesNeedHttps.into())
            }
            Some("true") => Ok(Self::Cookies),
            Some(_) => Err(RequestError::Malformed("cookies must be true or false".into()).into()),
        }
    }
}

impl ParseFields for SignUp {
    const FIELDS: &'static [&'static str] = &["name", "email", "password", "invitation"];

    fn parse_fields(fields: &mut Fields<'_>) -> Option<Self> {
        let name = fields.required("name", Name::parse);
        let email = fields.required("email", Email::parse);
        // The minimal policy is checked together with the other fields, so that all problems are reported at once. The
        // policy of this service is checked by the use case.
        let password = fields.required("password", |password| {
            let (name, email) = (name.as_ref().map(Name::as_str), email.as_ref().map(Email::as_str));
            Policy::default().check(password, name, email)?;
            Ok::<_, String>(SecretString::from(password))
        });
        let invitation =
            fields.stated("invitation", |token| Ok::<_, String>(TokenDigest::of(token.trim().as_bytes())));
        Some(Self { name: name?, email: email?, password: password?, invitation })
    }
}

/// The refresh token of a browser, in a cookie.
pub struct RefreshCookie(Result<Option<String>, MalformedCookie>);

impl FromRequestParts<App> for RefreshCookie {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Infallible> {
        Ok(Self(app.cookies().refresh_token(parts)))
    }
}

/// The refresh token of other clients, in the body.
pub struct RefreshBody(Option<SecretString>);

impl ParseFields for RefreshBody {
    const FIELDS: &'static [&'static str] = &["refreshToken"];

    fn parse_fields(fields: &mut Fields<'_>) -> Option<Self> {
        Some(Self(fields.optional("refreshToken", |text| Ok::<_, String>(SecretString::from(text)))))
    }
}
