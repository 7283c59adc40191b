//! Decrypts everything that the database has in encrypted form: with another `JWT_SECRET` nothing of it can be used.

use std::path::Path;

use jiff::Timestamp;
use store::{Inspection, Store};

use super::Finding;
use crate::config::Config;
use crate::provider::{SealedValues, examine_sealed};
use crate::signing_key;

/// Webhooks that are named.
const NAMED: usize = 3;

pub(super) async fn open_all(config: &Config, now: Timestamp) -> Finding {
    let url = config.database_url();
    match Store::inspect(url).await {
        Ok(Inspection::Missing) => return finding(&SealedValues::default(), None),
        Ok(Inspection::Found { schema, newest }) if schema == newest => {}
        Ok(Inspection::Found { .. }) => {
            return Ok("they can be examined after the next start, which migrates the database".to_owned());
        }
        // The line of the database says why.
        Err(_) => return Ok("they can be examined when the database can be opened".to_owned()),
    }
    let current = signing_key::load(config).map_err(|why| why.to_string())?;
    let previous = signing_key::previous(config).map_err(|why| why.to_string())?;
    let missing = current.is_none().then(|| signing_key::file(config));
    let secrets: Vec<_> = [current, previous].into_iter().flatten().collect();
    let store = Store::open(url, now).await.map_err(|why| why.to_string())?;
    let values = examine_sealed(&store, &secrets).await.map_err(|why| why.to_string());
    store.close().await;
    finding(&values?, missing.as_deref())
}

/// `missing` is the file with the secret, if there is no secret.
fn finding(values: &SealedValues, missing: Option<&Path>) -> Finding {
    let SealedValues { opened, lost_keys, lost_webhooks, data_key } = values;
    let lost = lost_keys.len() + lost_webhooks.len();
    if lost == 0 {
        return Ok(match opened {
            0 => "nothing is encrypted yet".to_owned(),
            opened => format!("encrypted values that can be read: {opened}"),
        });
    }
    let (why, remedy) = match (data_key, missing) {
        (Some(false), Some(file)) => (
            format!("JWT_SECRET is not set, and {} is missing", file.display()),
            "put the file back, or set JWT_SECRET to the secret that encrypted them",
        ),
        (Some(false), None) => (
            "JWT_SECRET is another one than the secret that encrypted them".to_owned(),
            "set JWT_SECRET_PREVIOUS to that secret",
        ),
        (Some(true), _) => {
            ("they are damaged, or their key was given up".to_owned(), "restore a backup that has them")
        }
        (None, _) => ("the database has lost their key".to_owned(), "restore a backup that has it"),
    };
    let mut commands = Vec::new();
    if !lost_keys.is_empty() {
        commands.push("recipes keys replace".to_owned());
    }
    if !lost_webhooks.is_empty() {
        let ids: Vec<_> = lost_webhooks.iter().take(NAMED).map(ToString::to_string).collect();
        let more = lost_webhooks.len() - ids.len();
        let more = if more == 0 { String::new() } else { format!(" and {more} more") };
        commands.push(format!("recipes webhooks rotate-secret for {}{more}", ids.join(", ")));
    }
    let (all, commands) = (lost + opened, commands.join(", then "));
    Err(format!(
        "{lost} of {all} encrypted values cannot be read, because {why}: {remedy}; if it is lost, give them up with {commands}"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn remedy_depends_on_the_cause() {
        let lost = |data_key| SealedValues {
            opened: 1,
            lost_keys: vec!["kid".to_owned()],
            data_key,
            ..SealedValues::default()
        };
        let file = Path::new("data/jwt-secret");
        for (data_key, missing, words) in [
            (Some(false), None, ["JWT_SECRET is another one", "set JWT_SECRET_PREVIOUS"]),
            (Some(false), Some(file), ["data/jwt-secret is missing", "put the file back"]),
            (Some(true), None, ["they are damaged", "restore a backup"]),
            (None, None, ["the database has lost their key", "restore a backup"]),
        ] {
            let why = finding(&lost(data_key), missing).unwrap_err();
            assert!(why.starts_with("1 of 2 encrypted values cannot be read"), "{why}");
            assert!(words.iter().all(|word| why.contains(word)), "{why}");
            assert!(why.ends_with("if it is lost, give them up with recipes keys replace"), "{why}");
        }
    }
}
