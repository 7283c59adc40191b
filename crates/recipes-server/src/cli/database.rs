use anyhow::bail;
use store::Store;

use crate::clock::Clock;
use crate::config::Config;

/// Opens a database that must exist: a typing error in the path must not create an empty one.
pub(super) fn open_existing(config: &Config, clock: &Clock) -> anyhow::Result<Store> {
    let url = config.database_url();
    if !exists(config) {
        bail!("there is no database at {url}; name another one with --data-dir or --database-url");
    }
    Ok(Store::open(url, clock.now())?)
}

pub(super) fn exists(config: &Config) -> bool {
    config.database_url().path().exists()
}
