//! The answers that several operations share, for the OpenAPI document: each error with its two shapes.

use std::collections::BTreeMap;

use utoipa::{
    IntoResponses,
    openapi::{ContentBuilder, Ref, RefOr, Response, ResponseBuilder, header::HeaderBuilder},
};

macro_rules! errors {
    ($($name:ident: $($status:literal $description:literal $([$header:literal $meaning:literal])?),+;)*) => {$(
        pub(super) struct $name;

        impl IntoResponses for $name {
            fn responses() -> BTreeMap<String, RefOr<Response>> {
                BTreeMap::from([$((
                    stringify!($status).to_owned(),
                    error($description, &[$(($header, $meaning))?]).into(),
                )),+])
            }
        }
    )*};
}

errors! {
    Malformed: 400 "Not to be understood; the message says why";
    Unauthorized: 401 "No token, or one that is not or no longer good"
        ["www-authenticate" "`Bearer`, with an `error` when a token was sent (RFC 6750)"];
    WrongPassword: 401 "Unknown e-mail or wrong password; which of them is not said"
        ["www-authenticate" "`Bearer`: the scheme that logging in leads to"];
    InvalidRefreshToken: 401 "Unknown, expired, used before, or of a session that has ended: log in again"
        ["www-authenticate" "`Bearer error=\"invalid_token\"`"];
    Forbidden: 403 "The recipe belongs to somebody else, or the API token lacks the scope `recipes:write`, or your e-mail has to be verified first";
    WithoutRecipesRead: 403 "The API token lacks the scope `recipes:read`"
        ["www-authenticate" "`Bearer error=\"insufficient_scope\"`, with the scope"];
    WithoutRecipesWrite: 403 "The API token lacks the scope `recipes:write`, or your e-mail has to be verified first"
        ["www-authenticate" "`Bearer error=\"insufficient_scope\"`, with the scope"];
    WithoutScope: 403 "The API token lacks the scope `account`, or a page of another site sent this with cookies"
        ["www-authenticate" "`Bearer error=\"insufficient_scope\"`, with the scope"];
    NoSession: 403 "An API token has no session, or lacks the scope `account`";
    WrongCurrentPassword: 403 "Not your current password, or the API token lacks the scope `account`";
    NoSignUp: 403 "Not everybody may sign up, or a page of another site sent this with cookies, or asked for some";
    OtherSite: 403 "A page of another site sent this with cookies, or asked for some";
    AdminRequired: 403 "Not an administrator, or with an API token";
    UserNotFound: 404 "There is no such user";
    InvitationNotFound: 404 "There is no such invitation that can be used";
    NoInvitation: 409 "There are 1,000 open invitations already, or nobody could use one as `SIGNUP` is `closed`";
    UserDisabled: 409 "The user is disabled";
    LastAdmin: 409 "Nobody would be left who could take it back";
    SessionNotFound: 404 "You have no such session";
    ApiTokenNotFound: 404 "You have no such API token";
    TooManyApiTokens: 409 "You have 100 API tokens already";
    RecipeNotFound: 404 "There is no such recipe, or it is private to somebody else";
    NotAcceptable: 406 "The client accepts neither JSON nor problem details";
    EmailTaken: 409 "There is an account with this e-mail";
    PreconditionFailed: 412 "The recipe has changed since it was read" ["etag" "The current revision"];
    UnacceptableBody:
        408 "The body did not arrive in time",
        413 "The body is larger than 256 KiB",
        415 "The body is neither JSON nor a form",
        422 "Some fields are not valid; `errors` names each";
    RateLimited: 429 "Too many of this kind; `RateLimit-Policy` names the limit"
        ["retry-after" "Seconds"];
    Unavailable: 503 "Not now; try again after the given time" ["retry-after" "Seconds"];
}

fn error(description: &str, headers: &[(&str, &str)]) -> Response {
    let body = |name| ContentBuilder::new().schema(Some(Ref::from_schema_name(name))).build();
    let mut response = ResponseBuilder::new()
        .description(description)
        .content("application/json", body("Error"))
        .content("application/problem+json", body("ProblemDetails"));
    for (name, meaning) in headers {
        response = response.header(*name, HeaderBuilder::new().description(Some(*meaning)).build());
    }
    response.build()
}
