//! The texts of mails in English.

use super::super::mails::Mails;

pub(super) static MAILS: Mails = Mails {
    verify_subject: "Confirm your e-mail address",
    verify: "This address was given for an account at\n\
        {site}\n\n\
        To confirm that it is yours, open this link within {time}:\n\n\
        {link}\n\n\
        If you did not give this address, do nothing: it stays unconfirmed.\n",
    reset_subject: "Choose a new password",
    reset: "A new password was requested for your account at\n\
        {site}\n\n\
        To choose one, open this link within {time}:\n\n\
        {link}\n\n\
        The link works once. It ends all sessions of your account and deletes its API tokens.\n\n\
        If you did not request this, do nothing: your password stays the same.\n",
    reset_by_admin: "An administrator of\n\
        {site}\n\
        sends you a link to choose a new password for your account.\n\n\
        Open it within {time}:\n\n\
        {link}\n\n\
        The link works once. It ends all sessions of your account and deletes its API tokens.\n\n\
        If you do not open it, your password stays the same.\n",
    invitation_subject: "You are invited",
    invitation: "An administrator invites you to create an account at\n\
        {site}\n\n\
        To create one for this address, open this link within {time}:\n\n\
        {link}\n\n\
        The link works once. If you do not want an account, do nothing.\n",
    minutes: "{} minutes",
    days: "{} days",
};
