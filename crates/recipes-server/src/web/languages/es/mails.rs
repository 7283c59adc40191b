//! The texts of mails in Spanish.

use super::super::mails::Mails;

pub(super) static MAILS: Mails = Mails {
    verify_subject: "Confirme su dirección de correo",
    verify: "Esta dirección se indicó para una cuenta en\n\
        {site}\n\n\
        Para confirmar que es suya, abra este enlace en un plazo de {time}:\n\n\
        {link}\n\n\
        Si usted no indicó esta dirección, no haga nada: seguirá sin confirmar.\n",
    reset_subject: "Elija una contraseña nueva",
    reset: "Se pidió una contraseña nueva para su cuenta en\n\
        {site}\n\n\
        Para elegirla, abra este enlace en un plazo de {time}:\n\n\
        {link}\n\n\
        El enlace sirve una vez. Cierra todas las sesiones de su cuenta y elimina sus\n\
        tokens de API.\n\n\
        Si usted no lo pidió, no haga nada: su contraseña sigue siendo la misma.\n",
    reset_by_admin: "La administración de\n\
        {site}\n\
        le envía un enlace para elegir una contraseña nueva para su cuenta.\n\n\
        Ábralo en un plazo de {time}:\n\n\
        {link}\n\n\
        El enlace sirve una vez. Cierra todas las sesiones de su cuenta y elimina sus\n\
        tokens de API.\n\n\
        Si no lo abre, su contraseña sigue siendo la misma.\n",
    invitation_subject: "Tiene una invitación",
    invitation: "La administración le invita a crear una cuenta en\n\
        {site}\n\n\
        Para crear una con esta dirección, abra este enlace en un plazo de {time}:\n\n\
        {link}\n\n\
        El enlace sirve una vez. Si no quiere una cuenta, no haga nada.\n",
    minutes: "{} minutos",
    days: "{} días",
};
