//! `recipes export`: all recipes, as a file that `recipes import` reads.

use std::{
    borrow::Cow,
    ffi::OsString,
    fmt,
    fs::{self, File, Metadata},
    io::{self, BufWriter, Write},
    os::unix::fs::OpenOptionsExt as _,
    path::{Path, PathBuf},
    process::ExitCode,
};

use crate::clock::Clock;
use anyhow::Context as _;
use clap::{Args, ValueEnum};
use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;
use store::{Page, Store, Viewer};

use super::open_existing;
use crate::config::Config;

/// Write all recipes, private ones too, to a file or to standard output
///
/// The service may run meanwhile. Imported into an empty database and exported again, the file is the same byte for
/// byte if no recipe was ever deleted; where some were, their numbers close up, and the uid is what stays.
///
/// Users are not exported, and so ownerId is left out: elsewhere the number would be somebody else's. Say with
/// `recipes import --owner` to whom the recipes belong there; without it they are everybody's, and private ones are seen
/// by administrators only.
#[derive(Args, Debug)]
#[command(after_help = EXAMPLES)]
pub(super) struct Export {
    /// ndjson, one recipe a line, or json, an array
    #[arg(long, value_name = "FORMAT", default_value = "ndjson", hide_possible_values = true)]
    format: Format,
    /// File to write instead of standard output; it is there when all of it is
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
}

const EXAMPLES: &str = "\
Examples:
  recipes export -o recipes.ndjson
  recipes export --format json | jq '.[].name'
  recipes export | DATABASE_URL=sqlite:copy.db recipes import -";

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Format {
    Ndjson,
    Json,
}

/// Recipes read at once.
const PAGE: u16 = 500;

impl Export {
    pub(super) async fn run(self, config: &Config) -> anyhow::Result<ExitCode> {
        let store = open_existing(config, &Clock::system()).await?;
        let done = match &self.output {
            Some(path) if path != Path::new("-") => to_file(&store, self.format, path).await,
            _ => write(&store, self.format, io::stdout().lock()).await.map(drop),
        };
        store.close().await;
        done.map(|()| ExitCode::SUCCESS)
    }
}

async fn to_file(store: &Store, format: Format, path: &Path) -> anyhow::Result<()> {
    // Behind a link is what is meant.
    let target = path.canonicalize().unwrap_or_else(|_| path.to_owned());
    let done = match fs::metadata(&target) {
        // A pipe or a device is written to; a file in its place would be nobody's.
        Ok(there) if !there.is_file() => {
            let opened = File::options().write(true).open(&target).map_err(Into::into);
            match opened {
                Ok(pipe) => write(store, format, pipe).await.map(drop),
                Err(error) => Err(error),
            }
        }
        there => in_place_of(store, format, &target, there.ok()).await,
    };
    done.with_context(|| format!("{} cannot be written", path.display()))
}

/// Under another name first, so that a full disk leaves the file of the day before. Private recipes are in it: a new file
/// is its owner's only, and one that was there stays as open as it was made.
async fn in_place_of(
    store: &Store,
    format: Format,
    path: &Path,
    there: Option<Metadata>,
) -> anyhow::Result<()> {
    let mut draft = OsString::from(path);
    draft.push(".part");
    // Left over, or put there by somebody else to be written through.
    let _ = fs::remove_file(&draft);
    let done = async {
        let file = File::options().write(true).create_new(true).mode(0o600).open(&draft)?;
        if let Some(there) = there {
            file.set_permissions(there.permissions())?;
        }
        write(store, format, file).await?.sync_all()?;
        Ok(fs::rename(&draft, path)?)
    };
    let done: anyhow::Result<()> = done.await;
    if done.is_err() {
        // What failed matters, not that the rest of it could not be removed.
        let _ = fs::remove_file(&draft);
    }
    done
}

/// Gives `out` back with everything in it.
async fn write<W: Write>(store: &Store, format: Format, out: W) -> anyhow::Result<W> {
    let (open, between, close) = match format {
        Format::Ndjson => ("", "\n", "\n"),
        Format::Json => ("[\n", ",\n", "\n]\n"),
    };
    let mut out = BufWriter::with_capacity(1 << 16, out);
    let (mut after, mut before) = (None, open);
    while let Some(page) = Page::new(after, PAGE) {
        let listing = store.recipes(page, Viewer::Admin).await?;
        let mut json = Vec::new();
        for recipe in listing.rows.iter() {
            json.clear();
            recipe.write_json(&mut json);
            write!(out, "{before}{}", without_owner(str::from_utf8(&json)?)?)?;
            before = between;
        }
        after = listing.next;
        if after.is_none() {
            break;
        }
    }
    match (format, before == open) {
        (Format::Ndjson, true) => {}
        (Format::Json, true) => out.write_all(b"[]\n")?,
        (_, false) => out.write_all(close.as_bytes())?,
    }
    Ok(out.into_inner().map_err(io::IntoInnerError::into_error)?)
}

/// The recipe as it is stored, to the last space, but for its owner.
fn without_owner(recipe: &str) -> serde_json::Result<Cow<'_, str>> {
    if !recipe.contains(r#""ownerId""#) {
        return Ok(recipe.into());
    }
    let Members(members) = serde_json::from_str(recipe)?;
    let mut text = String::with_capacity(recipe.len());
    for (name, value) in members.iter().filter(|(name, _)| name != "ownerId") {
        text.push(if text.is_empty() { '{' } else { ',' });
        text.push_str(&serde_json::to_string(name)?);
        text.push(':');
        text.push_str(value.get());
    }
    text.push('}');
    Ok(text.into())
}

/// The members of an object in their order, which a map would forget.
struct Members<'a>(Vec<(Cow<'a, str>, &'a RawValue)>);

impl<'de> Deserialize<'de> for Members<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct InOrder;
        impl<'de> Visitor<'de> for InOrder {
            type Value = Members<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a recipe")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut members = Vec::new();
                while let Some(member) = map.next_entry()? {
                    members.push(member);
                }
                Ok(Members(members))
            }
        }
        deserializer.deserialize_map(InOrder)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_owner_goes_and_the_rest_stays_as_it_is() {
        let recipe = r#"{"id":1,"name":"\"ownerId\": 7","b":[ 1.50 ],"ownerId":7,"extra":{"ownerId":8,"z":1,"a":"\u00fc"},"uid":"x"}"#;
        assert_eq!(
            without_owner(recipe).unwrap(),
            r#"{"id":1,"name":"\"ownerId\": 7","b":[ 1.50 ],"extra":{"ownerId":8,"z":1,"a":"\u00fc"},"uid":"x"}"#
        );
        let communal = r#"{"id":1,"name":"Soup"}"#;
        assert!(matches!(without_owner(communal).unwrap(), Cow::Borrowed(text) if text == communal));
    }
}
