//! The texts of mails, in the languages of the pages.

/// `{site}` is the address of the service, `{link}` the link with its secret, and `{time}` how long the link is good. Each link stands
/// alone in its line, and lines are short, as mails show them.
pub struct Mails {
    pub verify_subject: &'static str,
    pub verify: &'static str,
    pub reset_subject: &'static str,
    pub reset: &'static str,
    /// An administrator requested it.
    pub reset_by_admin: &'static str,
    pub invitation_subject: &'static str,
    pub invitation: &'static str,
    pub minutes: &'static str,
    pub days: &'static str,
}
