//! Texts that lead to the next step, in Spanish.

use super::super::hints::HintTexts;

pub(super) static HINTS: HintTexts = HintTexts {
    favourites_empty: "Todavía no tiene favoritas. Abra una receta y pulse ☆.",
    household_members: "Miembros",
    household_share: "Compartir el plan de comidas y la lista de la compra",
    invite_users: "Invitar a otros usuarios",
    line: "Línea {}",
    meal: "Comida, por ejemplo sobras",
    next_title: "¿Y ahora qué?",
    own_empty: "Todavía no ha escrito ninguna receta.",
    picture_add: "Añadir una imagen",
    picture_file: "Archivo de la imagen",
    picture_later: "Se puede añadir una imagen en cuanto la receta esté guardada.",
    picture_of: "Qué muestra la imagen",
    pictures: "Imágenes",
    pictures_apart: "Una imagen se guarda aparte, con el botón de esta sección. Si ha cambiado la receta de arriba, guárdela primero.",
    save_and_picture: "Guardar y añadir una imagen",
    secure_address: "Abrir la dirección segura",
    too_large: "Lo que ha enviado es demasiado grande: como máximo {}.",
};
