//! The language of mails.

/// A language code of two letters (ISO 639-1, the primary subtag of BCP 47): `de`. Whether the service speaks the language is
/// known where the texts are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct LanguageTag([u8; 2]);

impl LanguageTag {
    pub const ENGLISH: Self = Self(*b"en");

    /// Reads two lower-case letters.
    pub const fn parse(text: &str) -> Option<Self> {
        match *text.as_bytes() {
            [first @ b'a'..=b'z', second @ b'a'..=b'z'] => Some(Self([first, second])),
            _ => None,
        }
    }

    pub fn as_str(&self) -> &str {
        // Only ASCII letters are ever stored.
        str::from_utf8(&self.0).unwrap_or_default()
    }
}

impl Default for LanguageTag {
    fn default() -> Self {
        Self::ENGLISH
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_two_lower_case_letters() {
        assert_eq!(LanguageTag::parse("de").as_ref().map(LanguageTag::as_str), Some("de"));
        assert_eq!(LanguageTag::default().as_str(), "en");
        for text in ["", "d", "deu", "DE", "d1", "é"] {
            assert_eq!(LanguageTag::parse(text), None, "{text}");
        }
    }
}
