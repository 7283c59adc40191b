//! Why a form was refused, in English.

use super::super::problems::ProblemTexts;

pub(super) static PROBLEMS: ProblemTexts = ProblemTexts {
    email_not_verified: "Verify your e-mail address first, with the link in the mail.",
    email_taken: "There is an account with this e-mail address already.",
    form_expired: "This form was opened in another session. What you typed is still here: send it again.",
    household_full: "The household has as many members as it may have.",
    household_invitation: "The link is unknown, was used or has expired. Ask for another one.",
    item_changed: "Another user has changed the item. Look at it again.",
    last_admin: "This is the last administrator. Make another user an administrator first.",
    log_in: "The e-mail address or the password is wrong.",
    not_invited: "Signing up needs a valid invitation. It may be expired, used, or for another e-mail address.",
    other_site: "This form came from another site. Open the page here and send it again.",
    rate_limited: "There were too many attempts. Wait a few minutes, then try again.",
    sign_up_closed: "This service does not accept sign-ups. Ask its operator for an account.",
    too_many_items: "The list is full. Remove some items first.",
    too_many_meals: "The day or the plan is full. Remove a meal first.",
    wrong_password: "This is not your current password.",
};
