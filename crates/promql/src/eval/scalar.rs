//! A scalar: one number for every step.

/// A number for every step; never absent.
#[derive(Debug, Clone)]
pub(crate) enum Scalar {
    /// The same at every step.
    Constant(f64),
    /// One for each step.
    Steps(Vec<f64>),
}

impl Scalar {
    #[inline]
    pub(crate) fn at(&self, step: usize) -> f64 {
        match self {
            Self::Constant(value) => *value,
            Self::Steps(values) => values[step],
        }
    }

    /// All numbers.
    pub(crate) fn iter(&self, steps: usize) -> impl Iterator<Item = f64> + '_ {
        (0..steps).map(|k| self.at(k))
    }

    pub(crate) fn into_column(self, steps: usize) -> Vec<f64> {
        match self {
            Self::Constant(value) => vec![value; steps],
            Self::Steps(values) => values,
        }
    }

    /// `f` of both at every step.
    pub(crate) fn zip(self, other: Self, f: impl Fn(f64, f64) -> f64) -> Self {
        match (self, other) {
            (Self::Constant(a), Self::Constant(b)) => Self::Constant(f(a, b)),
            (Self::Steps(mut a), b) => {
                for (k, a) in a.iter_mut().enumerate() {
                    *a = f(*a, b.at(k));
                }
                Self::Steps(a)
            }
            (Self::Constant(a), Self::Steps(mut b)) => {
                for b in &mut b {
                    *b = f(a, *b);
                }
                Self::Steps(b)
            }
        }
    }

    /// The one value, repeated.
    pub(crate) fn repeat(self) -> Self {
        match self {
            Self::Steps(values) if values.len() == 1 => Self::Constant(values[0]),
            other => other,
        }
    }
}
