//! Elasticsearch's bulk bodies, and the answer to them.
//!
//! * [`decode_bulk`]: lines of actions and documents into a batch, and one [`Item`] for each
//!   action, in order.
//! * [`push_answer`]: what the sender is told, item by item.
//!
//! `index` and `create` store a document; logs cannot be updated or deleted, and such items
//! are refused one by one. The index's name becomes the label `index`, without the date that
//! shippers append, so that a stream does not end at midnight.

mod answer;
mod decode;

pub use answer::push_answer;
pub use decode::{Fault, Item, decode_bulk, decode_document, default_rules, index_label};
