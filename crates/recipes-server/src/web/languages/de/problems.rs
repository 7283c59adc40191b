//! Why a form was refused, in German.

use super::super::problems::ProblemTexts;

pub(super) static PROBLEMS: ProblemTexts = ProblemTexts {
    email_not_verified: "Bestätigen Sie zuerst Ihre E-Mail-Adresse mit dem Link in der E-Mail.",
    email_taken: "Mit dieser E-Mail-Adresse gibt es schon ein Konto.",
    form_expired: "Dieses Formular wurde in einer anderen Sitzung geöffnet. Ihre Eingaben sind noch da: Senden Sie es noch einmal.",
    household_full: "Der Haushalt hat so viele Mitglieder, wie er haben darf.",
    household_invitation: "Der Link ist unbekannt, wurde benutzt oder ist abgelaufen. Bitten Sie um einen neuen.",
    item_changed: "Jemand anderes hat den Eintrag geändert. Sehen Sie ihn noch einmal an.",
    last_admin: "Das ist der letzte Administrator. Machen Sie zuerst einen anderen Benutzer zum Administrator.",
    log_in: "Die E-Mail-Adresse oder das Passwort ist falsch.",
    not_invited: "Zum Registrieren braucht es eine gültige Einladung. Sie ist vielleicht abgelaufen, benutzt oder für eine andere E-Mail-Adresse.",
    other_site: "Dieses Formular kam von einer anderen Website. Öffnen Sie die Seite hier und senden Sie es noch einmal.",
    rate_limited: "Das waren zu viele Versuche. Warten Sie einige Minuten und versuchen Sie es dann noch einmal.",
    sign_up_closed: "Dieser Dienst nimmt keine Registrierungen an. Bitten Sie den Betreiber um ein Konto.",
    too_many_items: "Die Liste ist voll. Entfernen Sie zuerst Einträge.",
    too_many_meals: "Der Tag oder der Plan ist voll. Entfernen Sie zuerst eine Mahlzeit.",
    wrong_password: "Das ist nicht Ihr aktuelles Passwort.",
};
