use std::io::{self, Write as _};

use anyhow::{Context as _, bail};
use store::Store;

use crate::clock::Clock;
use crate::config::Config;

/// Opens a database that must exist: a typing error in the path must not create an empty one.
pub(super) async fn open_existing(config: &Config, clock: &Clock) -> anyhow::Result<Store> {
    let url = config.database_url();
    let exists = Store::exists(url).await.with_context(|| format!("the database {url} cannot be reached"))?;
    if !exists {
        bail!("there is no database at {url}; name another one with --data-dir or --database-url");
    }
    open(config, clock).await
}

/// Opens the database, or creates it.
pub(super) async fn open(config: &Config, clock: &Clock) -> anyhow::Result<Store> {
    let store = Store::open(config.database_url(), clock.now()).await?;
    for notice in store.notices() {
        writeln!(io::stderr(), "recipes: {notice}")?;
    }
    Ok(store)
}
