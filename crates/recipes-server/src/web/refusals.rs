//! Refusals, in the language of the page.

use super::languages::Text;
use crate::http::error::Report;

/// What the page says about a refusal: the text of its code where the pages have one, else the translated sentence.
pub(super) fn refusal(report: &Report, t: &Text) -> String {
    let text = match report.code() {
        "unable_to_log_in" => t.problem_log_in,
        "rate_limited" => t.problem_rate_limited,
        "email_taken" => t.problem_email_taken,
        "wrong_password" => t.problem_wrong_password,
        "not_invited" => t.problem_not_invited,
        "sign_up_closed" => t.problem_sign_up_closed,
        "last_admin" => t.problem_last_admin,
        "form_expired" => t.problem_form_expired,
        "item_changed" => t.problem_item_changed,
        "too_many_items" => t.problem_too_many_items,
        "too_many_meals" => t.problem_too_many_meals,
        "household_full" => t.problem_household_full,
        "household_invitation_not_found" => t.problem_household_invitation,
        "email_not_verified" => t.problem_email_not_verified,
        "cross_origin" => t.problem_other_site,
        _ => return t.message(report.message()),
    };
    text.to_owned()
}
