//! Targets within this process: scraped as any other, but without a connection.

/// Something in this process that has metrics.
pub trait InternalTarget: Send + Sync {
    /// Appends the metrics as they are now to `out`, in the Prometheus text
    /// format 0.0.4. Called on a thread that may block for a moment; not called
    /// twice at the same time by one scrape loop.
    fn render(&self, out: &mut Vec<u8>);
}
