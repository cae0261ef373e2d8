//! Prometheus remote write 1.0: a snappy block with a protobuf `WriteRequest`.
//!
//! * [`check_headers`]: what a receiver takes, and the status code for the rest.
//! * [`Decoder`]: from a body straight into a [`Batch`](binnacle_model::Batch).
//! * [`Encoder`]: the sending side.
//!
//! Series with bad labels are refused one by one, with the reason; a body that is
//! no `WriteRequest` is refused as a whole. Native histograms are counted and
//! left out. Remote write 2.0 is not spoken yet: it is answered with 415, which
//! makes senders fall back to 1.0.

mod decode;
mod encode;
mod headers;
mod label_set;

pub use decode::{Decoded, Decoder, RefusedSeries};
pub use encode::Encoder;
pub use headers::{HeaderError, check_headers};
pub use label_set::LabelFault;
