/// A mail could not be sent.
pub(super) struct SendError {
    pub(super) why: String,
    pub(super) can_retry: bool,
}
