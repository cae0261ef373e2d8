//! The sending side of remote write 1.0.

use binnacle_model::labels::Labels;
use binnacle_model::metadata::Metadata;

use crate::error::WireError;
use crate::proto::{push_bytes, push_double, push_integer, push_varint, varint_len};

/// Collects one request.
#[derive(Debug, Default)]
pub struct Encoder {
    message: Vec<u8>,
    series: Vec<u8>,
}

impl Encoder {
    /// Adds a series; samples are times in milliseconds since the Unix epoch and
    /// values.
    pub fn push(&mut self, labels: &Labels, samples: &[(i64, f64)]) {
        self.push_pairs(labels.iter(), samples);
    }

    /// As [`Self::push`], with labels as they are given, in their order: a
    /// receiver's tests need wrong ones, too.
    pub fn push_pairs<'a>(
        &mut self,
        labels: impl IntoIterator<Item = (&'a str, &'a str)>,
        samples: &[(i64, f64)],
    ) {
        let field_len = |len: usize| 1 + varint_len(len as u64) + len;
        self.series.clear();
        for (name, value) in labels {
            push_varint(&mut self.series, 1 << 3 | 2);
            push_varint(
                &mut self.series,
                (field_len(name.len()) + field_len(value.len())) as u64,
            );
            push_bytes(&mut self.series, 1, name.as_bytes());
            push_bytes(&mut self.series, 2, value.as_bytes());
        }
        for (t_ms, value) in samples {
            push_varint(&mut self.series, 2 << 3 | 2);
            push_varint(&mut self.series, 10 + varint_len(*t_ms as u64) as u64);
            push_double(&mut self.series, 1, *value);
            push_integer(&mut self.series, 2, *t_ms as u64);
        }
        push_bytes(&mut self.message, 1, &self.series);
    }

    /// Adds what a metric family says of itself.
    pub fn push_metadata(&mut self, family: &str, about: &Metadata) {
        let mut entry = Vec::new();
        push_integer(&mut entry, 1, super::decode::kind_number(about.kind));
        push_bytes(&mut entry, 2, family.as_bytes());
        push_bytes(&mut entry, 4, about.help.as_bytes());
        push_bytes(&mut entry, 5, about.unit.as_bytes());
        push_bytes(&mut self.message, 3, &entry);
    }

    /// The message's size before compression, in bytes.
    #[must_use]
    pub fn len(&self) -> usize {
        self.message.len()
    }

    /// Whether nothing was added.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.message.is_empty()
    }

    /// The compressed body; the encoder is empty again.
    ///
    /// # Errors
    /// [`WireError::TooLarge`] beyond what a snappy block can hold (4 GiB).
    pub fn finish(&mut self) -> Result<Vec<u8>, WireError> {
        let body = snap::raw::Encoder::new().compress_vec(&self.message);
        let size = self.message.len() as u64;
        self.message.clear();
        body.map_err(|_| WireError::TooLarge {
            what: "the request",
            size,
            limit: u64::from(u32::MAX),
        })
    }
}
