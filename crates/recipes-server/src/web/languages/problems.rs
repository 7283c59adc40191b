//! Why a form was refused, in the languages of the pages.

pub(in crate::web) struct ProblemTexts {
    pub(in crate::web) email_not_verified: &'static str,
    pub(in crate::web) email_taken: &'static str,
    pub(in crate::web) form_expired: &'static str,
    pub(in crate::web) household_full: &'static str,
    pub(in crate::web) household_invitation: &'static str,
    pub(in crate::web) item_changed: &'static str,
    pub(in crate::web) last_admin: &'static str,
    pub(in crate::web) log_in: &'static str,
    pub(in crate::web) not_invited: &'static str,
    pub(in crate::web) other_site: &'static str,
    pub(in crate::web) rate_limited: &'static str,
    pub(in crate::web) sign_up_closed: &'static str,
    pub(in crate::web) too_many_items: &'static str,
    pub(in crate::web) too_many_meals: &'static str,
    pub(in crate::web) wrong_password: &'static str,
}
