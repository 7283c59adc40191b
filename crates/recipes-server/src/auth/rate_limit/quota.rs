//! How much of what: the limits by name, and how the operator writes them.

use std::{fmt, str::FromStr, time::Duration};

/// What is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Limit {
    /// Sign-ups from one place whose fields are valid.
    SignUp,
    /// Log-ins from one place, for whatever account.
    LogIn,
    /// Log-ins for one account from one place.
    Account,
    /// Log-ins for one account from everywhere.
    AccountAnywhere,
    /// Refreshed sessions from one place.
    Refresh,
    /// API tokens, passwords and e-mail addresses that one user makes or changes.
    AccountChange,
    /// Password resets asked for, and links from mails used, from one place.
    Reset,
    /// Mails of one kind to one address.
    Mail,
}

impl Limit {
    pub const ALL: [Self; 8] = [
        Self::SignUp,
        Self::LogIn,
        Self::Account,
        Self::AccountAnywhere,
        Self::Refresh,
        Self::AccountChange,
        Self::Reset,
        Self::Mail,
    ];

    pub fn name(self) -> &'static str {
        match self {
            Self::SignUp => "sign-up",
            Self::LogIn => "log-in",
            Self::Account => "account",
            Self::AccountAnywhere => "account-anywhere",
            Self::Refresh => "refresh",
            Self::AccountChange => "account-change",
            Self::Reset => "reset",
            Self::Mail => "mail",
        }
    }
}

/// So many requests in so much time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quota {
    requests: u32,
    window: Duration,
}

impl Quota {
    pub const fn new(requests: u32, window: Duration) -> Self {
        Self { requests, window }
    }

    pub fn requests(self) -> u32 {
        self.requests
    }

    pub fn window(self) -> Duration {
        self.window
    }
}

/// The quota of every limit; `None`: it does not hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quotas([Option<Quota>; Limit::ALL.len()]);

const fn minutes(requests: u32, minutes: u64) -> Quota {
    Quota::new(requests, Duration::from_mins(minutes))
}

/// `.env.example` has the reasons.
impl Default for Quotas {
    fn default() -> Self {
        let quotas = [
            minutes(20, 60),
            minutes(60, 5),
            minutes(10, 15),
            minutes(100, 60),
            minutes(300, 5),
            minutes(30, 60),
            minutes(60, 60),
            minutes(5, 60),
        ];
        Self(quotas.map(Some))
    }
}

impl Quotas {
    pub const OFF: Self = Self([None; Limit::ALL.len()]);

    pub fn of(&self, limit: Limit) -> Option<Quota> {
        self.0[limit as usize]
    }
}

/// `off`, or the limits that are not as they are by default: `log-in=100/5m,sign-up=off`.
impl FromStr for Quotas {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text.trim() == "off" {
            return Ok(Self::OFF);
        }
        let mut quotas = Self::default();
        for part in text.split(',').map(str::trim).filter(|part| !part.is_empty()) {
            let (name, quota) = part.split_once('=').unwrap_or((part, ""));
            let limit = Limit::ALL.into_iter().find(|limit| limit.name() == name.trim());
            let (Some(limit), Some(quota)) = (limit, read(quota.trim())) else {
                let names = Limit::ALL.map(Limit::name).join(", ");
                return Err(format!(
                    "{part:?} is no limit: must be off, or as in log-in=60/5m,sign-up=off, with a number of requests \
                     per 1s to 7d, of {names}"
                ));
            };
            quotas.0[limit as usize] = quota;
        }
        Ok(quotas)
    }
}

/// `None`: it is not to be understood.
#[expect(clippy::option_option, reason = "what is off is not what cannot be read")]
fn read(text: &str) -> Option<Option<Quota>> {
    const WEEK: u64 = 7 * 86_400;
    if text == "off" {
        return Some(None);
    }
    let (requests, window) = text.split_once('/')?;
    let requests = requests.parse().ok().filter(|requests| (1..=1_000_000_000).contains(requests))?;
    let digits = window.trim_end_matches(|c: char| c.is_ascii_lowercase());
    let unit = match &window[digits.len()..] {
        "s" => 1,
        "m" => 60,
        "h" => 3_600,
        "d" => 86_400,
        _ => return None,
    };
    let count: u64 = if digits.is_empty() { 1 } else { digits.parse().ok()? };
    let seconds = count.checked_mul(unit).filter(|seconds| (1..=WEEK).contains(seconds))?;
    Some(Some(Quota::new(requests, Duration::from_secs(seconds))))
}

/// As it is written in the settings.
impl fmt::Display for Quotas {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (n, limit) in Limit::ALL.into_iter().enumerate() {
            let comma = if n == 0 { "" } else { "," };
            match self.of(limit) {
                Some(quota) => {
                    write!(f, "{comma}{}={}/{}s", limit.name(), quota.requests, quota.window.as_secs())?;
                }
                None => write!(f, "{comma}{}=off", limit.name())?,
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_named_stays_as_it_is() {
        let quotas: Quotas = "log-in=1000/2h, refresh=off,account=5/d".parse().unwrap();
        assert_eq!(quotas.of(Limit::LogIn), Some(Quota::new(1000, Duration::from_hours(2))));
        assert_eq!(quotas.of(Limit::Account), Some(Quota::new(5, Duration::from_hours(24))));
        assert_eq!(quotas.of(Limit::Refresh), None);
        assert_eq!(quotas.of(Limit::SignUp), Quotas::default().of(Limit::SignUp));
        assert_eq!("".parse(), Ok(Quotas::default()));
        assert_eq!("off".parse(), Ok(Quotas::OFF));
    }

    #[test]
    fn what_was_written_is_read_back() {
        for quotas in [Quotas::default(), Quotas::OFF, "sign-up=7/90s,account=off".parse().unwrap()] {
            assert_eq!(quotas.to_string().parse(), Ok(quotas));
        }
    }

    #[test]
    fn anything_else_is_refused_with_the_names() {
        for bad in [
            "on",
            "login=1/s",
            "log-in",
            "log-in=",
            "log-in=0/s",
            "log-in=1",
            "log-in=1/8d",
            "log-in=1/0s",
            "log-in=-1/s",
        ] {
            let why = bad.parse::<Quotas>().unwrap_err();
            assert!(why.contains("account-anywhere") && why.contains("log-in=60/5m"), "{bad}: {why}");
        }
    }
}
