//! The texts of mails in German.

use super::super::mails::Mails;

pub(super) static MAILS: Mails = Mails {
    verify_subject: "Bestätigen Sie Ihre E-Mail-Adresse",
    verify: "Diese Adresse wurde für ein Konto angegeben bei\n\
        {site}\n\n\
        Um zu bestätigen, dass sie Ihnen gehört, öffnen Sie diesen Link innerhalb von\n\
        {time}:\n\n\
        {link}\n\n\
        Wenn Sie diese Adresse nicht angegeben haben, tun Sie nichts: Sie bleibt\n\
        unbestätigt.\n",
    reset_subject: "Wählen Sie ein neues Passwort",
    reset: "Für Ihr Konto wurde ein neues Passwort angefordert bei\n\
        {site}\n\n\
        Um eines zu wählen, öffnen Sie diesen Link innerhalb von {time}:\n\n\
        {link}\n\n\
        Der Link gilt einmal. Er beendet alle Sitzungen Ihres Kontos und löscht seine\n\
        API-Tokens.\n\n\
        Wenn Sie das nicht angefordert haben, tun Sie nichts: Ihr Passwort bleibt\n\
        dasselbe.\n",
    reset_by_admin: "Die Administration von\n\
        {site}\n\
        sendet Ihnen einen Link, mit dem Sie ein neues Passwort für Ihr Konto wählen.\n\n\
        Öffnen Sie ihn innerhalb von {time}:\n\n\
        {link}\n\n\
        Der Link gilt einmal. Er beendet alle Sitzungen Ihres Kontos und löscht seine\n\
        API-Tokens.\n\n\
        Wenn Sie ihn nicht öffnen, bleibt Ihr Passwort dasselbe.\n",
    invitation_subject: "Sie sind eingeladen",
    invitation: "Die Administration lädt Sie ein, ein Konto anzulegen bei\n\
        {site}\n\n\
        Um eines für diese Adresse anzulegen, öffnen Sie diesen Link innerhalb von\n\
        {time}:\n\n\
        {link}\n\n\
        Der Link gilt einmal. Wenn Sie kein Konto möchten, tun Sie nichts.\n",
    minutes: "{} Minuten",
    days: "{} Tagen",
};
