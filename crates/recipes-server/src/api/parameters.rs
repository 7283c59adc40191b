//! The parameters that several operations share, for the OpenAPI document. The bounds are those of the code.

use serde_json::json;
use store::{DEFAULT_PAGE_SIZE, MAX_PAGE_SIZE};
use utoipa::{
    IntoParams,
    openapi::path::{Parameter, ParameterIn},
};

use crate::limits::LONGEST_WAIT;

/// The longest `q`, in characters. No name or e-mail address is longer.
pub(super) const MAX_SEARCH_TEXT: usize = 254;

/// Types that stand for lists of parameters, written as OpenAPI has them.
macro_rules! parameters {
    ($($name:ident: [$($parameter:tt),+];)*) => {$(
        pub(super) struct $name;

        impl IntoParams for $name {
            fn into_params(_: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
                // A parameter that cannot be read is missing in the snapshot of the document.
                [$(json!($parameter)),+].into_iter().filter_map(|json| serde_json::from_value(json).ok()).collect()
            }
        }
    )*};
}

parameters! {
    PageQuery: [
        {
            "name": "limit", "in": "query", "required": false, "description": "The maximum number of items.",
            "schema": {
                "type": "integer", "format": "int32",
                "minimum": 1, "maximum": MAX_PAGE_SIZE, "default": DEFAULT_PAGE_SIZE
            }
        },
        {
            "name": "cursor", "in": "query", "required": false, "description": "`nextCursor` of the previous page.",
            "schema": { "type": "string", "pattern": "^$|^[A-Za-z0-9_-]+$" }
        }
    ];
    ViewQuery: [
        {
            "name": "view", "in": "query", "required": false,
            "description": "`summary`: recipes without their instructions.",
            "schema": { "type": "string", "pattern": "^(full|summary)$" }
        },
        {
            "name": "fields", "in": "query", "required": false,
            "description": "The members of the recipes besides the id, as in `name,healthLabels`; the others are left out.",
            "schema": { "type": "string" }
        }
    ];
    SearchQuery: [
        {
            "name": "q", "in": "query", "required": false,
            "description": "Words that must occur, `\"phrases\"`, `-without`. The last word may be incomplete.",
            "schema": { "type": "string" }
        },
        {
            "name": "label", "in": "query", "required": false, "style": "form", "explode": true,
            "description": "A health label; repeat it for several, `a,b` for one of them.",
            "schema": { "type": "array", "items": { "type": "string" } }
        },
        {
            "name": "excludeLabel", "in": "query", "required": false, "style": "form", "explode": true,
            "description": "A health label that recipes must not have.",
            "schema": { "type": "array", "items": { "type": "string" } }
        },
        {
            "name": "ingredient", "in": "query", "required": false, "style": "form", "explode": true,
            "description": "Words that occur in the ingredients.",
            "schema": { "type": "array", "items": { "type": "string" } }
        },
        {
            "name": "excludeIngredient", "in": "query", "required": false, "style": "form", "explode": true,
            "description": "Words that must not occur in the ingredients.",
            "schema": { "type": "array", "items": { "type": "string" } }
        },
        {
            "name": "keyword", "in": "query", "required": false, "style": "form", "explode": true,
            "description": "A keyword.",
            "schema": { "type": "array", "items": { "type": "string" } }
        },
        {
            "name": "cuisine", "in": "query", "required": false, "style": "form", "explode": true,
            "description": "A cuisine.",
            "schema": { "type": "array", "items": { "type": "string" } }
        },
        {
            "name": "category", "in": "query", "required": false, "style": "form", "explode": true,
            "description": "A category.",
            "schema": { "type": "array", "items": { "type": "string" } }
        },
        {
            "name": "author", "in": "query", "required": false,
            "description": "Words of the name of the author.",
            "schema": { "type": "string" }
        },
        {
            "name": "language", "in": "query", "required": false, "style": "form", "explode": true,
            "description": "A BCP 47 tag; `de` also means `de-AT`.",
            "schema": { "type": "array", "items": { "type": "string" } }
        },
        {
            "name": "maxTotalMinutes", "in": "query", "required": false,
            "description": "The longest time from start to finish. Recipes without a time do not pass.",
            "schema": { "type": "integer", "format": "int32", "minimum": 0, "maximum": 525_600 }
        },
        {
            "name": "maxPrepMinutes", "in": "query", "required": false,
            "description": "The longest preparation.",
            "schema": { "type": "integer", "format": "int32", "minimum": 0, "maximum": 525_600 }
        },
        {
            "name": "maxCookMinutes", "in": "query", "required": false,
            "description": "The longest cooking.",
            "schema": { "type": "integer", "format": "int32", "minimum": 0, "maximum": 525_600 }
        },
        {
            "name": "difficulty", "in": "query", "required": false,
            "description": "From 1, easy, to 5, difficult.",
            "schema": { "type": "integer", "format": "int32", "minimum": 1, "maximum": 5 }
        },
        {
            "name": "owner", "in": "query", "required": false,
            "description": "`me`, or the id of a user.",
            "schema": { "type": "string", "pattern": "^[1-9][0-9]{0,17}$" }
        },
        {
            "name": "visibility", "in": "query", "required": false,
            "description": "`public`, `members` or `private`.",
            "schema": { "type": "string", "pattern": "^(public|members|private)$" }
        },
        {
            "name": "favourite", "in": "query", "required": false,
            "description": "`true`: only your favourites.",
            "schema": { "type": "string", "pattern": "^true$" }
        },
        {
            "name": "updatedSince", "in": "query", "required": false,
            "description": "Recipes that were changed at or after this time. A date stands for its beginning in UTC.",
            "schema": { "type": "string", "format": "date-time" }
        },
        {
            "name": "createdSince", "in": "query", "required": false,
            "description": "Recipes that were created at or after this time. A date stands for its beginning in UTC.",
            "schema": { "type": "string", "format": "date-time" }
        },
        {
            "name": "sort", "in": "query", "required": false,
            "description": "`relevance` (the default with `q`), `id`, `name`, `createdAt`, `updatedAt`, `totalTimeMinutes` or `rating`; `-` before it reverses the order.",
            "schema": { "type": "string", "pattern": "^(relevance|-?(id|name|createdAt|updatedAt|totalTimeMinutes|rating))$" }
        }
    ];
    ChangesQuery: [
        {
            "name": "since", "in": "query", "required": false,
            "description": "The `position` of the previous response. Without it, the response has the present position only.",
            "schema": { "type": "string", "pattern": "^[A-Za-z0-9_-]+$" }
        },
        {
            "name": "limit", "in": "query", "required": false, "description": "The maximum number of changes.",
            "schema": {
                "type": "integer", "format": "int32",
                "minimum": 1, "maximum": MAX_PAGE_SIZE, "default": DEFAULT_PAGE_SIZE
            }
        },
        {
            "name": "wait", "in": "query", "required": false,
            "description": "If nothing has changed, the seconds to wait for a change before the response.",
            "schema": { "type": "integer", "format": "int32", "minimum": 0, "maximum": LONGEST_WAIT.as_secs(), "default": 0 }
        }
    ];
    SuggestQuery: [
        {
            "name": "q", "in": "query", "required": false,
            "description": "The text that the user has typed so far.",
            "schema": { "type": "string" }
        }
    ];
    IdempotencyKeyHeader: [{
        "name": "Idempotency-Key", "in": "header", "required": false,
        "description": "A key of your choice, such as a UUID, for this request and its repetitions, which are carried out once in 24 hours \
            and get the same answer. A key that you used for another request is 422.",
        "schema": { "type": "string", "minLength": 1, "maxLength": 255 }
    }];
    RecipeInPath: [{
        "name": "id", "in": "path", "required": true, "example": 1,
        "schema": { "type": "integer", "format": "int64", "minimum": 1 }
    }];
    RecipeViewQuery: [
        {
            "name": "servings", "in": "query", "required": false,
            "description": "Scales the ingredients to this many servings; the recipe must state its own. A whole number, a \
                decimal number or a fraction.",
            "schema": { "type": "string", "pattern": "^([1-9][0-9]{0,2}(\\.[0-9]{1,3})?|0\\.[0-9]{0,2}[1-9])$" }
        },
        {
            "name": "scale", "in": "query", "required": false,
            "description": "Multiplies the amounts of the ingredients: `2`, `1.5`, `3/2`. Not together with `servings`.",
            "schema": { "type": "string", "pattern": "^([1-9][0-9]{0,2}(\\.[0-9]{1,3}|/[1-9][0-9]{0,2})?|0\\.[0-9]{0,2}[1-9])$" }
        },
        {
            "name": "unit", "in": "query", "required": false,
            "description": "Converts g, kg, ml, l, oz, lb, fl oz, cups, tablespoons and teaspoons of the ingredients, and the \
                temperatures of the steps. Converted values are rounded; `amounts` lists the changed lines.",
            "schema": { "type": "string", "pattern": "^(metric|imperial)$" }
        },
        {
            "name": "parsedIngredients", "in": "query", "required": false,
            "description": "Adds the ingredients in parts: amounts as exact fractions, unit, food and note.",
            "schema": { "type": "boolean", "default": false }
        }
    ];
    StepInPath: [{
        "name": "step", "in": "path", "required": true, "example": 1,
        "description": "The position of the step in `instructions`, from 1.",
        "schema": { "type": "integer", "format": "int32", "minimum": 1, "maximum": recipes::limits::STEPS }
    }];
    ImageQuery: [
        {
            "name": "size", "in": "query", "required": false,
            "description": "The longer side has at most 320, 800 or 1600 pixels.",
            "schema": { "type": "string", "enum": ["small", "medium", "large"], "default": "large" }
        },
        {
            "name": "v", "in": "query", "required": false,
            "description": "The version of the picture, as in the addresses that recipes have: with it a client may keep the \
                picture without asking again.",
            "schema": { "type": "string" }
        },
        {
            "name": "share", "in": "query", "required": false,
            "description": "The token of a share link of the recipe: with it the caller needs no account.",
            "schema": { "type": "string" }
        }
    ];
    RangeHeader: [{
        "name": "Range", "in": "header", "required": false,
        "description": "A part of the picture, as in `bytes=0-1023`.",
        "schema": { "type": "string" }
    }];
    DaysQuery: [
        {
            "name": "from", "in": "query", "required": false,
            "description": "The first day. Without it, today.",
            "schema": { "type": "string", "format": "date", "pattern": "^20[0-9]{2}-(0[1-9]|1[0-2])-(0[1-9]|1[0-9]|2[0-8])$" }
        },
        {
            "name": "to", "in": "query", "required": false,
            "description": "The last day, at most 366 days later. Without it, six days later.",
            "schema": { "type": "string", "format": "date", "pattern": "^20[0-9]{2}-(0[1-9]|1[0-2])-(0[1-9]|1[0-9]|2[0-8])$" }
        }
    ];
    TickedQuery: [{
        "name": "ticked", "in": "query", "required": false,
        "description": "`true`: only the ticked items.",
        "schema": { "type": "string", "pattern": "^true$" }
    }];
    RevisionInPath: [{
        "name": "revision", "in": "path", "required": true, "example": 1,
        "schema": { "type": "integer", "format": "int64", "minimum": 1 }
    }];
    DiffQuery: [{
        "name": "to", "in": "query", "required": false,
        "description": "The number of the other revision; without it, the current one.",
        "schema": { "type": "integer", "format": "int64", "minimum": 1 }
    }];
    CookedInPath: [{
        "name": "entry", "in": "path", "required": true, "example": "01936f5e-8c00-7d3a-9b1e-3f5a7c9e1b2d",
        "schema": { "type": "string", "format": "uuid" }
    }];
    ShareInPath: [{
        "name": "share", "in": "path", "required": true, "example": "01936f5e-8c00-7d3a-9b1e-3f5a7c9e1b2d",
        "schema": { "type": "string", "format": "uuid" }
    }];
    ShareToken: [{
        "name": "token", "in": "query", "required": true, "description": "The `token` of the link.",
        "schema": { "type": "string" }
    }];
    UserInPath: [{
        "name": "id", "in": "path", "required": true, "example": 1,
        "schema": { "type": "integer", "format": "int64", "minimum": 1 }
    }];
    ClientInPath: [{
        "name": "clientId", "in": "path", "required": true, "example": "c_Jm0pTjTVsVIQmnbu8jPAPQ",
        "schema": { "type": "string", "pattern": "^c_[A-Za-z0-9_-]{1,126}$" }
    }];
    UuidInPath: [{
        "name": "id", "in": "path", "required": true, "example": "01936f5e-8c00-7d3a-9b1e-3f5a7c9e1b2d",
        "schema": { "type": "string", "format": "uuid" }
    }];
    UserQuery: [
        {
            "name": "q", "in": "query", "required": false,
            "description": "A part of the name or e-mail address.",
            "schema": { "type": "string", "maxLength": MAX_SEARCH_TEXT }
        },
        {
            "name": "role", "in": "query", "required": false, "description": "`viewer`, `user` or `admin`.",
            "schema": { "type": "string", "pattern": "^(viewer|user|admin)$" }
        },
        {
            "name": "disabled", "in": "query", "required": false,
            "description": "Only disabled users, or only enabled users.",
            "schema": { "type": "boolean" }
        }
    ];
    AuditQuery: [
        {
            "name": "event", "in": "query", "required": false,
            "description": "The name of an event, such as `logged_in`.",
            "schema": { "type": "string" }
        },
        {
            "name": "subject", "in": "query", "required": false, "description": "The user that the event is about.",
            "schema": { "type": "integer", "format": "int64", "minimum": 1 }
        },
        {
            "name": "actor", "in": "query", "required": false, "description": "The user that caused the event.",
            "schema": { "type": "integer", "format": "int64", "minimum": 1 }
        },
        {
            "name": "since", "in": "query", "required": false, "description": "Events at or after this time. A date stands for its beginning in UTC.",
            "schema": { "type": "string", "format": "date-time" }
        },
        {
            "name": "until", "in": "query", "required": false, "description": "Events before this time, or before this date in UTC.",
            "schema": { "type": "string", "format": "date-time" }
        }
    ];
    Cookies: [{
        "name": "cookies", "in": "query", "required": false,
        "description": "Whether the tokens are sent as cookies that scripts cannot read, instead of in the body: \
            for pages of this site.",
        "schema": { "type": "boolean", "default": false }
    }];
    IfNoneMatch: [{
        "name": "If-None-Match", "in": "header", "required": false,
        "description": "The `ETag` of your copy: the response is 304 if neither the recipe nor its rating has changed.",
        "schema": { "type": "string" }
    }];
    IfMatch: [
        {
            "name": "If-Match", "in": "header", "required": false,
            "description": "The `ETag` of your copy: the response is 412 if the recipe has changed. Its rating may have.",
            "schema": { "type": "string" }
        },
        {
            "name": "If-Unmodified-Since", "in": "header", "required": false,
            "description": "The `Last-Modified` of your copy: the response is 412 if the recipe has changed at this time or later. \
                Ignored if there is an `If-Match`, or if it is no HTTP date.",
            "schema": { "type": "string" }
        }
    ];
}
