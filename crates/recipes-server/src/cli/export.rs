//! `recipes export`: writes all recipes to a file that `recipes import` or another program reads.

use std::{
    collections::BTreeMap,
    io::{self, Write},
    path::{Path, PathBuf},
    process::ExitCode,
};

use clap::{Args, ValueEnum};
use recipes::ImageSize;
use recipes::export::ExportFormat;
use store::{ImageKey, Store, Viewer};

use super::{database::open_existing, own_files};
use crate::clock::Clock;
use crate::collection::{CollectionFormat, CollectionWriter};
use crate::config::Config;
use crate::output_file;

/// Write all recipes, including private ones, to a file or to standard output
///
/// The service may run at the same time; the export has the recipes as they are at one moment. An import of ndjson, json or zip
/// into an empty database gives each recipe a new id, in the order of the file, and keeps its uid. If no recipe was ever
/// deleted, a new export is the same file byte for byte, apart from pictures: only zip has them.
///
/// The other formats are for other programs and for people. What they have no place for is named on standard error.
///
/// Users are not exported. The export has no ownerId, because ids of users differ between servers: `recipes import --owner`
/// sets the owner. Without an owner any signed-in user can change a recipe, and only administrators see private ones.
#[derive(Args, Debug)]
#[command(after_help = EXAMPLES)]
pub(super) struct Export {
    /// Format: ndjson, one recipe per line; json, an array; zip, an archive with one JSON file per recipe and its pictures; jsonld, one
    /// document of schema.org; markdown, text or cooklang, an archive with one such file per recipe
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
  recipes export --format markdown -o recipes.zip
  recipes export | DATABASE_URL=sqlite:copy.db recipes import -";

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Format {
    Ndjson,
    Json,
    #[value(alias = "json-ld")]
    Jsonld,
    Zip,
    Markdown,
    Text,
    Cooklang,
}

impl Format {
    fn collection(self) -> CollectionFormat {
        match self {
            Self::Ndjson => CollectionFormat::Ndjson,
            Self::Json => CollectionFormat::Json,
            Self::Jsonld => CollectionFormat::JsonLd,
            Self::Zip => CollectionFormat::Zip(None),
            Self::Markdown => CollectionFormat::Zip(Some(ExportFormat::Markdown)),
            Self::Text => CollectionFormat::Zip(Some(ExportFormat::PlainText)),
            Self::Cooklang => CollectionFormat::Zip(Some(ExportFormat::Cooklang)),
        }
    }
}

impl Export {
    pub(super) async fn run(self, config: &Config) -> anyhow::Result<ExitCode> {
        if let Some(path) = &self.output {
            own_files::refuse(config, path)?;
        }
        let store = open_existing(config, &Clock::system()).await?;
        let format = self.format.collection();
        let done = match &self.output {
            Some(path) if path != Path::new("-") => {
                let store = &store;
                output_file::write(path, |file| write(store, format, file)).await
            }
            _ => write(&store, format, io::stdout().lock()).await.map(|(_, lost)| lost),
        };
        store.close().await;
        report(&done?, self.format)?;
        Ok(ExitCode::SUCCESS)
    }
}

/// Names the fields that the format has no place for.
fn report(lost: &Lost, format: Format) -> io::Result<()> {
    if lost.is_empty() {
        return Ok(());
    }
    let format = format.to_possible_value().map_or_else(String::new, |value| value.get_name().to_owned());
    let recipes = |count: u64| if count == 1 { "1 recipe".to_owned() } else { format!("{count} recipes") };
    let fields = lost.iter().map(|(field, count)| format!("{field} ({})", recipes(*count)));
    let fields = fields.collect::<Vec<_>>().join(", ");
    writeln!(io::stderr(), "left out, because {format} has no place for them: {fields}")
}

/// The fields that were left out, with the number of recipes that had them.
type Lost = BTreeMap<&'static str, u64>;

/// Writes all recipes, and returns `out`, flushed, and what was left out.
///
/// # Errors
/// Also if a stored document is corrupt. Then the export stops: a file without the recipe would not be a backup of it.
async fn write<W: Write>(store: &Store, format: CollectionFormat, mut out: W) -> anyhow::Result<(W, Lost)> {
    let mut writer = CollectionWriter::new(format, false);
    let mut snapshot = store.recipe_snapshot(Viewer::Admin);
    while let Some(page) = snapshot.next().await? {
        let mut images = Vec::new();
        for (_, json) in page.iter() {
            images.extend(writer.push(json)?);
        }
        out.write_all(&writer.take_written())?;
        for image in images {
            let key = ImageKey { recipe: image.recipe, step: image.step, size: ImageSize::Large };
            let found = store.image(key, Viewer::Admin).await?;
            if let Some(found) = found {
                writer.push_image(&image, &found.jpeg)?;
                out.write_all(&writer.take_written())?;
            }
        }
    }
    out.write_all(&writer.finish()?)?;
    out.flush()?;
    Ok((out, writer.lost().clone()))
}
