//! The sentences of errors, in the languages of the pages.
//!
//! Errors come from the use cases and from the parsers of fields. Those also serve the API and speak English, so the English
//! sentence is what a translation is found by, as with gettext. `{}` stands for an argument, which may be a sentence as well. A
//! sentence that is not listed is shown as it is: the tests look for such sentences. The pages in English have sentences of their
//! own, because those of the API are for programs: "or null if not stated".

macro_rules! messages {
    ($($code:ident = $english:literal;)+) => {
        /// The translated sentences. A missing one does not compile.
        pub(in crate::web) struct Messages {
            $(pub(super) $code: &'static str,)+
        }

        /// Each English sentence, with the code of its translations.
        const SENTENCES: &[Sentence] = &[$(Sentence { english: $english, translated: |m| m.$code },)+];
    };
}

struct Sentence {
    english: &'static str,
    translated: fn(&Messages) -> &'static str,
}

messages! {
    admin_required = "Only administrators can do this";
    amount = "must be a number from {} to {}, or text of 1 to {} characters";
    api_token_not_found = "You have no such API token";
    application_not_found = "No application with this id has access to your account";
    archive_damaged = "is a damaged archive";
    archive_encrypted = "has the entry {}, which is encrypted";
    archive_entries = "has {} entries; at most {} are read";
    archive_in_archive = "is an archive in an archive, which is not read";
    archive_in_archives = "is an archive in an archive in an archive, which is not read";
    archive_kind = "is an archive that cannot be read: {}";
    archive_lies = "the archive unpacks to more than it says";
    archive_link = "has the entry {}, which is a symbolic link";
    archive_none = "is an archive without a recipe";
    archive_outside = "has the entry {}, whose path leads out of the archive";
    archive_ratio = "has the entry {}, which unpacks to more than {} times its size";
    archive_shared = "has entries that share their bytes, as zip bombs do";
    archive_size = "unpacks to more than {} MiB";
    archive_too_much = "the archive unpacks to more than is read";
    archive_unpack = "cannot be unpacked: the archive is damaged";
    body_too_large = "The body may be at most {} bytes";
    body_too_slow = "The body did not arrive in time; send the request again";
    cannot_be_removed = "cannot be removed";
    cooked_date = "must be a date from {} on, such as {}";
    cooked_full = "You have {} entries for this recipe, or {} in all, the most that a user may have; remove one first";
    cooked_note = "must be text of at most {} characters, without control characters";
    cookies_need_https = "cookies=true needs HTTPS: over plain HTTP browsers discard these cookies, except on localhost. {}";
    csv_columns = "has no columns for the title, and ingredients or directions";
    csv_header = "has no line with the names of its columns";
    csv_row = "is a row that is longer than {}";
    cursor_other = "cursor belongs to a list with other filters; repeat the filters of the previous page, or send none to start over";
    cursor_unknown = "cursor is not one of this server; send the nextCursor of the previous page unchanged, or none to start over";
    date = "must be a date, such as {}";
    date_range = "must be from {} to {}";
    days_apart = "from and to can be at most {} days apart";
    days_order = "to must not be before from";
    email = "must be an e-mail address, as in {}";
    email_length = "must be an e-mail address of at most {} bytes";
    email_not_verified = "Verify your e-mail address first, with the link in the mail; you can request the mail again";
    entry_not_found = "You have no such entry";
    exports_busy = "Other exports are running; try again later";
    favourites_full = "You have {} favourites, the most that a user may have; remove one first";
    field_twice = "A field appears twice.";
    fields_invalid = "Some fields are not valid; see errors for each";
    file_damaged = "is damaged: it cannot be unpacked";
    file_long = "is longer than {}";
    file_other = "is {}, not a file of recipes";
    file_unreadable = "cannot be read: {}";
    form_of_other_session = "This form is of an earlier session; go back, load the page again, and send the form again";
    from_date = "from must be a date, such as {}";
    image = "The picture {}";
    image_damaged = "cannot be decoded: {}";
    image_format = "is {}, which cannot be decoded here; send a JPEG, PNG, WebP or GIF";
    image_memory = "needs {} MiB when it is decoded, more than {}";
    image_none = "is no JPEG, PNG, WebP or GIF";
    image_not_found = "There is no such picture";
    image_pixels = "has {} × {} pixels, more than {} million";
    import_account = "is an account; accounts are imported at the command line";
    import_broken_blocks = "{} block(s) of JSON-LD of this page are not valid JSON";
    import_cut = "{} was cut to {} characters";
    import_extra = "extra: values longer than the limit were left out";
    import_first = "{}: the first {} of {} were taken";
    import_invalid = "{} is not valid and was left out";
    import_items = "The request has more than {} items; the rest was not read";
    import_neither = "is neither a recipe, with ingredients, nor a user, with an email and a password";
    import_no_ingredients = "no ingredients were found";
    import_no_name = "has no name";
    import_no_recipe = "has no recipe";
    import_no_steps = "no steps were found";
    import_time = "{} is not a time that can be read: {}";
    import_title = "the recipe has no name; the title of the page was taken";
    in_future = "must be in the future";
    index_behind = "The search index misses the last changes; try again later";
    invalid_link = "is not valid any more; request another mail";
    invitation_not_found = "There is no such open invitation";
    invitations_full = "The limit of open invitations is reached; revoke one first";
    invitations_unusable = "Invitations cannot be used while SIGNUP is closed; the operator must set SIGNUP=invite";
    item_not_found = "There is no such item in your list";
    json_after = "there is more text after the end of the list";
    json_begin = "must begin with [ or {: a JSON array, or NDJSON with one object a line";
    json_broken = "is not valid JSON";
    json_broken_why = "is not valid JSON: {}";
    json_ends = "the file ends before the list does";
    json_missing = "an item is missing here";
    json_no_object = "must be an object: a recipe or a user";
    json_rest = "is not valid JSON; the rest of the file is not read";
    key_reused = "You have used this Idempotency-Key for another request; use a new key for each request";
    label_unknown = "is not a known label";
    label_unknown_near = "is not a known label; did you mean \"{}\"?";
    language_tag = "must be a language tag (BCP 47) as in en, pt-BR or zh-Hans";
    line_of = "must be a text of at most {} characters, without control characters";
    list_length = "must be a list of at most {} items";
    log_in_again = "Unauthorized";
    many_lines = "must be without control characters other than tabs and line ends";
    meal_not_found = "There is no such meal in your plan";
    meals_text = "must be a text";
    method = "This address does not support the method; the Allow header lists the supported ones";
    minutes = "must be a whole number of minutes from {} to {}, or null if not stated";
    name_length = "must be 1 to {} characters";
    no_calendar = "There is no such calendar";
    no_household = "You are in no household";
    no_owner = "This recipe has no owner: only an administrator can change it";
    not_found = "There is nothing at this address";
    not_future = "must not be in the future";
    not_owner = "Only the owner can change this recipe";
    not_ready = "Not ready: {}";
    one_line = "must be one line without control characters";
    one_line_tabs = "must be one line, without control characters other than tabs";
    orphan = "Only administrators delete recipes without an owner for good";
    overloaded = "The service has too much to do at the moment; try again later";
    own_account = "This is your own account; {}";
    page_broken = "has JSON-LD that is not valid JSON, and no other recipe";
    page_failed = "cannot be fetched: {}";
    page_forbidden = "is not fetched: the service may not connect to {}";
    page_no_recipe = "is a web page without a recipe in JSON-LD, microdata or RDFa";
    page_off = "is not fetched: importing from addresses is switched off (URL_IMPORT)";
    page_status = "cannot be fetched: the site answers with the status {}";
    parameter_twice = "The query parameter \"{}\" is given more than once";
    parameter_unknown = "Unknown query parameter \"{}\"; {}";
    password_bytes = "must be at most {} bytes";
    password_bytes_bcrypt = "must be at most {} bytes: bcrypt, the hashing scheme of this server, ignores everything after them";
    password_common = "is a common password; choose another, a few words make a good password";
    password_length = "must be at least {} characters, not {}; a few words make a good password";
    password_nul = "must not contain the character NUL, which ends the password in many programs";
    password_nul_bcrypt = "must not contain the character NUL: bcrypt would end the password there";
    password_pattern = "is a repetition or a sequence; choose another, a few words make a good password";
    password_personal = "is your name, your e-mail address or the name of this site with little added; choose another";
    picture_failed = "a picture was left out: {} cannot be fetched: {}";
    picture_forbidden = "a picture was left out: {} is not fetched: {}";
    picture_left_out = "a picture was left out: {}";
    quota = "Your recipes would exceed your quota: you have {} recipes of {} and {} bytes of {}; {}";
    rating_not_found = "You have not rated this recipe";
    ratings_full = "You have rated {} recipes, the most that a user may rate; remove a rating first";
    read_only = "Your account reads recipes and cannot write any; ask an administrator for the role user";
    recipe_changed = "The recipe has changed since you read it; read it again, then repeat your change";
    recipe_id = "must be the id of a recipe";
    recipe_not_found = "Recipe not found";
    recipe_unreadable = "is not a recipe that you can read";
    refresh_token = "This refresh token is not valid any more; log in again";
    required = "is required";
    required_and = "is required and {}";
    revision_not_found = "There is no such revision of this recipe";
    scale_range = "The recipe can be scaled to at most {} times of what it is, and to at least {}";
    scale_servings = "The recipe does not say for how many people it is: {}";
    scope_email = "see your e-mail address";
    scope_offline = "keep its access while you are away";
    scope_openid = "know that it is you";
    scope_profile = "see your name";
    scope_recipes_read = "read your recipes";
    scope_recipes_write = "create, change and delete your recipes";
    search_building = "The search index is being built: {} of {} recipes; try again after the given time";
    search_gone = "This service has no search";
    servings = "must be a number above 0, at most {}, or null if not stated";
    servings_decimals = "must be a number above 0 and at most {}, with at most three decimals";
    servings_planned = "must be a number above 0 and at most {}";
    session_not_found = "You have no such session";
    session_required = "API tokens cannot do this; log in to get a session token";
    share_not_found = "This link is unknown, expired or revoked";
    shares_full = "The recipe has {} links, the most that it may have; revoke one first";
    source = "must be an object with a name, a url or both";
    step = "must be text, or an object with text and, if you like, section and minutes";
    step_not_found = "The recipe has no such step";
    store_changed = "the files of the database were changed by another program";
    store_closed = "the store was closed";
    store_damaged = "the database is damaged";
    store_disconnected = "the connection to the database is lost, or there is none free";
    store_disk_failed = "the disk failed, or a limit of the size of files was reached";
    store_disk_full = "the disk is full";
    store_failed = "the store failed";
    store_locked = "another process has held the lock for too long";
    store_memory = "there is no memory left";
    store_read_only = "the database is read-only";
    store_slow = "the database did not answer in time";
    text_length = "must be text of 1 to {} characters";
    timed_out = "The request took too long and was cancelled";
    tokens_full = "The limit of API tokens is reached; delete one first";
    true_or_false = "must be true or false";
    uid_taken = "A recipe with the uid of this one was imported since; delete it first";
    unavailable = "The service cannot do this at the moment; try again later";
    unknown_field = "is not a known field";
    unknown_field_near = "is not a known field; did you mean \"{}\"?";
    user_disabled = "This user is disabled; enable the user first";
    user_not_found = "There is no such user";
    visibility = "must be \"public\", \"members\" or \"private\"";
    web_address = "must be a web address as in {}";
    whole_number = "must be a whole number from {} to {}, or null if not stated";
    whole_number_stated = "must be a whole number from {} to {}";
}

impl Messages {
    /// The translation of an English sentence.
    pub(in crate::web) fn translate(&self, sentence: &str) -> Option<String> {
        let found = SENTENCES.iter().filter_map(|known| {
            let arguments = arguments(known.english, sentence)?;
            Some((known, arguments))
        });
        // A sentence may fit several: the one that leaves the least to its arguments says the most.
        let (known, arguments) = found.min_by_key(|(_, arguments)| length(arguments))?;
        let mut text = (known.translated)(self).to_owned();
        for argument in arguments {
            let argument = self.translate(argument).unwrap_or_else(|| argument.to_owned());
            text = text.replacen("{}", &argument, 1);
        }
        Some(text)
    }
}

fn length(arguments: &[&str]) -> usize {
    arguments.iter().map(|argument| argument.len()).sum()
}

/// What stands at each `{}` of the template, if the sentence fits it.
fn arguments<'a>(template: &str, sentence: &'a str) -> Option<Vec<&'a str>> {
    let mut parts = template.split("{}");
    let mut rest = sentence.strip_prefix(parts.next()?)?;
    let mut parts = parts.peekable();
    let mut found = Vec::new();
    while let Some(part) = parts.next() {
        let end = if parts.peek().is_none() {
            rest.len().checked_sub(part.len()).filter(|_| rest.ends_with(part))?
        } else {
            rest.find(part)?
        };
        let (argument, after) = rest.split_at_checked(end)?;
        found.push(argument);
        rest = after.get(part.len()..)?;
    }
    (rest.is_empty() && found.iter().all(|argument| !argument.is_empty())).then_some(found)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::web::languages::Language;

    #[test]
    fn arguments_are_found_where_they_stand() {
        for (template, sentence, found) in [
            ("is required", "is required", Some(vec![])),
            ("from {} to {}", "from 1 to 20", Some(vec!["1", "20"])),
            ("at most {} bytes", "at most 72 bytes", Some(vec!["72"])),
            ("such as {}", "such as 2030-01-31", Some(vec!["2030-01-31"])),
            ("is required", "is required here", None),
            ("from {} to {}", "from 1", None),
            ("at most {} bytes", "at most bytes", None),
            ("such as {}", "such as ", None),
        ] {
            assert_eq!(arguments(template, sentence), found, "{template}: {sentence}");
        }
    }

    #[test]
    fn sentence_inside_a_sentence_is_translated_too() {
        let german = Language::German.text();
        assert_eq!(
            german.message("is required and must be text of 1 to 200 characters"),
            "ist erforderlich und muss ein Text mit 1 bis 200 Zeichen sein"
        );
        assert_eq!(german.message("a sentence without a translation"), "a sentence without a translation");
        assert_eq!(Language::English.text().message("is required"), "is required");
    }

    #[test]
    fn translations_have_no_more_arguments_than_the_sentence() {
        for messages in Language::ALL.iter().map(|language| language.text().messages) {
            for sentence in SENTENCES {
                let translated = (sentence.translated)(messages);
                let count = |text: &str| text.matches("{}").count();
                assert!(
                    !translated.is_empty() && count(translated) <= count(sentence.english),
                    "{translated}"
                );
            }
        }
    }

    #[test]
    fn no_sentence_is_listed_twice() {
        for (place, sentence) in SENTENCES.iter().enumerate() {
            let before = &SENTENCES[..place];
            assert!(before.iter().all(|other| other.english != sentence.english), "{}", sentence.english);
        }
    }

    #[test]
    fn sentences_for_people_have_no_words_of_programs() {
        const WORDS: [&str; 18] = [
            " null",
            "JSON",
            "object",
            "Idempotency",
            " uid",
            " url",
            " id ",
            "cookies=",
            "cursor",
            "query",
            "scale=",
            "DELETE",
            "The body",
            "BCP",
            "NUL",
            "control character",
            "QUOTA_",
            "true or false",
        ];
        for sentence in SENTENCES {
            for language in Language::ALL {
                let text = (sentence.translated)(language.text().messages);
                let found: Vec<_> = WORDS.iter().filter(|word| text.contains(**word)).collect();
                assert!(found.is_empty(), "{language:?}: {found:?} in {text}");
            }
        }
    }
}
