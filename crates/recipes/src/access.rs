//! Rules of access: which callers may read and change a recipe.

use ids::UserId;

use crate::content::Visibility;

/// The caller of a read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Viewer {
    Anyone,
    User(UserId),
    Admin,
}

/// The caller of a change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Editor {
    User(UserId),
    Admin,
}

/// What must hold for a change to happen; decided in the transaction of the change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Precondition {
    None,
    /// The recipe is at one of these revisions. An empty list never holds.
    Revisions(Vec<i64>),
    /// The recipe is at none of these revisions.
    NotRevisions(Vec<i64>),
}

/// The part of a stored recipe that access depends on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RecipeState {
    /// `None`: communal.
    pub owner: Option<UserId>,
    pub visibility: Visibility,
    pub revision: i64,
}

/// Why a change does not happen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EditRefusal {
    /// Absent, or invisible to this editor, who cannot tell one from the other.
    NotFound,
    /// Visible, but another user's. Also a communal recipe that a user wants to make private: it would be visible to
    /// no user.
    Forbidden,
    /// The precondition does not hold.
    Stale,
}

impl RecipeState {
    /// A private recipe exists for its owner and for administrators only.
    pub fn may_view(&self, viewer: Viewer) -> bool {
        match viewer {
            Viewer::Admin => true,
            Viewer::User(user) => self.is_public() || self.owner == Some(user),
            Viewer::Anyone => self.is_public(),
        }
    }

    /// Owners and administrators may change a recipe; every user may change a public communal one.
    fn may_edit(&self, editor: Editor) -> bool {
        match editor {
            Editor::Admin => true,
            Editor::User(user) => self.owner.map_or(self.is_public(), |owner| owner == user),
        }
    }

    /// Whether the editor may change or delete the recipe now.
    ///
    /// # Errors
    /// Why not.
    pub fn check_edit(&self, editor: Editor, precondition: &Precondition) -> Result<(), EditRefusal> {
        if !self.may_edit(editor) {
            return Err(if self.is_public() { EditRefusal::Forbidden } else { EditRefusal::NotFound });
        }
        let holds = match precondition {
            Precondition::None => true,
            Precondition::Revisions(revisions) => revisions.contains(&self.revision),
            Precondition::NotRevisions(revisions) => !revisions.contains(&self.revision),
        };
        if holds { Ok(()) } else { Err(EditRefusal::Stale) }
    }

    /// Whether the editor may give the recipe this visibility. Comes after [`check_edit`](Self::check_edit).
    ///
    /// # Errors
    /// Why not.
    pub fn check_visibility(&self, editor: Editor, new: Visibility) -> Result<(), EditRefusal> {
        let hides_communal = self.owner.is_none() && new == Visibility::Private;
        if hides_communal && editor != Editor::Admin { Err(EditRefusal::Forbidden) } else { Ok(()) }
    }

    fn is_public(&self) -> bool {
        self.visibility == Visibility::Public
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn state(owner: Option<i64>, visibility: Visibility) -> RecipeState {
        RecipeState { owner: owner.and_then(UserId::from_i64), visibility, revision: 3 }
    }

    #[test]
    fn view_and_edit_rights() {
        use EditRefusal::{Forbidden, NotFound};
        use Visibility::{Private, Public};
        let alice = UserId::from_i64(1).unwrap();
        let (viewer, editor) = (Viewer::User(alice), Editor::User(alice));
        for (recipe, anyone_views, alice_views, alice_edits) in [
            (state(Some(1), Public), true, true, Ok(())),
            (state(Some(1), Private), false, true, Ok(())),
            (state(Some(2), Public), true, true, Err(Forbidden)),
            (state(Some(2), Private), false, false, Err(NotFound)),
            (state(None, Public), true, true, Ok(())),
            (state(None, Private), false, false, Err(NotFound)),
        ] {
            assert_eq!(recipe.may_view(Viewer::Anyone), anyone_views, "{recipe:?}");
            assert_eq!(recipe.may_view(viewer), alice_views, "{recipe:?}");
            assert_eq!(recipe.check_edit(editor, &Precondition::None), alice_edits, "{recipe:?}");
            assert!(recipe.may_view(Viewer::Admin), "{recipe:?}");
            assert_eq!(recipe.check_edit(Editor::Admin, &Precondition::None), Ok(()), "{recipe:?}");
        }
    }

    #[test]
    fn preconditions() {
        let (recipe, stale) = (state(None, Visibility::Public), Err(EditRefusal::Stale));
        for (revisions, want) in [(vec![], stale), (vec![2], stale), (vec![4, 3], Ok(()))] {
            let precondition = Precondition::Revisions(revisions);
            assert_eq!(recipe.check_edit(Editor::Admin, &precondition), want, "{precondition:?}");
        }
        for (revisions, want) in [(vec![], Ok(())), (vec![2], Ok(())), (vec![4, 3], stale)] {
            let precondition = Precondition::NotRevisions(revisions);
            assert_eq!(recipe.check_edit(Editor::Admin, &precondition), want, "{precondition:?}");
        }
        let others = state(Some(2), Visibility::Private);
        let editor = Editor::User(UserId::from_i64(1).unwrap());
        let guess = Precondition::Revisions(vec![9]);
        assert_eq!(others.check_edit(editor, &guess), Err(EditRefusal::NotFound), "reveals no revision");
    }

    #[test]
    fn only_administrators_hide_communal_recipes() {
        let alice = Editor::User(UserId::from_i64(1).unwrap());
        for (owner, editor, new, want) in [
            (None, alice, Visibility::Private, Err(EditRefusal::Forbidden)),
            (None, alice, Visibility::Public, Ok(())),
            (None, Editor::Admin, Visibility::Private, Ok(())),
            (Some(1), alice, Visibility::Private, Ok(())),
        ] {
            assert_eq!(state(owner, Visibility::Public).check_visibility(editor, new), want);
        }
    }
}
