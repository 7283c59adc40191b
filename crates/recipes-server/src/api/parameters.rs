//! The parameters that several operations share, for the OpenAPI document.

use utoipa::IntoParams;

#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "only its description is used")]
pub(super) struct PageQuery {
    /// How many at most.
    #[param(minimum = 1, maximum = 1000, default = 100)]
    limit: Option<u16>,
    /// `nextCursor` of the page before.
    #[param(pattern = "^$|^[A-Za-z0-9_-]+$")]
    cursor: Option<String>,
}

#[derive(IntoParams)]
#[into_params(parameter_in = Path)]
#[expect(dead_code, reason = "only its description is used")]
pub(super) struct RecipeInPath {
    #[param(minimum = 1, example = 1)]
    id: i64,
}

#[derive(IntoParams)]
#[into_params(parameter_in = Path)]
#[expect(dead_code, reason = "only its description is used")]
pub(super) struct UserInPath {
    #[param(minimum = 1, example = 1)]
    id: i64,
}

#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "only its description is used")]
pub(super) struct UserQuery {
    /// What stands somewhere in the name or the e-mail.
    #[param(max_length = 254)]
    q: Option<String>,
    /// `user` or `admin`.
    #[param(pattern = "^(user|admin)$")]
    role: Option<String>,
    /// Only who may not, or who may use the service.
    disabled: Option<bool>,
}

#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "only its description is used")]
pub(super) struct AuditQuery {
    /// The name of an event, as `logged_in`.
    event: Option<String>,
    /// Whose account it is about.
    #[param(minimum = 1)]
    subject: Option<i64>,
    /// Who did it.
    #[param(minimum = 1)]
    actor: Option<i64>,
    /// What happened from this moment on.
    #[param(format = "date-time")]
    since: Option<String>,
    /// What happened before this moment.
    #[param(format = "date-time")]
    until: Option<String>,
}

#[derive(IntoParams)]
#[into_params(parameter_in = Path)]
#[expect(dead_code, reason = "only its description is used")]
pub(super) struct UuidInPath {
    #[param(format = "uuid", example = "01936f5e-8c00-7d3a-9b1e-3f5a7c9e1b2d")]
    id: String,
}

#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "only its description is used")]
pub(super) struct Cookies {
    /// Whether the tokens come as cookies that no script can read, and not in the body: for pages of this site.
    #[param(default = false)]
    cookies: Option<bool>,
}

#[derive(IntoParams)]
#[into_params(parameter_in = Header)]
#[expect(dead_code, reason = "only its description is used")]
pub(super) struct IfNoneMatch {
    /// The `ETag` you have: answered with 304 if nothing has changed.
    #[param(rename = "If-None-Match")]
    if_none_match: Option<String>,
}

#[derive(IntoParams)]
#[into_params(parameter_in = Header)]
#[expect(dead_code, reason = "only its description is used")]
pub(super) struct IfMatch {
    /// The `ETag` you have read: refused with 412 if somebody has changed the recipe since.
    #[param(rename = "If-Match")]
    if_match: Option<String>,
}
