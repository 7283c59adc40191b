//! Objects of the API that the command line prints, too.

pub(crate) use super::{
    admin::{audit::EntryView, invitations::InvitationView, users::UserView},
    api_tokens::ApiTokenView,
    sessions::SessionView,
};
