use std::io::{Cursor, repeat};

use flate2::{Compression, read::GzDecoder, read::GzEncoder};
use serde_json::json;

use super::*;
use crate::{Clock, Entropy, sample};

/// An archive of ten recipes.
async fn archive() -> Vec<u8> {
    let folder = tempfile::tempdir().unwrap();
    let (clock, entropy) = (Clock::stopped("2026-01-01T12:00:00Z".parse().unwrap()), Entropy::seeded(1));
    let url = DatabaseUrl::parse(&format!("sqlite:{}", folder.path().join("test.db").display())).unwrap();
    let store = Store::open(&url, clock.now()).await.unwrap();
    sample::load(&store, &clock, &entropy).await.unwrap();
    let (archive, _) = write(store.snapshot(), Vec::new(), clock.now()).await.unwrap();
    archive
}

async fn lines() -> Vec<String> {
    let mut text = String::new();
    GzDecoder::new(Cursor::new(archive().await)).read_to_string(&mut text).unwrap();
    text.lines().map(|line| format!("{line}\n")).collect()
}

fn compressed(input: impl Read) -> Vec<u8> {
    let mut archive = Vec::new();
    GzEncoder::new(input, Compression::fast()).read_to_end(&mut archive).unwrap();
    archive
}

#[track_caller]
fn refused(archive: &[u8]) -> String {
    let why = verify(archive).unwrap_err().to_string();
    assert!(!why.contains('\n') && why.len() < 200, "{why}");
    why
}

#[tokio::test]
async fn archive_is_good_and_says_what_it_has() {
    let summary = verify(&*archive().await).unwrap();
    assert_eq!(
        summary.to_string(),
        "0 users, 10 recipes, 0 sessions, 0 API tokens, 0 invitations, 0 audit events"
    );
    assert_eq!(summary.sha256.len(), 64);
}

#[tokio::test]
async fn archive_that_is_cut_off_anywhere_is_refused() {
    let archive = archive().await;
    for length in (0..archive.len()).step_by(7).chain([archive.len() - 1]) {
        let why = refused(&archive[..length]);
        assert!(why.contains("incomplete") || why.contains("no backup"), "{length}: {why}");
    }
}

#[tokio::test]
async fn archive_with_a_changed_byte_is_refused() {
    let archive = archive().await;
    let summary = verify(&*archive).unwrap();
    let mut harmless = 0;
    for position in (0..archive.len()).step_by(5) {
        let mut damaged = archive.clone();
        damaged[position] ^= 0x10;
        match verify(&*damaged) {
            // The time in the header of gzip, a bit that fills the last byte.
            Ok(found) if found == summary => harmless += 1,
            other => drop(other.unwrap_err()),
        }
    }
    assert!(harmless < 5, "{harmless}");
}

#[tokio::test]
async fn archive_that_was_made_up_is_refused() {
    let lines = lines().await;
    let (end, rest) = lines.split_last().unwrap();
    let text = lines.concat();
    let header = |header: serde_json::Value| format!("{header}\n{}", lines[1..].concat());
    let swapped = [&lines[0], &lines[2], &lines[1], &lines[3..].concat()].map(String::as_str).concat();
    let too_new = format!("newer version of this program (format {}", VERSION + 1);
    for (text, why) in [
        (String::new(), "no backup"),
        ("soup\n".to_owned(), "no backup"),
        (header(json!({"format": "cookies", "version": 1})), "no backup"),
        (header(json!({"format": FORMAT, "version": 0})), "no backup"),
        (header(json!({"format": FORMAT, "version": VERSION + 1})), &too_new),
        (header(json!({"format": FORMAT, "version": 1})), "the digest"),
        (text.replace("Carbonara", "Carbonata"), "the digest"),
        (text.replace("\"recipes\":10", "\"recipes\":11"), "the numbers of records"),
        (text.replace("\"counts\"", "\"count\""), "no valid last line"),
        (text.replacen("{\"recipes\"", "{\"soups\"", 1), "line 2: its kind is unknown"),
        (swapped, "recipes 1 is not in order, or there twice"),
        (lines[0].clone() + &lines[1] + &lines[1], "recipes 1 is not in order, or there twice"),
        (text.clone() + "soup", "incomplete"),
        (text.clone() + "soup\n", "behind the end"),
        (rest.concat(), "incomplete: it ends after 11 records"),
        (end.clone(), "no backup"),
    ] {
        let found = refused(&compressed(text.as_bytes()));
        assert!(found.contains(why), "{why}: {found}");
    }
    let good = compressed(text.as_bytes());
    verify(&*good).unwrap();
    assert!(refused(&[&*good, b"x"].concat()).contains("behind the end"));
    assert!(refused(&[&*good, &*good].concat()).contains("behind the end"));
    assert!(refused(text.as_bytes()).contains("no backup"), "not compressed");
}

#[tokio::test]
async fn line_that_never_ends_is_refused_early() {
    let head = lines().await[0].clone();
    let bomb = compressed(head.as_bytes().chain(repeat(b'a').take(64 << 20)));
    assert_eq!(refused(&bomb), "it is damaged: line 2: it is too long");
}
