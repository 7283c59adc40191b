//! Compares the search index with the database, recipe by recipe.

use std::collections::HashSet;

use ids::RecipeId;
use jiff::Timestamp;
use recipes::Viewer;
use search::{Examined, RecipeIndex};
use serde::Deserialize;
use store::{Inspection, Page, Store};

use super::Finding;
use crate::config::Config;
use crate::jobs::search_index::FOLDER;

/// Every change of a recipe has its revision.
#[derive(Deserialize)]
struct Revised {
    revision: i64,
}

pub(super) async fn compare(config: &Config, now: Timestamp) -> Finding {
    if !config.mode().has_recipes() {
        return Ok("a server without recipes has no index".to_owned());
    }
    let url = config.database_url();
    let folder = config.data_dir.path().join(FOLDER);
    let shown = folder.display();
    let is_current = |found| matches!(found, Inspection::Found { schema, newest } if schema == newest);
    if !folder.exists() || !Store::inspect(url).await.is_ok_and(is_current) {
        return Ok(format!("the next start builds the index in {shown}"));
    }
    let anew = |why| Ok(format!("the index in {shown} {why}: the next start builds it anew"));
    let examined = RecipeIndex::examine(&folder).map_err(|why| format!("{shown}: {why}"))?;
    let Some(Examined { position, revisions }) = examined else {
        return anew("is damaged or of another version");
    };
    let Some(position) = position else { return anew("is not complete") };
    let store = Store::open(url, now).await.map_err(|why| why.to_string())?;
    let compared = differences(&store, &revisions).await.map_err(|why| why.to_string());
    // After the comparison, so that it has everything that the service wrote meanwhile.
    let changes = store.recipe_changes(Some(&position)).await.map_err(|why| why.to_string());
    store.close().await;
    let Some(waiting) = changes?.ids else { return anew("belongs to another database") };
    let waiting = HashSet::<_>::from_iter(waiting);
    let mut differences = compared?;
    differences.retain(|id| !waiting.contains(id));
    match differences.first() {
        None if waiting.is_empty() => Ok(format!("{} recipes as in the database", revisions.len())),
        None => Ok(format!("{} recipes as in the database; {} changes wait", revisions.len(), waiting.len())),
        Some(id) => Err(format!(
            "{} recipes in {shown} differ from the database, such as recipe {id}: stop the service and delete this folder, and the \
             next start builds it anew",
            differences.len()
        )),
    }
}

/// The recipes that are not the same in the database and among these revisions.
async fn differences(store: &Store, indexed: &[(RecipeId, i64)]) -> anyhow::Result<Vec<RecipeId>> {
    let (mut differences, mut after) = (Vec::new(), None);
    let mut indexed = indexed.iter().copied().peekable();
    loop {
        let listing = store.recipes(Page::longest(after), Viewer::Admin, Vec::new()).await?;
        for (id, document) in listing.rows.iter() {
            while let Some((only_indexed, _)) = indexed.next_if(|(indexed, _)| *indexed < id) {
                differences.push(only_indexed);
            }
            let Revised { revision } = serde_json::from_slice(document)?;
            let mut found = Vec::new();
            while let Some((_, indexed)) = indexed.next_if(|(indexed, _)| *indexed == id) {
                found.push(indexed);
            }
            if found != [revision] {
                differences.push(id);
            }
        }
        let Some(last) = listing.next else { break };
        after = Some(last);
    }
    differences.extend(indexed.map(|(only_indexed, _)| only_indexed));
    Ok(differences)
}
