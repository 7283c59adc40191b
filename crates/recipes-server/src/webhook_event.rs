//! The events that webhooks are told of.

use serde::Serialize;

/// What has happened to a public recipe.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub enum WebhookEvent {
    /// It appears: it was created, made public or restored.
    #[serde(rename = "recipe.created")]
    Created,
    #[serde(rename = "recipe.updated")]
    Updated,
    /// It was deleted, or is not public any more.
    #[serde(rename = "recipe.deleted")]
    Deleted,
}

/// The event of a test, which every webhook is told of.
pub const TEST: &str = "webhook.test";

impl WebhookEvent {
    pub const ALL: [Self; 3] = [Self::Created, Self::Updated, Self::Deleted];

    /// The names are in the triggers of the database as well.
    pub fn name(self) -> &'static str {
        match self {
            Self::Created => "recipe.created",
            Self::Updated => "recipe.updated",
            Self::Deleted => "recipe.deleted",
        }
    }

    /// # Errors
    /// What to write instead.
    pub fn parse(name: &str) -> Result<Self, &'static str> {
        let named = Self::ALL.into_iter().find(|event| event.name() == name);
        named.ok_or("must be recipe.created, recipe.updated or recipe.deleted")
    }

    /// The events of a text that [`join`](Self::join) has written. Names of a newer version are left out.
    pub fn split(text: &str) -> Vec<Self> {
        text.split(' ').filter_map(|name| Self::parse(name).ok()).collect()
    }

    /// The names with spaces between, each once.
    pub fn join(events: &[Self]) -> String {
        let named = Self::ALL.into_iter().filter(|event| events.contains(event));
        named.map(Self::name).collect::<Vec<_>>().join(" ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_distinct_and_none_is_a_part_of_another_one() {
        for event in WebhookEvent::ALL {
            assert_eq!(WebhookEvent::parse(event.name()), Ok(event));
            assert_eq!(serde_json::to_value(event).unwrap(), event.name());
            let mut others = WebhookEvent::ALL.into_iter().filter(|other| *other != event);
            assert!(others.all(|other| !other.name().contains(event.name())));
        }
        assert!(WebhookEvent::parse(TEST).is_err());
    }

    #[test]
    fn lists_are_kept_in_one_form() {
        use WebhookEvent::{Created, Deleted};
        assert_eq!(WebhookEvent::join(&[Deleted, Created, Deleted]), "recipe.created recipe.deleted");
        assert_eq!(WebhookEvent::split("recipe.created recipe.cooked recipe.deleted"), [Created, Deleted]);
    }
}
