//! What one execution may use.

/// Bounds of one execution. Reaching one is [`crate::Error::Limit`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Templates that call each other, deepest chain.
    pub depth: usize,
    /// Size of the output, and of any single text on the way, in bytes.
    pub output_bytes: usize,
    /// Nodes executed and turns of loops.
    pub steps: u64,
}

impl Default for Limits {
    /// An alert's text has some hundred bytes and steps, and an e-mail of a thousand
    /// alerts some megabytes and a hundred thousand steps; ten times that is a mistake.
    fn default() -> Self {
        Self {
            depth: 100,
            output_bytes: 64 << 20,
            steps: 10_000_000,
        }
    }
}

/// Deepest nesting of actions and parentheses that is parsed.
pub(crate) const NESTING_MAX: usize = 100;

/// Deepest nesting of lists and maps that templates may build.
pub(crate) const VALUE_DEPTH_MAX: u16 = 64;

/// Largest size of a list or map that templates may build, as counted by
/// [`crate::value::List`]: parts that are shared count each time, because they are
/// printed each time.
pub(crate) const VALUE_SIZE_MAX: u64 = 16 << 20;
