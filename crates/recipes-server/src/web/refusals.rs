//! Refusals, in the language of the page.

use super::languages::{Text, fill};
use crate::http::error::Report;

/// What the page says about a refusal: the text of its code where the pages have one, else the translated sentence.
pub(super) fn refusal(report: &Report, t: &Text) -> String {
    let text = match report.code() {
        "unable_to_log_in" => t.problems.log_in,
        "rate_limited" => t.problems.rate_limited,
        "email_taken" => t.problems.email_taken,
        "wrong_password" => t.problems.wrong_password,
        "not_invited" => t.problems.not_invited,
        "sign_up_closed" => t.problems.sign_up_closed,
        "last_admin" => t.problems.last_admin,
        "form_expired" => t.problems.form_expired,
        "item_changed" => t.problems.item_changed,
        "too_many_items" => t.problems.too_many_items,
        "too_many_meals" => t.problems.too_many_meals,
        "household_full" => t.problems.household_full,
        "household_invitation_not_found" => t.problems.household_invitation,
        "email_not_verified" => t.problems.email_not_verified,
        "cross_origin" => t.problems.other_site,
        "body_too_large" => return fill(t.hints.too_large, size(report.message())),
        _ => return t.message(report.message()),
    };
    text.to_owned()
}

/// The number of bytes in a message, in a unit for people.
fn size(message: &str) -> String {
    let digits: String = message.chars().filter(char::is_ascii_digit).collect();
    let bytes: u64 = digits.parse().unwrap_or_default();
    if bytes < 1 << 20 { format!("{} KiB", bytes.div_ceil(1 << 10)) } else { format!("{} MiB", bytes >> 20) }
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use accounts::{Email, Name, TokenName};
    use formats::{Input, Options, Reader};
    use http::Uri;
    use ids::RecipeId;
    use recipes::{Draft, LabelPolicy, Quota, Quotas, Scalars, Stars, Usage};
    use serde_json::{Value, json};
    use store::{StoreError, Unavailable};

    use super::*;
    use crate::api::nested::line;
    use crate::http::body::{Parse, parse_form};
    use crate::http::cursor::CursorError;
    use crate::http::error::RequestError;
    use crate::http::query::Query;
    use crate::images::PictureError;
    use crate::page_fetcher::FetchError;
    use crate::passwords::{HashError, policy::Policy};
    use crate::use_cases::accounts::AccountError;
    use crate::use_cases::planning::PlanError;
    use crate::use_cases::recipes::{CookedNow, RecipeError};
    use crate::web::languages::Language;

    /// What the parsers say about the fields of the recipe form.
    fn of_recipes() -> Vec<String> {
        let mut sentences = Vec::new();
        let mut check = |body: Value| {
            let errors = Draft::parse(body.as_object().unwrap(), Scalars::Typed).unwrap_err();
            sentences.extend(errors.into_iter().map(|error| error.message));
        };
        check(json!({}));
        check(json!({
            "name": " ", "description": "a\u{1}", "servings": 0, "prepTimeMinutes": 1.5, "cookTimeMinutes": "soon",
            "restTimeMinutes": -1, "totalTimeMinutes": -1, "ingredients": ["a\u{1}"], "healthLabels": [5],
            "instructions": [5, { "text": "" }, { "text": "a\u{1}" }], "category": ["a\u{1}"], "tools": 5,
            "yield": "a\u{1}", "language": "!", "difficulty": 9, "source": { "name": "", "url": "x" }, "visibility": "x",
        }));
        check(
            json!({ "name": "a\nb", "ingredients": vec!["a"; 201], "source": 5, "keywords": ["x".repeat(201)] }),
        );
        let labels = LabelPolicy::Known.check(["Glutenfree", "weekend"]).unwrap_err();
        sentences.extend(labels.into_iter().map(|error| error.message));
        sentences
    }

    /// What the parser of a form says about its fields.
    fn of_form<T: Parse>(text: &str) -> Vec<String> {
        let Some(RequestError::Invalid(errors)) = parse_form::<T>(text).err() else { panic!("{text}") };
        errors.into_iter().map(|error| error.message).collect()
    }

    /// What the parsers say about the fields of all other forms.
    fn of_other_fields() -> Vec<String> {
        let long = format!("{}@example.org", "x".repeat(250));
        let mut sentences: Vec<String> = [Email::parse("x").err(), Email::parse(&long).err()]
            .into_iter()
            .chain([Name::parse("").err(), Name::parse("a\u{1}b").err()])
            .chain([TokenName::parse("").err(), TokenName::parse("a\u{1}b").err()])
            .map(|message| message.unwrap().to_owned())
            .collect();
        let policy = Policy::default();
        for password in ["short", "password1", "aaaaaaaaaaaa", "recipes1", "a few little\0onions"] {
            sentences.push(policy.check(password, Some("Ada"), None).unwrap_err());
        }
        let long: String =
            (0..2_000).map(|number| char::from(b'a' + u8::try_from(number * 7 % 23).unwrap())).collect();
        sentences.push(policy.check(&long, None, None).unwrap_err());
        sentences.extend([HashError::TooLong { max: 72 }, HashError::Nul].map(|error| error.to_string()));
        sentences.push(line(&"x".repeat(9), 8).unwrap_err());
        sentences.extend(of_form::<Stars>("rating=9"));
        sentences.extend(of_form::<CookedNow>(&format!("date=x&note={}", "x".repeat(301))));
        sentences.extend(
            [
                "is required",
                "must be a date, such as 2030-01-31",
                "must be the id of a recipe",
                "must be a number above 0 and at most 1000",
                "must be from 2025-01-01 to 2027-01-01",
                "is not a recipe that you can read",
                "to must not be before from",
                "from and to can be at most 366 days apart",
                "must not be in the future",
                "must be in the future",
                "is not valid any more; request another mail",
            ]
            .map(str::to_owned),
        );
        sentences
    }

    /// What imports say of files and pages.
    fn of_imports() -> Vec<String> {
        let mut sentences: Vec<_> = [FetchError::Off, FetchError::Forbidden("x"), FetchError::Status(403)]
            .iter()
            .map(ToString::to_string)
            .collect();
        let files: [(&str, &[u8]); 6] = [
            ("a.pdf", b"%PDF-1.7"),
            ("a.html", b"<!doctype html><html><body><p>Hello</p></body></html>"),
            (
                "b.html",
                b"<!doctype html><html><script type=\"application/ld+json\">{\"@type\": \"Recipe\", \"name\": \"Soup\", \
                  \"recipeIngredient\": [\"1 l water\"], \"totalTime\": \"soon\"}</script></html>",
            ),
            ("a.json", b"[{\"name\": \"Soup\", \"ingredients\": 5}]"),
            ("b.json", b"[{\"name\": \"Soup\","),
            ("a.zip", b"PK\x03\x04 is damaged"),
        ];
        for (name, bytes) in files {
            let input = Input::File(Box::new(Cursor::new(bytes)));
            let options = Options { file_name: name.to_owned(), ..Options::default() };
            let mut reader = Reader::open(input, options).unwrap();
            while let Some(item) = reader.next_item().unwrap() {
                sentences.extend(item.warnings);
                sentences.extend(item.content.err().into_iter().flatten().map(|error| error.message));
            }
        }
        assert!(sentences.len() > 8, "{sentences:?}");
        sentences
    }

    /// What the page of administrators says about a store that is not ready.
    fn of_the_store() -> Vec<String> {
        use Unavailable as U;
        let unavailable = [
            U::DiskFull,
            U::DiskFailed,
            U::Locked,
            U::ReadOnly,
            U::OutOfMemory,
            U::FilesChanged,
            U::Disconnected,
            U::TimedOut,
            U::Closed,
        ];
        let others = [StoreError::Corrupt(String::new()), StoreError::Bug(String::new())];
        let errors = unavailable.into_iter().map(StoreError::from).chain(others);
        // The beginning is another sentence.
        let why = |error| Report::not_ready(error).message().trim_start_matches("Not ready: ").to_owned();
        errors.map(why).collect()
    }

    #[test]
    fn every_error_of_a_field_a_file_or_the_store_has_words_in_every_language() {
        let of_fields = of_recipes().into_iter().chain(of_other_fields());
        for sentence in of_fields.chain(of_imports()).chain(of_the_store()) {
            for language in Language::ALL {
                assert!(language.text().messages.translate(&sentence).is_some(), "{language:?} {sentence}");
            }
        }
    }

    #[test]
    fn limit_of_a_form_is_told_in_a_unit_for_people() {
        let t = Language::English.text();
        for (limit, text) in [(8 << 10, "at most 8 KiB"), (32 << 20, "at most 32 MiB")] {
            let report = Report::from(RequestError::BodyTooLarge { limit });
            assert!(refusal(&report, t).contains(text), "{limit}");
        }
    }

    #[test]
    fn every_refusal_is_translated_into_every_language() {
        use {AccountError as A, PictureError as I, PlanError as P, RecipeError as R};
        let quotas = Quotas { recipes: Quota(Some(1)), bytes: Quota(Some(2)) };
        let usage = Usage { recipes: 1, bytes: 1 };
        let id = RecipeId::from_i64(1).unwrap();
        let accounts = [
            A::ActorRevoked,
            A::UnableToLogIn,
            A::InvalidRefreshToken,
            A::WrongPassword,
            A::SignUpClosed,
            A::NotInvited,
            A::SessionRequired,
            A::AdminRequired,
            A::UserNotFound,
            A::SessionNotFound,
            A::ApiTokenNotFound,
            A::ApplicationNotFound,
            A::InvitationNotFound,
            A::EmailTaken,
            A::UserDisabled,
            A::OwnAccount,
            A::LastAdmin,
            A::TooManyApiTokens,
            A::TooManyInvitations,
            A::InvitationsUnusable,
            A::MailQueueFull,
        ];
        let plans = [
            P::NoSuchMeal,
            P::TooManyMeals,
            P::NoSuchItem,
            P::ItemChanged,
            P::TooManyItems,
            P::NoSuchInvitation,
            P::HouseholdFull,
            P::NoHousehold,
            P::NoSuchFeed,
        ];
        let recipes = [
            R::NotFound,
            R::NotTheOwner,
            R::ReadOnlyAccount,
            R::NoOwner,
            R::NoSuchUser,
            R::EmailNotVerified,
            R::TooManyFavourites,
            R::TooManyRatings,
            R::NoRating,
            R::TooManyCooked,
            R::TooManyShares,
            R::NoSuchShare,
            R::NoSuchRevision,
            R::AdminRequired,
            R::UidTaken,
            R::NoSuchEntry,
            R::NoSuchImage,
            R::NoSuchStep,
            R::IdempotencyKeyReused,
            R::Stale { id, revision: 1, current: None },
            R::NoServings,
            R::ScaleOutOfRange,
            R::TooManyExports,
            R::QuotaExceeded { usage, quotas },
            R::IndexIncomplete { indexed: 1, total: 2 },
            R::IndexBehind,
            R::ActorRevoked,
        ];
        let pictures = [
            I::UnknownFormat,
            I::OtherFormat("AVIF"),
            I::TooLarge,
            I::TooManyPixels { width: 20_000, height: 10_000 },
            I::TooMuchMemory { bytes: 1 << 30 },
            I::Damaged("the file ends early".to_owned()),
        ];
        let requests = [
            RequestError::NoSuchRoute,
            RequestError::MethodNotAllowed,
            RequestError::CrossOrigin("page".to_owned()),
            RequestError::CookiesNeedHttps,
            RequestError::DuplicateField,
            RequestError::Malformed("from must be a date, such as 2030-01-31".into()),
            RequestError::Malformed(CursorError::Malformed.to_string().into()),
            RequestError::Malformed(CursorError::OtherFilters.to_string().into()),
            Query::parse(&Uri::from_static("/?form=1"), &["from"]).err().unwrap(),
            Query::parse(&Uri::from_static("/?from=1&from=2"), &["from"]).err().unwrap(),
            RequestError::BodyTooLarge { limit: 1 },
            RequestError::BodyTooSlow,
            RequestError::TimedOut,
            RequestError::MemoryExhausted,
        ];
        let reports = accounts.into_iter().map(Report::from).chain(plans.into_iter().map(Report::from));
        let recipes = recipes.into_iter().chain(pictures.map(|why| R::Image(why.into())));
        let reports = reports.chain(recipes.map(Report::from));
        for report in reports.chain(requests.into_iter().map(Report::from)) {
            is_translated(&report);
        }
    }

    fn is_translated(report: &Report) {
        for language in Language::ALL {
            let (text, messages) = (refusal(report, language.text()), language.text().messages);
            assert!(!text.contains("{}"), "{language:?} {text}");
            let has_words = text != report.message() || messages.translate(report.message()).is_some();
            assert!(has_words, "{language:?} {}", report.code());
            for error in report.errors() {
                assert!(messages.translate(&error.message).is_some(), "{language:?} {}", report.code());
            }
        }
    }
}
