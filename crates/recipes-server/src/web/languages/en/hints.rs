//! Texts that lead to the next step, in English.

use super::super::hints::HintTexts;

pub(super) static HINTS: HintTexts = HintTexts {
    favourites_empty: "You have no favourites yet. Open a recipe and press ☆.",
    household_members: "Members",
    household_share: "Share the meal plan and the shopping list",
    invite_users: "Invite other users",
    line: "Line {}",
    meal: "Meal, such as left-overs",
    next_title: "What next?",
    own_empty: "You have not written any recipe yet.",
    picture_add: "Add a picture",
    picture_file: "File of the picture",
    picture_later: "A picture can be added as soon as the recipe is saved.",
    picture_of: "What the picture shows",
    pictures: "Pictures",
    pictures_apart: "A picture is saved on its own, with the button in this section. If you have changed the recipe above, save it first.",
    save_and_picture: "Save and add a picture",
    secure_address: "Open the secure address",
    too_large: "What you sent is too large: at most {} are possible.",
};
