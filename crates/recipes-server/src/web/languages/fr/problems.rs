//! Why a form was refused, in French.

use super::super::problems::ProblemTexts;

pub(super) static PROBLEMS: ProblemTexts = ProblemTexts {
    email_not_verified: "Vérifiez d’abord votre adresse e-mail avec le lien de l’e-mail.",
    email_taken: "Il y a déjà un compte avec cette adresse e-mail.",
    form_expired: "Ce formulaire vient d’une autre session. Votre saisie est toujours là : envoyez-la encore une fois.",
    household_full: "Le foyer a autant de membres que possible.",
    household_invitation: "Le lien est inconnu, déjà utilisé ou expiré. Demandez-en un autre.",
    item_changed: "Quelqu’un d’autre a modifié l’article. Regardez-le à nouveau.",
    last_admin: "C’est le dernier administrateur. Donnez d’abord ces droits à un autre utilisateur.",
    log_in: "L’adresse e-mail ou le mot de passe est faux.",
    not_invited: "L’inscription demande une invitation valable. Elle est peut-être expirée, utilisée ou destinée à une autre adresse.",
    other_site: "Ce formulaire venait d’un autre site. Ouvrez la page ici et envoyez-le de nouveau.",
    rate_limited: "Il y a eu trop de tentatives. Attendez quelques minutes, puis réessayez.",
    sign_up_closed: "Ce service n’accepte pas d’inscriptions. Demandez un compte à son exploitant.",
    too_many_items: "La liste est pleine. Retirez d’abord des articles.",
    too_many_meals: "Le jour ou le planning est plein. Retirez d’abord un repas.",
    wrong_password: "Ce n’est pas votre mot de passe actuel.",
};
