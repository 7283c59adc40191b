//! Runs the targets on every seed and on variants of it, so that fixed failures do not return.
#![expect(clippy::unwrap_used, reason = "the seeds exist")]

use std::fs;
use std::path::Path;

/// Runs one target on its seeds, truncated and with single bits flipped at up to 32 positions each.
fn check(name: &str, target: fn(&[u8])) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("seeds").join(name);
    let mut seeds = 0;
    for seed in fs::read_dir(folder).unwrap() {
        let seed = fs::read(seed.unwrap().path()).unwrap();
        target(&seed);
        for place in (0..seed.len()).step_by(seed.len().div_ceil(32)) {
            target(&seed[..place]);
            let mut edited = seed.clone();
            edited[place] ^= 1 << (place % 8);
            target(&edited);
        }
        seeds += 1;
    }
    assert!(seeds > 5, "{seeds} seeds of {name}");
}

#[test]
fn token() {
    check("token", strict_jose_fuzz::token);
}

#[test]
fn proof() {
    check("proof", strict_jose_fuzz::proof);
}

#[test]
fn jwk() {
    check("jwk", strict_jose_fuzz::jwk);
}

#[test]
fn jwks() {
    check("jwks", strict_jose_fuzz::jwks);
}

#[test]
fn request() {
    check("request", strict_jose_fuzz::request);
}

#[test]
fn ingredient_line() {
    check("ingredient_line", strict_jose_fuzz::ingredient_line);
}

#[test]
fn recipe_file() {
    check("recipe_file", strict_jose_fuzz::recipe_file);
}

#[test]
fn pem_der() {
    check("pem_der", strict_jose_fuzz::pem_der);
}
