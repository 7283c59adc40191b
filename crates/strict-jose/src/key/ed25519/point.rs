//! Checks the public keys of Ed25519.
//!
//! The primitives check a point only when they verify a signature, and accept the eight points of small order, for which one
//! signature fits many messages. These checks run when the key is made. A public key is not secret, so they need not be
//! constant-time.

use crate::key::error::KeyError;

/// Checks that `x`, as [RFC 8032 §5.1.2](https://www.rfc-editor.org/rfc/rfc8032#section-5.1.2) encodes a point, is
/// canonical, on the curve and not of small order.
pub(super) fn check(x: &[u8; 32]) -> Result<(), KeyError> {
    let mut y = Number::from_le_bytes(x);
    y.0[3] &= u64::MAX >> 1; // The last bit is the sign of the other coordinate.
    if y.reduced() != y {
        return Err(KeyError::NotOnCurve);
    }
    if SMALL_ORDER.contains(&y) {
        return Err(KeyError::SmallOrder);
    }
    // §5.1.3: the other coordinate is the root of u/v. It exists if u·v is a square (Euler's criterion), as v is never 0.
    let square = y.times(y);
    let u = square.plus(MINUS_ONE);
    let v = square.times(D).plus(ONE);
    if u.times(v).to_the_half_order().reduced() == ONE { Ok(()) } else { Err(KeyError::NotOnCurve) }
}

/// A number modulo 2²⁵⁵ - 19, least significant digit first, not always reduced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Number([u64; 4]);

const MODULUS: Number = Number([u64::MAX - 18, u64::MAX, u64::MAX, u64::MAX >> 1]);
const ONE: Number = Number([1, 0, 0, 0]);
const MINUS_ONE: Number = Number([u64::MAX - 19, u64::MAX, u64::MAX, u64::MAX >> 1]);

/// The constant of the curve, -121665/121666.
const D: Number =
    Number([0x75eb_4dca_1359_78a3, 0x0070_0a4d_4141_d8ab, 0x8cc7_4079_7779_e898, 0x5203_6cee_2b6f_fe73]);

/// The second coordinates of the points whose order divides 8. Their orders are 4, 1, 2, 8 and 8.
const SMALL_ORDER: [Number; 5] = [
    Number([0; 4]),
    ONE,
    MINUS_ONE,
    Number([0xb027_b2c2_8f95_e826, 0xf098_eff2_89f4_c345, 0x3933_c6d3_05ac_dfd5, 0x05fc_536d_8802_38b1]),
    Number([0x4fd8_4d3d_706a_17c7, 0x0f67_100d_760b_3cba, 0xc6cc_392c_fa53_202a, 0x7a03_ac92_77fd_c74e]),
];

impl Number {
    fn from_le_bytes(bytes: &[u8; 32]) -> Self {
        let (digits, _) = bytes.as_chunks::<8>();
        Self(std::array::from_fn(|i| u64::from_le_bytes(digits[i])))
    }

    fn plus(self, other: Self) -> Self {
        let mut sum = [0; 4];
        let mut carry = false;
        for (i, digit) in sum.iter_mut().enumerate() {
            (*digit, carry) = self.0[i].carrying_add(other.0[i], carry);
        }
        Self(sum).plus_high(u64::from(carry))
    }

    fn times(self, other: Self) -> Self {
        let mut wide = [0; 8];
        for i in 0..4 {
            let mut carry = 0;
            for j in 0..4 {
                (wide[i + j], carry) = self.0[i].carrying_mul_add(other.0[j], wide[i + j], carry);
            }
            wide[i + 4] = carry;
        }
        let mut low = [0; 4];
        let mut carry = 0;
        for (i, digit) in low.iter_mut().enumerate() {
            (*digit, carry) = wide[i + 4].carrying_mul_add(FOLD, wide[i], carry);
        }
        Self(low).plus_high(carry)
    }

    /// Adds `high` times 2²⁵⁶.
    fn plus_high(self, high: u64) -> Self {
        let mut sum = self.0;
        // Each round leaves a smaller carry. The second round leaves a few units at most.
        let mut add = high * FOLD;
        while add > 0 {
            let mut carry;
            (sum[0], carry) = sum[0].carrying_add(add, false);
            for digit in &mut sum[1..] {
                (*digit, carry) = digit.carrying_add(0, carry);
            }
            add = u64::from(carry) * FOLD;
        }
        Self(sum)
    }

    /// Raised to half the order of the multiplicative group, (2²⁵⁵ - 20) / 2. The result is 1 for squares.
    fn to_the_half_order(self) -> Self {
        const HALF: [u64; 4] = [u64::MAX - 9, u64::MAX, u64::MAX, u64::MAX >> 2];
        let mut power = ONE;
        for bit in (0..256).rev() {
            power = power.times(power);
            if HALF[bit / 64] >> (bit % 64) & 1 == 1 {
                power = power.times(self);
            }
        }
        power
    }

    /// The same number below the modulus.
    fn reduced(self) -> Self {
        let mut number = self;
        loop {
            let mut difference = [0; 4];
            let mut borrow = false;
            for (i, digit) in difference.iter_mut().enumerate() {
                (*digit, borrow) = number.0[i].borrowing_sub(MODULUS.0[i], borrow);
            }
            if borrow {
                return number;
            }
            number = Self(difference);
        }
    }
}

/// 2²⁵⁶ modulo 2²⁵⁵ - 19.
const FOLD: u64 = 38;

#[cfg(test)]
mod tests {
    use super::*;

    fn small(y: u8) -> [u8; 32] {
        let mut bytes = [0; 32];
        bytes[0] = y;
        bytes
    }

    /// Each bit tells whether the curve has a point with that y, from y = 2 at the lowest bit. Computed with big integers.
    #[test]
    fn a_point_is_on_the_curve_or_not() {
        const ON_CURVE: u64 = 0xbdf6_476a_dfeb_719e;
        for y in 2..66 {
            let want = if ON_CURVE >> (y - 2) & 1 == 1 { Ok(()) } else { Err(KeyError::NotOnCurve) };
            assert_eq!(check(&small(y)), want, "{y}");
        }
    }

    #[test]
    fn a_point_with_large_coordinates_is_on_the_curve_or_not() {
        #[track_caller]
        fn check_hex(hex: &str, want: Result<(), KeyError>) {
            let bytes = std::array::from_fn(|i| u8::from_str_radix(&hex[2 * i..2 * i + 2], 16).unwrap());
            assert_eq!(check(&bytes), want, "{hex}");
        }
        for on in [
            "d85099095aa300165a67036f9b540d6b8f0be21124179c3dd9f7381767b7884a",
            "b5769fa0f1483f95a90d9df2f130d60fcf04bd93f50ae69514da8c654ef1580a",
            "ccdaebf990d19838b0d7ec0b3e97818ecb96c4dbadbe172296d5234a2159a639",
            "8b15442ee2db611a91bfe39469733a9247d58fa3c55018300372555fe99a7810",
        ] {
            check_hex(on, Ok(()));
        }
        for off in [
            "30e4037458a9905cad87bd4c77e2983f27745ccb9a31052e944cf1b21075d167",
            "fb1b7d3e3f73f414af6e0d935520dd4c2147738606f2bf7ec70209e0e602f72f",
            "e8180a6bd4f43a2afffcd3c12ef890575575e826e2cbeaee82af2c7d3436fa39",
            "977c090af4e146f6d03110ab86efde139eeabac37a0dde8ef2d3b192af090169",
        ] {
            check_hex(off, Err(KeyError::NotOnCurve));
        }
    }

    #[test]
    fn the_other_coordinate_may_have_either_sign() {
        let mut x = small(3);
        assert_eq!(check(&x), Ok(()));
        x[31] |= 0x80;
        assert_eq!(check(&x), Ok(()));
    }
}
