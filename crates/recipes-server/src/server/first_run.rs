//! How the operator of a new service becomes its administrator.

use std::net::SocketAddr;

use crate::app::App;
use crate::public_url::PublicUrl;

/// As long as there is no administrator, the log shows how to become one: who reads it operates the service.
pub(super) async fn log_code(app: &App, bound: SocketAddr) -> anyhow::Result<()> {
    if app.mode().has_accounts() && !app.accounts().has_admin().await? {
        let site = app.public_url().cloned().unwrap_or_else(|| PublicUrl::of_listener(bound));
        let code = app.form_tokens().first_run_code();
        tracing::info!(
            "There is no administrator yet: open {site}/admin/first-run and enter the code {code}"
        );
    }
    Ok(())
}
