//! The form in which passwords are compared: `OpaqueString` (RFC 8265, section 4.2).
//!
//! Keyboards and systems encode the same password differently: "ä" as one character or as two (macOS), a space as U+00A0.
//! `OpaqueString` maps every space to U+0020 and normalizes to NFC. It does not change the case.

use icu_normalizer::ComposingNormalizerBorrowed;
use zeroize::Zeroizing;

/// The normalized password; `None` if it is normalized already.
pub(super) fn normalized(password: &str) -> Option<Zeroizing<String>> {
    let nfc = ComposingNormalizerBorrowed::new_nfc();
    if password.is_ascii() || (!password.contains(is_other_space) && nfc.is_normalized(password)) {
        return None;
    }
    // Room for the longest results: a space is never longer than before, and NFC triples the bytes at most. A buffer that
    // grows would leave copies of the password in memory.
    let mut spaced = Zeroizing::new(String::with_capacity(password.len()));
    spaced.extend(password.chars().map(|c| if is_other_space(c) { ' ' } else { c }));
    let mut normal = Zeroizing::new(String::with_capacity(3 * password.len()));
    // Writing to a String cannot fail.
    let _ = nfc.normalize_to(&spaced, &mut *normal);
    Some(normal)
}

/// The category Zs of Unicode without U+0020.
fn is_other_space(c: char) -> bool {
    matches!(c, '\u{a0}' | '\u{1680}' | '\u{2000}'..='\u{200a}' | '\u{202f}' | '\u{205f}' | '\u{3000}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_passwords_have_one_form() {
        for (typed, want) in [
            ("p\u{e4}ssword", None),
            ("plain ASCII", None),
            ("pa\u{308}ssword", Some("p\u{e4}ssword")),
            ("two\u{a0}words\u{3000}", Some("two words ")),
            ("\u{212b}", Some("\u{c5}")),
            ("\u{ac00}\u{11a8}", Some("\u{ac01}")),
            ("Größe \u{fb01}", None),
        ] {
            assert_eq!(normalized(typed).as_deref().map(String::as_str), want, "{typed:?}");
        }
    }

    #[test]
    fn longest_results_fit() {
        // U+1D160 triples in NFC: it is excluded from composition.
        let long = "\u{1d160}".repeat(100);
        let normal = normalized(&long).unwrap();
        assert!(normal.len() <= 3 * long.len() && normal.capacity() <= 3 * long.len(), "{}", normal.len());
    }
}
