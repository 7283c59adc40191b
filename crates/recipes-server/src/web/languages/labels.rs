//! The names of health labels, in the languages of the pages. Links and forms keep the English ones: they are what recipes store.

use recipes::HealthLabel;

/// The known labels, each with its name. English has none: its names are those of the labels.
pub(in crate::web) struct Labels(pub(super) [(&'static str, &'static str); HealthLabel::ALL.len()]);

impl Labels {
    /// The name of a known label, however it is spelled.
    pub(super) fn name(&self, label: &str) -> Option<&'static str> {
        let known = HealthLabel::find(label)?;
        self.0.iter().find(|(english, _)| *english == known.name).map(|(_, name)| *name)
    }
}

#[cfg(test)]
mod tests {
    use recipes::HealthLabel;

    use crate::web::languages::Language;

    #[test]
    fn each_known_label_has_a_name_of_its_own_in_each_language() {
        for language in Language::ALL {
            let t = language.text();
            let mut names: Vec<_> = HealthLabel::ALL.iter().map(|label| t.label(label.name)).collect();
            if let Some(labels) = t.label_names {
                assert!(
                    HealthLabel::ALL.iter().all(|label| labels.name(label.name).is_some()),
                    "{language:?}"
                );
            }
            names.sort_unstable();
            names.dedup();
            assert_eq!(names.len(), HealthLabel::ALL.len(), "{language:?}");
        }
    }

    #[test]
    fn labels_are_found_in_any_spelling_and_other_texts_stay() {
        let t = Language::German.text();
        assert_eq!(t.label("gluten-free"), "glutenfrei");
        assert_eq!(t.label("GLUTEN_FREE"), "glutenfrei");
        assert_eq!(t.label("Omas Liebling"), "Omas Liebling");
    }
}
