/// An argument names something that cannot be used, such as a key file. The exit code is that of a wrong argument.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct InvalidArgument(pub(super) String);
