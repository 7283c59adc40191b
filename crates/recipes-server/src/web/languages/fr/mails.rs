//! The texts of mails in French.

use super::super::mails::Mails;

pub(super) static MAILS: Mails = Mails {
    verify_subject: "Confirmez votre adresse e-mail",
    verify: "Cette adresse a été indiquée pour un compte sur\n\
        {site}\n\n\
        Pour confirmer qu’elle est à vous, ouvrez ce lien dans un délai de {time} :\n\n\
        {link}\n\n\
        Si vous n’avez pas indiqué cette adresse, ne faites rien : elle reste non\n\
        confirmée.\n",
    reset_subject: "Choisissez un nouveau mot de passe",
    reset: "Un nouveau mot de passe a été demandé pour votre compte sur\n\
        {site}\n\n\
        Pour en choisir un, ouvrez ce lien dans un délai de {time} :\n\n\
        {link}\n\n\
        Le lien ne sert qu’une fois. Il met fin à toutes les sessions de votre compte et\n\
        supprime ses jetons d’API.\n\n\
        Si vous n’avez rien demandé, ne faites rien : votre mot de passe reste le même.\n",
    reset_by_admin: "L’administration de\n\
        {site}\n\
        vous envoie un lien pour choisir un nouveau mot de passe pour votre compte.\n\n\
        Ouvrez-le dans un délai de {time} :\n\n\
        {link}\n\n\
        Le lien ne sert qu’une fois. Il met fin à toutes les sessions de votre compte et\n\
        supprime ses jetons d’API.\n\n\
        Si vous ne l’ouvrez pas, votre mot de passe reste le même.\n",
    invitation_subject: "Vous êtes invité",
    invitation: "L’administration vous invite à créer un compte sur\n\
        {site}\n\n\
        Pour en créer un avec cette adresse, ouvrez ce lien dans un délai de {time} :\n\n\
        {link}\n\n\
        Le lien ne sert qu’une fois. Si vous ne voulez pas de compte, ne faites rien.\n",
    minutes: "{} minutes",
    days: "{} jours",
};
