//! Texts that lead to the next step, in French.

use super::super::hints::HintTexts;

pub(super) static HINTS: HintTexts = HintTexts {
    favourites_empty: "Vous n’avez pas encore de favoris. Ouvrez une recette et appuyez sur ☆.",
    household_members: "Membres",
    household_share: "Partager le plan des repas et la liste de courses",
    invite_users: "Inviter d’autres utilisateurs",
    line: "Ligne {}",
    meal: "Repas, par exemple des restes",
    next_title: "Et maintenant ?",
    own_empty: "Vous n’avez pas encore écrit de recette.",
    picture_add: "Ajouter une image",
    picture_file: "Fichier de l’image",
    picture_later: "Une image peut être ajoutée dès que la recette est enregistrée.",
    picture_of: "Ce que montre l’image",
    pictures: "Images",
    pictures_apart: "Une image s’enregistre à part, avec le bouton de cette section. Si vous avez modifié la recette ci-dessus, enregistrez-la d’abord.",
    save_and_picture: "Enregistrer et ajouter une image",
    secure_address: "Ouvrir l’adresse sûre",
    too_large: "Ce que vous avez envoyé est trop volumineux : {} au plus sont possibles.",
};
