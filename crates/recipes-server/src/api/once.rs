//! Carries a request out once for each `Idempotency-Key`.

use accounts::audit::Actor;
use axum::response::{IntoResponse as _, Response};
use store::StoreError;

use crate::app::App;
use crate::http::error::Report;
use crate::http::repeatable::{Answer, RequestKey};
use crate::use_cases::repeats::{Begun, Once};

/// Responds with the answer of the outcome of `work`, or with that of a former request with the key. The answer is also made in
/// the transaction of the work, so it depends on nothing but the outcome.
pub(super) async fn once<O, E, F>(
    app: &App,
    actor: Actor,
    key: Option<RequestKey>,
    answer: impl Fn(&O) -> Result<Answer, Report> + Clone + Send + Sync + 'static,
    work: impl FnOnce(Option<Once<O>>) -> F,
) -> Result<Response, Report>
where
    O: 'static,
    F: Future<Output = Result<O, E>>,
    Report: From<E>,
{
    let Some(RequestKey { key, request }) = key else {
        return Ok(answer(&work(None).await?)?.into_response());
    };
    let repeat = match app.repeats().begin(actor, &key, &request).await? {
        Begun::Replayed(bytes) => return Answer::replayed(&bytes),
        Begun::New(repeat) => repeat,
    };
    let remembered = answer.clone();
    let bytes = move |outcome: &O| match remembered(outcome) {
        Ok(answer) => Ok(answer.to_bytes()),
        Err(report) => Err(StoreError::Bug(report.message().to_owned())),
    };
    match work(Some(repeat.once(bytes))).await {
        Ok(outcome) => Ok(answer(&outcome)?.into_response()),
        Err(error) => match repeat.former()? {
            Some(bytes) => Answer::replayed(&bytes),
            None => Err(error.into()),
        },
    }
}
