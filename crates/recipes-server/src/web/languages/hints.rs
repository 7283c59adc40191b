//! Texts that lead to the next step, in the languages of the pages.

/// `{}` stands for a value.
pub(in crate::web) struct HintTexts {
    pub(in crate::web) favourites_empty: &'static str,
    pub(in crate::web) household_members: &'static str,
    pub(in crate::web) household_share: &'static str,
    pub(in crate::web) invite_users: &'static str,
    pub(in crate::web) line: &'static str,
    pub(in crate::web) meal: &'static str,
    pub(in crate::web) next_title: &'static str,
    pub(in crate::web) own_empty: &'static str,
    pub(in crate::web) picture_add: &'static str,
    pub(in crate::web) picture_file: &'static str,
    pub(in crate::web) picture_later: &'static str,
    pub(in crate::web) picture_of: &'static str,
    pub(in crate::web) pictures: &'static str,
    pub(in crate::web) pictures_apart: &'static str,
    pub(in crate::web) save_and_picture: &'static str,
    pub(in crate::web) secure_address: &'static str,
    pub(in crate::web) too_large: &'static str,
}
