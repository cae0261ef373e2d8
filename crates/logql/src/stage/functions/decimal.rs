//! Decimals of as many digits as fit into 128 bits. What does not fit is calculated in
//! floats by the caller.

/// `digits / 10^places`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Decimal {
    digits: i128,
    places: u32,
}

/// Places that a quotient has.
const QUOTIENT_PLACES: u32 = 16;

impl Decimal {
    /// The shortest decimal that is this float.
    pub(super) fn of(value: f64) -> Option<Self> {
        if !value.is_finite() {
            return None;
        }
        let text = value.to_string();
        let (whole, part) = text.split_once('.').unwrap_or((&text, ""));
        Some(Self {
            digits: format!("{whole}{part}").parse().ok()?,
            places: u32::try_from(part.len()).ok()?,
        })
    }

    pub(super) fn plus(self, other: Self) -> Option<Self> {
        let places = self.places.max(other.places);
        Some(Self {
            digits: self.scaled(places)?.checked_add(other.scaled(places)?)?,
            places,
        })
    }

    pub(super) fn minus(self, other: Self) -> Option<Self> {
        self.plus(Self {
            digits: other.digits.checked_neg()?,
            ..other
        })
    }

    pub(super) fn times(self, other: Self) -> Option<Self> {
        Some(Self {
            digits: self.digits.checked_mul(other.digits)?,
            places: self.places.checked_add(other.places)?,
        })
    }

    /// To sixteen places, halves away from zero.
    pub(super) fn over(self, other: Self) -> Option<Self> {
        let places = QUOTIENT_PLACES.checked_add(other.places)?;
        let (mut top, mut by) = (self.digits, other.digits);
        match places.checked_sub(self.places) {
            Some(more) => top = top.checked_mul(power(more)?)?,
            None => by = by.checked_mul(power(self.places - places)?)?,
        }
        let quotient = top.checked_div(by)?;
        let rest = top.checked_rem(by)?;
        let is_up = rest.unsigned_abs() >= by.unsigned_abs() - rest.unsigned_abs();
        let away = if (top < 0) == (by < 0) { 1 } else { -1 };
        Some(Self {
            digits: quotient + if is_up { away } else { 0 },
            places: QUOTIENT_PLACES,
        })
    }

    pub(super) fn value(self) -> f64 {
        // The text of a decimal is one of a float.
        format!("{}e-{}", self.digits, self.places)
            .parse()
            .unwrap_or(0.0)
    }

    fn scaled(self, places: u32) -> Option<i128> {
        self.digits.checked_mul(power(places - self.places)?)
    }
}

fn power(places: u32) -> Option<i128> {
    10_i128.checked_pow(places)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decimals_are_exact() {
        let of = |v| Decimal::of(v).expect("a decimal");
        let value = |d: Option<Decimal>| d.expect("a decimal").value();
        assert_eq!(value(of(0.1).plus(of(0.2))), 0.3);
        assert_eq!(value(of(1.0).minus(of(0.9))), 0.1);
        assert_eq!(value(of(1.1).times(of(1.1))), 1.21);
        assert_eq!(value(of(1.0).over(of(3.0))), 0.333_333_333_333_333_3);
        assert_eq!(value(of(-2.0).over(of(3.0))), -0.666_666_666_666_666_7);
        assert_eq!(of(1.0).over(of(0.0)), None);
        assert_eq!(Decimal::of(1e300), None);
        assert_eq!(Decimal::of(f64::NAN), None);
    }
}
