//! `recipes export`: writes all recipes to a file that `recipes import` reads.

use std::{
    io::{self, BufWriter, Write},
    path::{Path, PathBuf},
    process::ExitCode,
};

use clap::{Args, ValueEnum};
use recipes::{CorruptRecipe, Recipe};
use store::{Page, Store, Viewer};

use super::{database::open_existing, own_files};
use crate::clock::Clock;
use crate::config::Config;
use crate::output_file;

/// Write all recipes, including private ones, to a file or to standard output
///
/// The service may run at the same time. An import into an empty database gives each recipe a new id, in the order of the
/// file, and keeps its uid. If no recipe was ever deleted, a new export is the same file byte for byte.
///
/// Users are not exported. The export has no ownerId, because ids of users differ between servers: `recipes import --owner`
/// sets the owner. Without an owner any signed-in user can change a recipe, and only administrators see private ones.
#[derive(Args, Debug)]
#[command(after_help = EXAMPLES)]
pub(super) struct Export {
    /// Format: ndjson, one recipe per line, or json, an array
    #[arg(long, value_name = "FORMAT", default_value = "ndjson", hide_possible_values = true)]
    format: Format,
    /// File to write instead of standard output; it is created or replaced when it is complete
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

/// Recipes per read.
const PAGE: u16 = 500;

impl Export {
    pub(super) async fn run(self, config: &Config) -> anyhow::Result<ExitCode> {
        if let Some(path) = &self.output {
            own_files::refuse(config, path)?;
        }
        let store = open_existing(config, &Clock::system()).await?;
        let done = match &self.output {
            Some(path) if path != Path::new("-") => {
                let (store, format) = (&store, self.format);
                output_file::write(path, |file| async move { Ok((write(store, format, file).await?, ())) })
                    .await
            }
            _ => write(&store, self.format, io::stdout().lock()).await.map(drop),
        };
        store.close().await;
        done.map(|()| ExitCode::SUCCESS)
    }
}

/// Writes all recipes and returns `out`, flushed.
async fn write<W: Write>(store: &Store, format: Format, out: W) -> anyhow::Result<W> {
    let (open, between, close) = match format {
        Format::Ndjson => ("", "\n", "\n"),
        Format::Json => ("[\n", ",\n", "\n]\n"),
    };
    let mut out = BufWriter::with_capacity(1 << 16, out);
    let (mut after, mut before) = (None, open);
    while let Some(page) = Page::new(after, PAGE) {
        let listing = store.recipes(page, Viewer::Admin, Vec::new()).await?;
        for (_, json) in listing.rows.iter() {
            out.write_all(before.as_bytes())?;
            out.write_all(&without_owner(json)?)?;
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

/// The recipe for another database, where the id of its owner would mean another user.
///
/// # Errors
/// If the stored document is corrupt. Then the export stops: a file without the recipe would not be a backup of it.
fn without_owner(recipe: &[u8]) -> Result<Vec<u8>, CorruptRecipe> {
    let mut recipe = Recipe::from_json(recipe)?;
    recipe.server.owner = None;
    Ok(recipe.to_json())
}

#[cfg(test)]
mod tests {
    use super::*;

    const RECIPE: &str = r#"{"id":1,"name":"\"ownerId\": 7","healthLabels":[],"cookTimeMinutes":null,"prepTimeMinutes":5,"ingredients":[],"extra":{"a":"ü","ownerId":8},"ownerId":7,"uid":"018f3404-d600-7fff-bfff-ffffffffffff","revision":1,"createdAt":"2024-05-01T12:00:00Z","updatedAt":"2024-05-01T12:00:00Z"}"#;

    #[test]
    fn owner_is_left_out_and_the_rest_does_not_change() {
        let communal = RECIPE.replace(r#""ownerId":7,"#, "");
        assert_ne!(communal, RECIPE);
        assert_eq!(String::from_utf8(without_owner(RECIPE.as_bytes()).unwrap()).unwrap(), communal);
        assert_eq!(String::from_utf8(without_owner(communal.as_bytes()).unwrap()).unwrap(), communal);
    }

    #[test]
    fn corrupt_recipe_is_an_error_with_its_id() {
        let error = without_owner(RECIPE.replace("[]", "{}").as_bytes()).unwrap_err();
        assert_eq!(
            error.to_string(),
            "recipe 1 is corrupt: the field healthLabels is missing or has a wrong type"
        );
    }
}
