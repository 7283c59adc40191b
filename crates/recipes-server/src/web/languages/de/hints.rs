//! Texts that lead to the next step, in German.

use super::super::hints::HintTexts;

pub(super) static HINTS: HintTexts = HintTexts {
    favourites_empty: "Sie haben noch keine Favoriten. Öffnen Sie ein Rezept und drücken Sie ☆.",
    household_members: "Mitglieder",
    household_share: "Essensplan und Einkaufsliste teilen",
    invite_users: "Andere Benutzer einladen",
    line: "Zeile {}",
    meal: "Mahlzeit, etwa Reste",
    next_title: "Wie geht es weiter?",
    own_empty: "Sie haben noch kein Rezept geschrieben.",
    picture_add: "Bild hinzufügen",
    picture_file: "Datei mit dem Bild",
    picture_later: "Ein Bild kann hinzugefügt werden, sobald das Rezept gespeichert ist.",
    picture_of: "Was das Bild zeigt",
    pictures: "Bilder",
    pictures_apart: "Ein Bild wird für sich gespeichert, mit dem Knopf in diesem Abschnitt. Wenn Sie das Rezept oben geändert haben, speichern Sie es zuerst.",
    save_and_picture: "Speichern und Bild hinzufügen",
    secure_address: "Die sichere Adresse öffnen",
    too_large: "Was Sie gesendet haben, ist zu groß: Höchstens {} sind möglich.",
};
