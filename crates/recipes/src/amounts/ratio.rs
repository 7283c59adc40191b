//! Exact fractions.

use std::cmp::Ordering;

use serde::Serialize;

/// A non-negative fraction in lowest terms. Calculations that leave the range of 64 bits give `None`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
pub struct Ratio {
    numerator: u64,
    denominator: u64,
}

impl Ratio {
    pub const ONE: Self = Self { numerator: 1, denominator: 1 };

    /// `None` if the denominator is 0.
    pub fn new(numerator: u64, denominator: u64) -> Option<Self> {
        Self::reduced(numerator.into(), denominator.into())
    }

    pub const fn whole(number: u64) -> Self {
        Self { numerator: number, denominator: 1 }
    }

    /// A decimal number: 15 with 1 place is 1.5.
    pub fn decimal(digits: u64, places: u32) -> Option<Self> {
        Self::new(digits, 10_u64.checked_pow(places)?)
    }

    /// Reads a whole number, a decimal number or a fraction: `6`, `1.5`, `3/2`.
    pub fn parse(text: &str) -> Option<Self> {
        if let Some((numerator, denominator)) = text.split_once('/') {
            return Self::new(digits(numerator)?, digits(denominator)?);
        }
        match text.split_once('.') {
            Some((whole, decimals)) => {
                digits(decimals)?;
                digits(whole)?;
                Self::decimal(digits(&format!("{whole}{decimals}"))?, u32::try_from(decimals.len()).ok()?)
            }
            None => digits(text).map(Self::whole),
        }
    }

    fn reduced(numerator: u128, denominator: u128) -> Option<Self> {
        let divisor = greatest_common_divisor(numerator, denominator);
        if denominator == 0 {
            return None;
        }
        let (numerator, denominator) = (numerator / divisor, denominator / divisor);
        Some(Self { numerator: numerator.try_into().ok()?, denominator: denominator.try_into().ok()? })
    }

    pub fn numerator(self) -> u64 {
        self.numerator
    }

    pub fn denominator(self) -> u64 {
        self.denominator
    }

    pub fn is_zero(self) -> bool {
        self.numerator == 0
    }

    pub fn is_whole(self) -> bool {
        self.denominator == 1
    }

    /// The largest whole number that is not greater.
    pub fn floor(self) -> u64 {
        self.numerator / self.denominator
    }

    /// The part above the whole number.
    #[must_use]
    pub fn fraction(self) -> Self {
        Self { numerator: self.numerator % self.denominator, denominator: self.denominator }
    }

    pub fn times(self, other: Self) -> Option<Self> {
        Self::reduced(
            u128::from(self.numerator) * u128::from(other.numerator),
            u128::from(self.denominator) * u128::from(other.denominator),
        )
    }

    pub fn divided_by(self, other: Self) -> Option<Self> {
        Self::reduced(
            u128::from(self.numerator) * u128::from(other.denominator),
            u128::from(self.denominator) * u128::from(other.numerator),
        )
    }

    pub fn plus(self, other: Self) -> Option<Self> {
        let (left, right) = (
            u128::from(self.numerator) * u128::from(other.denominator),
            u128::from(other.numerator) * u128::from(self.denominator),
        );
        Self::reduced(left.checked_add(right)?, u128::from(self.denominator) * u128::from(other.denominator))
    }

    /// The nearest multiple of `step`; of two equally near ones the greater.
    pub fn rounded_to(self, step: Self) -> Option<Self> {
        let steps = self.divided_by(step)?.plus(Self { numerator: 1, denominator: 2 })?;
        step.times(Self::whole(steps.floor()))
    }

    /// The digits and the places of the decimal number, if it has no more places than this.
    pub fn to_decimal(self, max_places: u32) -> Option<(u64, u32)> {
        (0..=max_places).find_map(|places| {
            let scaled = self.times(Self::whole(10_u64.checked_pow(places)?))?;
            scaled.is_whole().then_some((scaled.numerator, places))
        })
    }
}

fn digits(text: &str) -> Option<u64> {
    text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().ok()).flatten()
}

impl PartialOrd for Ratio {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Ratio {
    fn cmp(&self, other: &Self) -> Ordering {
        let left = u128::from(self.numerator) * u128::from(other.denominator);
        left.cmp(&(u128::from(other.numerator) * u128::from(self.denominator)))
    }
}

fn greatest_common_divisor(mut a: u128, mut b: u128) -> u128 {
    while b != 0 {
        (a, b) = (b, a % b);
    }
    a.max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_read_exactly() {
        for (text, value) in [
            ("6", Some((6, 1))),
            ("3/2", Some((3, 2))),
            ("6/4", Some((3, 2))),
            ("1.50", Some((3, 2))),
            ("0", Some((0, 1))),
            ("1/0", None),
            ("-1", None),
            ("+1", None),
            ("", None),
            ("1.", None),
            (".5", None),
            ("1/2/3", None),
            ("1e3", None),
            ("99999999999999999999", None),
        ] {
            let read = Ratio::parse(text).map(|it| (it.numerator, it.denominator));
            assert_eq!(read, value, "{text}");
        }
    }

    #[test]
    fn calculations_are_exact_and_do_not_overflow() {
        let ratio = |text| Ratio::parse(text).unwrap();
        assert_eq!(ratio("1/3").times(ratio("3")), Some(Ratio::ONE));
        assert_eq!(ratio("1/3").plus(ratio("1/6")), Some(ratio("1/2")));
        assert_eq!(ratio("236.59").rounded_to(ratio("5")), Some(ratio("235")));
        assert_eq!(ratio("2.5").rounded_to(ratio("1")), Some(ratio("3")));
        assert_eq!(ratio("1.25").to_decimal(3), Some((125, 2)));
        assert_eq!(ratio("1/3").to_decimal(3), None);
        assert_eq!(Ratio::whole(u64::MAX).times(ratio("2")), None);
        assert!(ratio("1/3") < ratio("1/2"));
    }
}
