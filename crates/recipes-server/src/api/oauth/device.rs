//! The device grant (RFC 8628): its endpoint, and the page where users type the code that their device shows.

use axum::{
    Json,
    extract::{RawQuery, State},
    response::{IntoResponse, Response},
};
use http::{HeaderMap, StatusCode, header};
use strict_oidc::{Decision, ErrorCode, OAuthError, Parameters};

use super::pages::Pages;
use super::redirect::see_other;
use super::{Call, OAuth, refusal};
use crate::api::responses::NO_STORE;
use crate::app::App;
use crate::http::body::FormText;
use crate::provider::DeviceStep;

pub(super) async fn authorize(OAuth(server): OAuth, Call(call): Call) -> Response {
    match server.authorize_device(&call).await {
        Ok(codes) => ([(header::CACHE_CONTROL, NO_STORE)], Json(codes)).into_response(),
        Err(error) => refusal(&error),
    }
}

pub(super) async fn page(
    State(app): State<App>,
    OAuth(server): OAuth,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Response {
    let typed = typed_code(&query.unwrap_or_default());
    follow(&app, &headers, server.device_page(app.cookies().page(&headers)).await, &typed)
}

/// The user typed a code. A link with the code comes here only by this button: RFC 8628 section 5.4.
pub(super) async fn submit(
    State(app): State<App>,
    OAuth(server): OAuth,
    headers: HeaderMap,
    form: FormText,
) -> Response {
    let typed = typed_code(&form.0);
    follow(&app, &headers, server.find_device(&typed, app.cookies().page(&headers)).await, &typed)
}

pub(super) async fn decide(
    State(app): State<App>,
    OAuth(server): OAuth,
    headers: HeaderMap,
    form: FormText,
) -> Response {
    let step = async {
        let form = Parameters::parse(&form.0)?;
        let decision = match form.require("decision")? {
            "allow" => Decision::Allow,
            "deny" => Decision::Deny,
            _ => {
                let unknown = "the field 'decision' is 'allow' or 'deny'";
                return Err(OAuthError::new(ErrorCode::InvalidRequest, unknown));
            }
        };
        let of = (form.require("user_code")?, form.require("ticket")?);
        server.decide_device(of, decision, app.cookies().page(&headers)).await
    };
    follow(&app, &headers, step.await, "")
}

fn typed_code(text: &str) -> String {
    let fields = Parameters::parse(text).unwrap_or_default();
    fields.get("user_code").ok().flatten().unwrap_or_default().to_owned()
}

fn follow(app: &App, headers: &HeaderMap, step: Result<DeviceStep, OAuthError>, typed: &str) -> Response {
    let pages = Pages::new(app, headers);
    match step {
        Ok(DeviceStep::LogIn) => {
            let mut query = form_urlencoded::Serializer::new(String::new());
            query.append_pair("user_code", typed);
            let mut log_in = form_urlencoded::Serializer::new(String::new());
            log_in.append_pair("next", "device").append_pair("return_to", &query.finish());
            see_other(app, &format!("/oauth/log-in?{}", log_in.finish()))
        }
        Ok(DeviceStep::Code) => pages.device_code(typed),
        Ok(DeviceStep::UnknownCode) => pages.unknown_device_code(typed),
        Ok(DeviceStep::TooMany(reached)) => {
            let mut response = pages.too_many_device_codes(typed);
            *response.status_mut() = StatusCode::TOO_MANY_REQUESTS;
            reached.write_headers(response.headers_mut());
            response
        }
        Ok(DeviceStep::Ask { page, user_code }) => pages.device(&page, &user_code),
        Ok(DeviceStep::Done { is_allowed }) => pages.device_done(is_allowed),
        Ok(DeviceStep::Error(page)) => pages.request_error(&page),
        Err(error) => pages.error(&error),
    }
}
