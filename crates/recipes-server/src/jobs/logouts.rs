//! Sends the messages that sessions have ended.

use std::sync::Arc;
use std::time::Duration;

use tower_passport::HttpClient;

use crate::provider::{AuthorizationServer, deliver_logouts};

/// Between two looks for messages, each one short read.
const INTERVAL: Duration = Duration::from_secs(1);

/// A pause after an error of the database.
const AFTER_ERROR: Duration = Duration::from_secs(10);

/// Sends messages for as long as the service runs.
pub(crate) async fn run(server: Arc<AuthorizationServer>, http: HttpClient) {
    loop {
        let pause = match deliver_logouts(&server, &http).await {
            Ok(()) => INTERVAL,
            Err(_) => AFTER_ERROR,
        };
        tokio::time::sleep(pause).await;
    }
}
