//! The languages of the pages: one file a language. A missing text does not compile.

mod de;
mod en;
mod es;
mod fr;
mod hints;
mod imports;
mod labels;
mod mails;
mod messages;
mod oauth;
mod problems;
mod text;
mod zh;

use accounts::LanguageTag;
use http::{HeaderMap, header};

pub use self::mails::Mails;
pub use self::oauth::OAuthTexts;
pub use self::text::Text;

macro_rules! languages {
    ($($variant:ident $tag:literal $name:literal $module:ident;)+) => {
        /// A language that the pages speak.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Language {
            $($variant,)+
        }

        impl Language {
            pub const ALL: &'static [Self] = &[$(Self::$variant,)+];

            /// The BCP 47 tag.
            pub fn tag(self) -> &'static str {
                match self {
                    $(Self::$variant => $tag,)+
                }
            }

            /// The name, in the language itself.
            pub fn name(self) -> &'static str {
                match self {
                    $(Self::$variant => $name,)+
                }
            }

            pub fn text(self) -> &'static Text {
                match self {
                    $(Self::$variant => &$module::TEXT,)+
                }
            }
        }
    };
}

languages! {
    English "en" "English" en;
    German "de" "Deutsch" de;
    French "fr" "Français" fr;
    Spanish "es" "Español" es;
    Chinese "zh" "中文" zh;
}

/// The cookie with the language that the visitor has chosen.
pub(super) const COOKIE: &str = "language";

/// The languages written from right to left, should one of them be added.
const RIGHT_TO_LEFT: [&str; 12] = ["ar", "arc", "ckb", "dv", "fa", "he", "ku", "ps", "sd", "ug", "ur", "yi"];

impl Language {
    pub fn parse(tag: &str) -> Option<Self> {
        let primary = tag.trim().split(['-', '_']).next().unwrap_or_default();
        Self::ALL.iter().copied().find(|language| language.tag().eq_ignore_ascii_case(primary))
    }

    /// The direction of writing, for HTML: `ltr` or `rtl`.
    pub fn direction(self) -> &'static str {
        if RIGHT_TO_LEFT.contains(&self.tag()) { "rtl" } else { "ltr" }
    }

    /// The chosen language, else the first of `Accept-Language` by weight (RFC 9110 section 12.5.4), else English.
    pub fn of_request(headers: &HeaderMap) -> Self {
        let cookies = headers.get_all(header::COOKIE).iter().filter_map(|line| line.to_str().ok());
        let mut cookies =
            cookies.flat_map(|line| line.split(';')).filter_map(|cookie| cookie.trim().split_once('='));
        let chosen = cookies.find(|(name, _)| *name == COOKIE).and_then(|(_, tag)| Self::parse(tag));
        chosen.unwrap_or_else(|| Self::accepted(headers))
    }

    fn accepted(headers: &HeaderMap) -> Self {
        let lines = headers.get_all(header::ACCEPT_LANGUAGE).iter().filter_map(|line| line.to_str().ok());
        let mut best = (0.0, Self::English);
        for range in lines.flat_map(|line| line.split(',')) {
            let (tag, weight) = range.split_once(';').unwrap_or((range, "q=1"));
            let weight =
                weight.trim().strip_prefix("q=").and_then(|weight| weight.trim().parse::<f32>().ok());
            if let (Some(language), Some(weight)) = (Self::parse(tag), weight)
                && weight > best.0
            {
                best = (weight, language);
            }
        }
        best.1
    }
}

impl From<Language> for LanguageTag {
    fn from(language: Language) -> Self {
        Self::parse(language.tag()).unwrap_or_default()
    }
}

impl Text {
    pub fn mails(&self) -> &'static Mails {
        self.mails
    }

    pub fn oauth(&self) -> &'static OAuthTexts {
        self.oauth
    }

    /// A sentence of an error in the words of the pages in this language; as it is if the pages have none for it.
    pub fn message(&self, english: &str) -> String {
        self.messages.translate(english).unwrap_or_else(|| english.to_owned())
    }

    /// The name of a health label in this language; as it is if the label is not a known one.
    pub(super) fn label<'a>(&self, label: &'a str) -> &'a str {
        self.label_names.and_then(|labels| labels.name(label)).unwrap_or(label)
    }
}

/// Puts a value at `{}`.
pub fn fill(text: &str, value: impl std::fmt::Display) -> String {
    text.replacen("{}", &value.to_string(), 1)
}

impl Text {
    /// Who reads a recipe, unless it is everyone.
    pub(in crate::web) fn readers(&self, visibility: recipes::Visibility) -> Option<&'static str> {
        match visibility {
            recipes::Visibility::Public => None,
            recipes::Visibility::Members => Some(self.members),
            recipes::Visibility::Private => Some(self.private),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chosen_language_comes_before_the_accepted_ones() {
        for (cookie, accept, language) in [
            ("", "", Language::English),
            ("", "de-AT,de;q=0.9,en;q=0.8", Language::German),
            ("", "nl, de;q=0.5, en;q=0.6", Language::English),
            ("", "de;q=0", Language::English),
            ("a=b; language=de", "en", Language::German),
            ("language=xx", "de", Language::German),
        ] {
            let headers = HeaderMap::from_iter([
                (header::COOKIE, cookie.parse().unwrap()),
                (header::ACCEPT_LANGUAGE, accept.parse().unwrap()),
            ]);
            assert_eq!(Language::of_request(&headers), language, "{cookie} {accept}");
        }
    }
}
