//! Reports panics without the values in their messages, which may be secrets or a user's data.

use std::{
    any::Any,
    io::{self, Write as _},
    panic::{self, PanicHookInfo},
};

/// Reports panics as log events once there is a log, before that on standard error.
pub fn report_without_values() {
    panic::set_hook(Box::new(report));
}

fn report(panic: &PanicHookInfo<'_>) {
    let message = fixed_message(panic.payload());
    let place = panic.location().map(ToString::to_string).unwrap_or_default();
    if tracing::dispatcher::has_been_set() {
        tracing::error!(place, "Panic: {message}");
    } else {
        let _ = writeln!(io::stderr(), "recipes: panic at {place}: {message}; please report it");
    }
}

/// The message of a panic if it is fixed in the source. A message that was formatted contains values.
pub fn fixed_message(payload: &(dyn Any + Send)) -> &str {
    payload
        .downcast_ref::<&str>()
        .copied()
        .unwrap_or("(the message may contain secret values and is not shown)")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message_of(panics: fn()) -> String {
        fixed_message(&*panic::catch_unwind(panics).unwrap_err()).to_owned()
    }

    #[test]
    fn message_with_a_value_is_not_shown() {
        assert_eq!(message_of(|| panic!("a fixed message")), "a fixed message");
        let formatted = message_of(|| panic!("{}", std::hint::black_box("hunter2")));
        assert!(formatted.contains("not shown") && !formatted.contains("hunter2"), "{formatted}");
        let unwrapped = message_of(|| "hunter2".parse::<std::net::IpAddr>().map(drop).unwrap());
        assert!(unwrapped.contains("not shown"), "{unwrapped}");
    }
}
