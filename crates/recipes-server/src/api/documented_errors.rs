//! The error responses that several operations share, for the OpenAPI document. The bounds are those of the code.

mod examples;

use std::{borrow::Cow, collections::BTreeMap};

use accounts::{MAX_API_TOKENS, MAX_INVITATIONS};
use utoipa::{
    IntoResponses,
    openapi::{ContentBuilder, Ref, RefOr, Response, ResponseBuilder, header::HeaderBuilder},
};

pub(super) use self::examples::invalid_field;
use crate::http::negotiation::Shape;
use crate::limits::{BODY_BYTES, BULK_BYTES};

macro_rules! errors {
    ($($name:ident: $($status:literal $description:expr $(=> $header:literal $meaning:literal)?),+;)*) => {$(
        pub(super) struct $name;

        impl IntoResponses for $name {
            fn responses() -> BTreeMap<String, RefOr<Response>> {
                BTreeMap::from([$((
                    stringify!($status).to_owned(),
                    error((stringify!($name), stringify!($status)), $description.into(), &[$(($header, $meaning))?]).into(),
                )),+])
            }
        }
    )*};
}

errors! {
    Malformed: 400 "The request cannot be parsed; the message says why";
    Unauthorized: 401 "No token, or an invalid one"
        => "www-authenticate" "`Bearer`, with an `error` if the request had a token (RFC 6750)";
    WrongPassword: 401 "Unknown e-mail address or wrong password; the response is the same for both"
        => "www-authenticate" "`Bearer`: logging in gives a bearer token";
    InvalidRefreshToken: 401 "The token is unknown, expired or used, or its session has ended: log in again"
        => "www-authenticate" "`Bearer error=\"invalid_token\"`";
    Forbidden: 403 "The recipe belongs to another user, the API token lacks the scope `recipes:write`, or your e-mail \
        address must be verified first";
    WithoutRecipesRead: 403 "The API token lacks the scope `recipes:read`"
        => "www-authenticate" "`Bearer error=\"insufficient_scope\"`, with the scope";
    WithoutRecipesWrite: 403 "The API token lacks the scope `recipes:write`, or your e-mail address must be verified first"
        => "www-authenticate" "`Bearer error=\"insufficient_scope\"`, with the scope";
    WithoutScope: 403 "The API token lacks the scope `account`, or a page of another site sent the request with cookies"
        => "www-authenticate" "`Bearer error=\"insufficient_scope\"`, with the scope";
    NoSession: 403 "An API token has no session, or lacks the scope `account`";
    WrongCurrentPassword: 403 "This is not your current password, or the API token lacks the scope `account`";
    NoSignUp: 403 "Signing up is closed or requires an invitation, or a page of another site sent the request with \
        cookies or requested cookies";
    OtherSite: 403 "A page of another site sent the request with cookies or requested cookies";
    AdminRequired: 403 "The caller is not an administrator, or used an API token";
    UserNotFound: 404 "There is no such user";
    InvitationNotFound: 404 "There is no such open invitation";
    NoInvitation: 409 format!("There are {MAX_INVITATIONS} open invitations already, or `SIGNUP` is `closed`");
    UserDisabled: 409 "The user is disabled";
    LastAdmin: 409 "The user is the last administrator";
    OwnAccount: 409 "This is your own account";
    SessionNotFound: 404 "You have no such session";
    ApiTokenNotFound: 404 "You have no such API token";
    TooManyApiTokens: 409 format!("You have {MAX_API_TOKENS} API tokens already");
    RecipeNotFound: 404 "There is no such recipe, or it is private to another user";
    NotAcceptable: 406 "The client accepts neither JSON nor problem details";
    EmailTaken: 409 "The e-mail address has an account already";
    PreconditionFailed: 412 "The recipe has changed since you read it" => "etag" "The current revision";
    UnacceptableBody:
        408 "The body did not arrive in time",
        413 format!("The body is larger than {} KiB", BODY_BYTES / 1024),
        415 "The body is neither JSON nor a form",
        422 "Some fields are not valid; `errors` names each";
    UnacceptableBulk:
        408 "The body did not arrive in time",
        413 format!("The body is larger than {} KiB", BULK_BYTES / 1024),
        415 "The body is neither JSON nor a form",
        422 "Some fields are not valid; `errors` names each";
    RateLimited: 429 "Too many requests of this kind; `RateLimit-Policy` names the limit"
        => "retry-after" "Seconds";
    QuotaExceeded: 507 "You would have more recipes or bytes than your quota allows; the message has the figures";
    Unavailable: 503 "The service cannot do this at the moment; try again after the given time"
        => "retry-after" "Seconds";
}

fn error((name, status): (&str, &str), description: Cow<'static, str>, headers: &[(&str, &str)]) -> Response {
    let body = |schema, shape| {
        ContentBuilder::new()
            .schema(Some(Ref::from_schema_name(schema)))
            .example(examples::example(name, status, shape))
            .build()
    };
    let mut response = ResponseBuilder::new()
        .description(description)
        .content("application/json", body("Error", Shape::Seed))
        .content("application/problem+json", body("ProblemDetails", Shape::Problem));
    for (name, meaning) in headers {
        response = response.header(*name, HeaderBuilder::new().description(Some(*meaning)).build());
    }
    response.build()
}
