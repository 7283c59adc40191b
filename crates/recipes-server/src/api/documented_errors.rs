//! The error responses that several operations share, for the OpenAPI document. The bounds are those of the code.

mod examples;

use std::{borrow::Cow, collections::BTreeMap};

use accounts::{MAX_API_TOKENS, MAX_INVITATIONS};
use store::{
    MAX_COOKED, MAX_COOKED_OF_RECIPE, MAX_EDITED_BYTES, MAX_FAVOURITES, MAX_HOUSEHOLD_MEMBERS,
    MAX_PLAN_ENTRIES, MAX_PLAN_ENTRIES_OF_DAY, MAX_RATINGS, MAX_SHARES, MAX_SHOPPING_ITEMS, MAX_WEBHOOKS,
};
use utoipa::{
    IntoResponses,
    openapi::{ContentBuilder, Ref, RefOr, Response, ResponseBuilder, header::HeaderBuilder},
};

pub(super) use self::examples::invalid_field;
use crate::http::negotiation::Shape;
use crate::images::{MAX_BYTES, MAX_PIXELS};
use crate::limits::{BODY_BYTES, BULK_BYTES, IMPORT_BYTES};

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
    Forbidden: 403 "The recipe belongs to another user, your role is `viewer`, the API token lacks the scope `recipes:write`, or your e-mail \
        address must be verified first";
    WithoutRecipesRead: 403 "The API token lacks the scope `recipes:read`"
        => "www-authenticate" "`Bearer error=\"insufficient_scope\"`, with the scope";
    WithoutBin: 403 "The API token lacks the scope `recipes:read`, or your role is `viewer`"
        => "www-authenticate" "`Bearer error=\"insufficient_scope\"`, with the scope";
    WithoutRecipesWrite: 403 "The API token lacks the scope `recipes:write`, your role is `viewer`, or your e-mail address must be verified first"
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
    TooManyFavourites: 409 format!("You have {MAX_FAVOURITES} favourites already");
    TooManyRatings: 409 format!("You have rated {MAX_RATINGS} recipes already");
    RatingNotFound: 404 "You have not rated the recipe, or there is no such recipe that you may read";
    TooManyCooked: 409 format!("You have {MAX_COOKED_OF_RECIPE} entries for this recipe already, or {MAX_COOKED} in all");
    TooManyShares: 409 format!("The recipe has {MAX_SHARES} links already");
    ShareNotFound: 404 "There is no such link: it is unknown, expired or revoked; or there is no such recipe";
    CookedNotFound: 404 "You have no such entry";
    ImageNotFound: 404 "There is no such recipe, it is private to another user, or it has no such picture";
    StepNotFound: 404 "There is no such recipe, it is private to another user, or it has no such step";
    RangeNotSatisfiable: 416 "The picture has no such bytes" => "content-range" "The length of the picture";
    MealNotFound: 404 "There is no such meal in your plan";
    TooManyMeals: 409 format!("A day would have more than {MAX_PLAN_ENTRIES_OF_DAY} meals, or the plan more than {MAX_PLAN_ENTRIES}");
    CalendarNotFound: 404 "There is no such calendar";
    ItemNotFound: 404 "There is no such item in your list";
    ItemChanged: 409 "The item has changed meanwhile: read the list again";
    TooManyItems: 409 format!("The list would have more than {MAX_SHOPPING_ITEMS} items");
    HouseholdNotFound: 404 "You are in no household";
    InvitationToHouseholdNotFound: 404 "The code is unknown, was used or has expired";
    HouseholdFull: 409 format!("The household has {MAX_HOUSEHOLD_MEMBERS} members already");
    RevisionNotFound: 404 "There is no such recipe, or no such revision that you could have read then";
    BinnedNotFound: 404 "There is no such recipe in the bin that you can restore";
    CommunalBinned: 403 "The recipe has no owner, so only administrators delete it for good; or as for `DELETE /api/v1/recipes/{id}`";
    UidTaken: 409 "A recipe with the same `uid` was imported since";
    NoInvitation: 409 format!("There are {MAX_INVITATIONS} open invitations already, or `SIGNUP` is `closed`");
    UserDisabled: 409 "The user is disabled";
    LastAdmin: 409 "The user is the last administrator";
    OwnAccount: 409 "This is your own account";
    SessionNotFound: 404 "You have no such session";
    ApiTokenNotFound: 404 "You have no such API token";
    ApplicationNotFound: 404 "No application with this id has access to your account";
    ClientNotFound: 404 "There is no such client";
    ClientChanged: 409 "Another request changed the client at the same time";
    SecretlessClient: 409 "Browser and native applications, and clients with keys of their own, have no secret";
    WebhookNotFound: 404 "There is no such webhook";
    TooManyWebhooks: 409 format!("There are {MAX_WEBHOOKS} webhooks already");
    WebhookDisabled: 409 "The webhook is disabled";
    TooManyApiTokens: 409 format!("You have {MAX_API_TOKENS} API tokens already");
    RecipeNotFound: 404 "There is no such recipe, or it is private to another user";
    NotAcceptable: 406 "The client accepts neither JSON nor problem details";
    EmailTaken: 409 "The e-mail address has an account already";
    PreconditionFailed: 412 "The recipe has changed since you read it; `current` is the recipe as it is now" => "etag" "The current revision";
    PositionUnknown: 410 "The position is not of this database, as after a restore: read all recipes again";
    PreconditionRequired: 428 "The service requires `If-Match` or `If-Unmodified-Since` (`REQUIRE_IF_MATCH`)";
    UnacceptableBody:
        408 "The body did not arrive in time",
        413 format!("The body is larger than {} KiB", BODY_BYTES / 1024),
        415 "The body is neither JSON nor a form",
        422 "Some fields are not valid; `errors` names each";
    AnswerLost: 409 "A former request with the `Idempotency-Key` was carried out, but its answer cannot be read any more";
    KeyReused: 422 "You have used the `Idempotency-Key` for another request";
    UnacceptableBulk:
        408 "The body did not arrive in time",
        413 format!("The body is larger than {} MiB, or the operations would write more than {} MiB", BULK_BYTES >> 20, MAX_EDITED_BYTES >> 20),
        415 "The body is neither JSON nor a form",
        422 "Some fields are not valid; `errors` names each: `/operations/0/recipe/name`";
    UnacceptableImport:
        408 "The body did not arrive in time",
        413 format!("The body is larger than {} MiB", IMPORT_BYTES >> 20),
        415 "The body is compressed with a coding other than gzip or deflate",
        422 "Nothing was imported; `errors` says why for each item: `/0` is the first";
    UnacceptableImage:
        408 "The body did not arrive in time",
        413 format!("The picture is larger than {} MiB", MAX_BYTES >> 20),
        415 "The body is compressed with a coding other than gzip or deflate",
        422 format!("The picture cannot be decoded, or has more than {} million pixels; the message says why", MAX_PIXELS / 1_000_000);
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
