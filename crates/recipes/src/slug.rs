//! How labels and other short texts are compared.

/// The form in which labels and other tags are compared: lower case, with `-` for spaces and `_`.
pub fn slug(text: &str) -> String {
    let mut slug = String::with_capacity(text.len());
    for c in text.trim().chars().filter(|c| *c != '\0') {
        if c.is_whitespace() || matches!(c, '_' | '-') {
            if !slug.ends_with('-') {
                slug.push('-');
            }
        } else {
            slug.extend(c.to_lowercase());
        }
    }
    slug
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slugs() {
        for (text, want) in [
            ("Gluten-Free", "gluten-free"),
            ("gluten_free", "gluten-free"),
            (" No oil  added ", "no-oil-added"),
            ("ÉTÉ", "été"),
            ("a\0b", "ab"),
        ] {
            assert_eq!(slug(text), want);
        }
    }
}
