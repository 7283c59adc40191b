//! The table in the documentation matches the records.

use std::fmt::Write;

use tower_passport::providers::{self, Pkce, Record};

const TABLE: &str = include_str!("../../../src/providers/table.md");

#[test]
fn the_table_lists_every_record() {
    let want = table();
    if std::env::var_os("UPDATE_TABLE").is_some() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/src/providers/table.md");
        std::fs::write(path, want).unwrap();
        return;
    }
    assert_eq!(
        TABLE, want,
        "run `UPDATE_TABLE=1 cargo test -p tower-passport the_table` and look at the diff"
    );
}

fn table() -> String {
    let mut table = String::from(
        "| id | provider | by | settings | PKCE | checked on | what to know |\n| --- | --- | --- | --- | --- | --- | --- |\n",
    );
    for record in providers::all() {
        writeln!(table, "{}", row(record)).unwrap();
    }
    table
}

fn row(record: &Record) -> String {
    let Record { id, name, documentation, checked_on, notes, .. } = record;
    let by = if record.is_openid() { "`Oidc`" } else { "`OAuth2`" };
    let settings = record.settings.iter().map(|(name, about)| format!("`{name}`: {}", with_code(about)));
    let settings = settings.collect::<Vec<_>>().join("; ");
    let pkce = match record.pkce {
        Pkce::Required => "required",
        Pkce::Documented => "documented",
        Pkce::Undocumented => "",
    };
    format!("| `{id}` | [{name}]({documentation}) | {by} | {settings} | {pkce} | {checked_on} | {notes} |")
}

/// Shows URLs as code.
fn with_code(about: &str) -> String {
    let words = about.split(' ').map(|word| {
        let address = word.trim_end_matches(',');
        if address.starts_with("https://") {
            word.replace(address, &format!("`{address}`"))
        } else {
            word.into()
        }
    });
    words.collect::<Vec<_>>().join(" ")
}
