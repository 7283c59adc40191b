//! Rules of access: which callers may read and change a recipe.

use ids::UserId;
use jiff::Timestamp;

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

/// The users who change recipes without an owner: the operator's choice.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Ownerless {
    /// Every user.
    #[default]
    Users,
    /// Administrators only.
    Admins,
}

/// What a change is decided by, besides its editor.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EditTerms {
    pub precondition: Precondition,
    pub ownerless: Ownerless,
}

impl From<Precondition> for EditTerms {
    fn from(precondition: Precondition) -> Self {
        Self { precondition, ownerless: Ownerless::default() }
    }
}

/// What must hold for a change to happen; decided in the transaction of the change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Precondition {
    None,
    /// The recipe is at one of these revisions. An empty list never holds.
    Revisions(Vec<i64>),
    /// The recipe is at none of these revisions.
    NotRevisions(Vec<i64>),
    /// The last change was before this time. One at this time counts as a later one: the times of HTTP have whole seconds, so the
    /// client may have read the recipe before it.
    UnchangedSince(Timestamp),
    /// All of these hold.
    All(Vec<Precondition>),
}

impl Precondition {
    fn holds(&self, revision: i64, updated_at: Timestamp) -> bool {
        match self {
            Self::None => true,
            Self::Revisions(revisions) => revisions.contains(&revision),
            Self::NotRevisions(revisions) => !revisions.contains(&revision),
            Self::UnchangedSince(time) => updated_at < *time,
            Self::All(all) => all.iter().all(|one| one.holds(revision, updated_at)),
        }
    }
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
    /// Visible, but it has no owner, and only administrators change such recipes.
    Ownerless,
    /// The precondition does not hold.
    Stale,
}

impl RecipeState {
    /// A private recipe exists for its owner and for administrators only, one for members for all users.
    pub fn may_view(&self, viewer: Viewer) -> bool {
        match viewer {
            Viewer::Admin => true,
            Viewer::User(user) => self.is_for_users() || self.owner == Some(user),
            Viewer::Anyone => self.visibility == Visibility::Public,
        }
    }

    /// Owners and administrators may change a recipe; every user may change a communal one that users see, unless the operator decided
    /// otherwise.
    pub fn may_edit(&self, editor: Editor, ownerless: Ownerless) -> bool {
        match (editor, self.owner) {
            (Editor::Admin, _) => true,
            (Editor::User(user), Some(owner)) => owner == user,
            (Editor::User(_), None) => self.is_for_users() && ownerless == Ownerless::Users,
        }
    }

    /// Whether the editor may change or delete the recipe now, which was last changed at `updated_at`.
    ///
    /// # Errors
    /// Why not.
    pub fn check_edit(
        &self,
        editor: Editor,
        terms: &EditTerms,
        updated_at: Timestamp,
    ) -> Result<(), EditRefusal> {
        if !self.may_edit(editor, terms.ownerless) {
            return Err(match self.owner {
                _ if !self.is_for_users() => EditRefusal::NotFound,
                None => EditRefusal::Ownerless,
                Some(_) => EditRefusal::Forbidden,
            });
        }
        let holds = terms.precondition.holds(self.revision, updated_at);
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

    /// Whether all users see it.
    fn is_for_users(&self) -> bool {
        self.visibility != Visibility::Private
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn state(owner: Option<i64>, visibility: Visibility) -> RecipeState {
        RecipeState { owner: owner.and_then(UserId::from_i64), visibility, revision: 3 }
    }

    /// When the recipes of these tests were changed.
    const CHANGED: Timestamp = Timestamp::constant(1_000, 500_000_000);

    #[test]
    fn view_and_edit_rights() {
        use EditRefusal::{Forbidden, NotFound};
        use Visibility::{Members, Private, Public};
        let alice = UserId::from_i64(1).unwrap();
        let (viewer, editor) = (Viewer::User(alice), Editor::User(alice));
        let terms = EditTerms::from(Precondition::None);
        for (recipe, anyone_views, alice_views, alice_edits) in [
            (state(Some(1), Public), true, true, Ok(())),
            (state(Some(1), Members), false, true, Ok(())),
            (state(Some(2), Members), false, true, Err(Forbidden)),
            (state(None, Members), false, true, Ok(())),
            (state(Some(1), Private), false, true, Ok(())),
            (state(Some(2), Public), true, true, Err(Forbidden)),
            (state(Some(2), Private), false, false, Err(NotFound)),
            (state(None, Public), true, true, Ok(())),
            (state(None, Private), false, false, Err(NotFound)),
        ] {
            assert_eq!(recipe.may_view(Viewer::Anyone), anyone_views, "{recipe:?}");
            assert_eq!(recipe.may_view(viewer), alice_views, "{recipe:?}");
            assert_eq!(recipe.check_edit(editor, &terms, CHANGED), alice_edits, "{recipe:?}");
            assert!(recipe.may_view(Viewer::Admin), "{recipe:?}");
            assert_eq!(recipe.check_edit(Editor::Admin, &terms, CHANGED), Ok(()), "{recipe:?}");
        }
    }

    #[test]
    fn operator_decides_whether_users_change_recipes_without_an_owner() {
        use EditRefusal::{Forbidden, NotFound, Ownerless as WithoutOwner};
        use Visibility::{Members, Private, Public};
        let terms = EditTerms { precondition: Precondition::None, ownerless: Ownerless::Admins };
        let alice = Editor::User(UserId::from_i64(1).unwrap());
        for (recipe, alice_edits) in [
            (state(None, Public), Err(WithoutOwner)),
            (state(None, Members), Err(WithoutOwner)),
            (state(None, Private), Err(NotFound)),
            (state(Some(1), Public), Ok(())),
            (state(Some(2), Public), Err(Forbidden)),
        ] {
            assert_eq!(recipe.check_edit(alice, &terms, CHANGED), alice_edits, "{recipe:?}");
            assert_eq!(recipe.check_edit(Editor::Admin, &terms, CHANGED), Ok(()), "{recipe:?}");
        }
    }

    #[test]
    fn preconditions() {
        let (recipe, stale) = (state(None, Visibility::Public), Err(EditRefusal::Stale));
        for (revisions, want) in [(vec![], stale), (vec![2], stale), (vec![4, 3], Ok(()))] {
            let terms = Precondition::Revisions(revisions).into();
            assert_eq!(recipe.check_edit(Editor::Admin, &terms, CHANGED), want, "{terms:?}");
        }
        for (revisions, want) in [(vec![], Ok(())), (vec![2], Ok(())), (vec![4, 3], stale)] {
            let terms = Precondition::NotRevisions(revisions).into();
            assert_eq!(recipe.check_edit(Editor::Admin, &terms, CHANGED), want, "{terms:?}");
        }
        for (second, want) in [(999, stale), (1_000, stale), (1_001, Ok(())), (1_002, Ok(()))] {
            let since = Precondition::UnchangedSince(Timestamp::constant(second, 0));
            let terms = since.clone().into();
            assert_eq!(recipe.check_edit(Editor::Admin, &terms, CHANGED), want, "{terms:?}");
            let whole_second = Timestamp::constant(second, 0);
            assert_eq!(recipe.check_edit(Editor::Admin, &terms, whole_second), stale, "{terms:?}");
            for (revisions, both) in [(vec![4], want), (vec![3], stale)] {
                let terms =
                    Precondition::All(vec![Precondition::NotRevisions(revisions), since.clone()]).into();
                assert_eq!(recipe.check_edit(Editor::Admin, &terms, CHANGED), both, "{terms:?}");
            }
        }
        let others = state(Some(2), Visibility::Private);
        let editor = Editor::User(UserId::from_i64(1).unwrap());
        let guess = Precondition::Revisions(vec![9]).into();
        assert_eq!(
            others.check_edit(editor, &guess, CHANGED),
            Err(EditRefusal::NotFound),
            "reveals no revision"
        );
    }

    #[test]
    fn only_administrators_hide_communal_recipes() {
        let alice = Editor::User(UserId::from_i64(1).unwrap());
        for (owner, editor, new, want) in [
            (None, alice, Visibility::Private, Err(EditRefusal::Forbidden)),
            (None, alice, Visibility::Public, Ok(())),
            (None, alice, Visibility::Members, Ok(())),
            (None, Editor::Admin, Visibility::Private, Ok(())),
            (Some(1), alice, Visibility::Private, Ok(())),
        ] {
            assert_eq!(state(owner, Visibility::Public).check_visibility(editor, new), want);
        }
    }
}
