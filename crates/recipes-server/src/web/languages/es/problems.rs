//! Why a form was refused, in Spanish.

use super::super::problems::ProblemTexts;

pub(super) static PROBLEMS: ProblemTexts = ProblemTexts {
    email_not_verified: "Verifique primero su dirección de correo con el enlace del mensaje.",
    email_taken: "Ya hay una cuenta con esta dirección de correo.",
    form_expired: "Este formulario es de otra sesión. Lo que escribió sigue aquí: envíelo otra vez.",
    household_full: "El hogar tiene el máximo de miembros.",
    household_invitation: "El enlace es desconocido, ya se usó o ha caducado. Pida otro.",
    item_changed: "Otra persona ha cambiado el artículo. Mírelo de nuevo.",
    last_admin: "Es el último administrador. Haga primero administrador a otro usuario.",
    log_in: "La dirección de correo o la contraseña es incorrecta.",
    not_invited: "Para registrarse hace falta una invitación válida. Quizá ha caducado, está usada o es para otra dirección.",
    other_site: "Este formulario venía de otro sitio. Abra la página aquí y envíelo de nuevo.",
    rate_limited: "Ha habido demasiados intentos. Espere unos minutos e inténtelo de nuevo.",
    sign_up_closed: "Este servicio no acepta registros. Pida una cuenta a su operador.",
    too_many_items: "La lista está llena. Quite primero algunos artículos.",
    too_many_meals: "El día o el plan está lleno. Quite primero una comida.",
    wrong_password: "No es su contraseña actual.",
};
