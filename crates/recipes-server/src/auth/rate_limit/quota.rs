//! The limits, their default quotas, and the syntax of the setting `RATE_LIMITS`.

use std::{fmt, str::FromStr, time::Duration};

/// A limit, named by what it counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Limit {
    /// Sign-ups with valid fields, by client address.
    SignUp,
    /// Log-ins for all accounts, by client address.
    LogIn,
    /// Log-ins for one account, by client address.
    Account,
    /// Log-ins for one account from all addresses.
    AccountAnywhere,
    /// Refreshed sessions, by client address.
    Refresh,
    /// Changes of API tokens, passwords and e-mail addresses, by user.
    AccountChange,
    /// Requested password resets and used links of mails, by client address.
    Reset,
    /// Mails of one kind, by recipient.
    Mail,
    /// Codes of devices that a user types, by user.
    Device,
}

impl Limit {
    pub const ALL: [Self; 9] = [
        Self::SignUp,
        Self::LogIn,
        Self::Account,
        Self::AccountAnywhere,
        Self::Refresh,
        Self::AccountChange,
        Self::Reset,
        Self::Mail,
        Self::Device,
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
            Self::Device => "device",
        }
    }

    /// `.env.example` has the reasons.
    const fn default_quota(self) -> Quota {
        match self {
            Self::SignUp => per_minutes(20, 60),
            Self::LogIn => per_minutes(60, 5),
            Self::Account => per_minutes(10, 15),
            Self::AccountAnywhere => per_minutes(100, 60),
            Self::Refresh => per_minutes(300, 5),
            Self::AccountChange => per_minutes(30, 60),
            Self::Reset => per_minutes(60, 60),
            Self::Mail => per_minutes(5, 60),
            Self::Device => per_minutes(5, 10),
        }
    }
}

/// A number of requests in a window of time.
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

const fn per_minutes(requests: u32, minutes: u64) -> Quota {
    Quota::new(requests, Duration::from_mins(minutes))
}

/// In the syntax of the setting: `60/5m`.
impl fmt::Display for Quota {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = self.window.as_secs();
        let (unit, length) =
            UNITS.into_iter().find(|(_, length)| seconds.is_multiple_of(*length)).unwrap_or(("s", 1));
        write!(f, "{}/{}{unit}", self.requests, seconds / length)
    }
}

/// The units of a window and their length in seconds, the longest first.
const UNITS: [(&str, u64); 4] = [("d", 86_400), ("h", 3_600), ("m", 60), ("s", 1)];

/// The quota of every limit; `None`: the limit is off.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quotas([Option<Quota>; Limit::ALL.len()]);

impl Default for Quotas {
    fn default() -> Self {
        Self(Limit::ALL.map(|limit| Some(limit.default_quota())))
    }
}

impl Quotas {
    pub const OFF: Self = Self([None; Limit::ALL.len()]);

    pub fn of(&self, limit: Limit) -> Option<Quota> {
        self.0[limit as usize]
    }
}

/// `off`, or the limits that differ from the defaults: `log-in=100/5m,sign-up=off`.
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
            let (Some(limit), Some(value)) = (limit, Value::parse(quota.trim())) else {
                let names = Limit::ALL.map(Limit::name).join(", ");
                return Err(format!(
                    "{part:?} is not a limit: must be off, or a list as in log-in=60/5m,sign-up=off, with a number of \
                     requests per 1s to 7d; the limits are {names}"
                ));
            };
            quotas.0[limit as usize] = match value {
                Value::Off => None,
                Value::Quota(quota) => Some(quota),
            };
        }
        Ok(quotas)
    }
}

/// The value of one limit in the setting: `off` or `60/5m`.
enum Value {
    Off,
    Quota(Quota),
}

impl Value {
    fn parse(text: &str) -> Option<Self> {
        const WEEK: u64 = 7 * 86_400;
        if text == "off" {
            return Some(Self::Off);
        }
        let (requests, window) = text.split_once('/')?;
        let requests = requests.parse().ok().filter(|requests| (1..=1_000_000_000).contains(requests))?;
        let digits = window.trim_end_matches(|c: char| c.is_ascii_lowercase());
        let (_, length) = UNITS.into_iter().find(|(unit, _)| *unit == &window[digits.len()..])?;
        let count: u64 = if digits.is_empty() { 1 } else { digits.parse().ok()? };
        let seconds = count.checked_mul(length).filter(|seconds| (1..=WEEK).contains(seconds))?;
        Some(Self::Quota(Quota::new(requests, Duration::from_secs(seconds))))
    }
}

/// In the syntax of the setting.
impl fmt::Display for Quotas {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (n, limit) in Limit::ALL.into_iter().enumerate() {
            let comma = if n == 0 { "" } else { "," };
            match self.of(limit) {
                Some(quota) => write!(f, "{comma}{}={quota}", limit.name())?,
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
    fn limits_that_are_not_named_keep_their_default() {
        let quotas: Quotas = "log-in=1000/2h, refresh=off,account=5/d".parse().unwrap();
        assert_eq!(quotas.of(Limit::LogIn), Some(Quota::new(1000, Duration::from_hours(2))));
        assert_eq!(quotas.of(Limit::Account), Some(Quota::new(5, Duration::from_hours(24))));
        assert_eq!(quotas.of(Limit::Refresh), None);
        assert_eq!(quotas.of(Limit::SignUp), Quotas::default().of(Limit::SignUp));
        assert_eq!("".parse(), Ok(Quotas::default()));
        assert_eq!("off".parse(), Ok(Quotas::OFF));
    }

    #[test]
    fn displayed_quotas_parse_to_the_same_quotas() {
        assert!(Quotas::default().to_string().starts_with("sign-up=20/1h,log-in=60/5m,account=10/15m,"));
        for quotas in [Quotas::default(), Quotas::OFF, "sign-up=7/90s,account=off".parse().unwrap()] {
            assert_eq!(quotas.to_string().parse(), Ok(quotas));
        }
    }

    #[test]
    fn invalid_limits_are_refused_with_the_names_of_the_limits() {
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
