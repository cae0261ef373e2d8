//! What became of an episode: what changes while it lasts, and behind it.
//!
//! One byte of flags for each, and behind it what the flags say is there; times are
//! relative to the start of the episode. An episode of which nothing is known yet is one
//! byte.

use binnacle_model::alert::{Acknowledgement, Judgement};
use binnacle_stdx::bits::{Bytes, put_varint, put_varint_signed};

const RESOLVED: u8 = 1;
const NOTIFIED: u8 = 2;
const ACKNOWLEDGED: u8 = 4;
const ASSIGNED: u8 = 8;
const USEFUL: u8 = 16;
const FALSE_POSITIVE: u8 = 32;

/// What became of an episode. The default: it has begun.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct Fate {
    pub(crate) resolved_ms: Option<i64>,
    pub(crate) notified_ms: Option<i64>,
    pub(crate) acknowledged: Option<Acknowledgement>,
    pub(crate) assigned_to: Option<String>,
    pub(crate) judgement: Option<Judgement>,
}

impl Fate {
    /// Appends it.
    pub(super) fn encode(&self, started_ms: i64, out: &mut Vec<u8>) {
        let flag = |is: bool, flag: u8| if is { flag } else { 0 };
        out.push(
            flag(self.resolved_ms.is_some(), RESOLVED)
                | flag(self.notified_ms.is_some(), NOTIFIED)
                | flag(self.acknowledged.is_some(), ACKNOWLEDGED)
                | flag(self.assigned_to.is_some(), ASSIGNED)
                | match self.judgement {
                    None => 0,
                    Some(Judgement::Useful) => USEFUL,
                    Some(Judgement::FalsePositive) => FALSE_POSITIVE,
                },
        );
        for at_ms in [self.resolved_ms, self.notified_ms].into_iter().flatten() {
            put_varint_signed(out, at_ms.wrapping_sub(started_ms));
        }
        if let Some(said) = &self.acknowledged {
            put_varint_signed(out, said.at_ms.wrapping_sub(started_ms));
            put_varint_signed(out, said.until_ms);
            put_text(out, &said.by);
            put_text(out, &said.comment);
            put_text(out, &said.via);
        }
        if let Some(to) = &self.assigned_to {
            put_text(out, to);
        }
    }

    /// Reads one; `None` when it is damaged.
    pub(super) fn decode(bytes: &mut Bytes<'_>, started_ms: i64) -> Option<Self> {
        let flags = bytes.u8()?;
        let mut time = |flag: u8| {
            if flags & flag == 0 {
                return Some(None);
            }
            Some(Some(bytes.varint_signed()?.wrapping_add(started_ms)))
        };
        let (resolved_ms, notified_ms) = (time(RESOLVED)?, time(NOTIFIED)?);
        let acknowledged = if flags & ACKNOWLEDGED == 0 {
            None
        } else {
            Some(Acknowledgement {
                at_ms: bytes.varint_signed()?.wrapping_add(started_ms),
                until_ms: bytes.varint_signed()?,
                by: take_text(bytes)?,
                comment: take_text(bytes)?,
                via: take_text(bytes)?,
            })
        };
        let assigned_to = if flags & ASSIGNED == 0 {
            None
        } else {
            Some(take_text(bytes)?)
        };
        Some(Self {
            resolved_ms,
            notified_ms,
            acknowledged,
            assigned_to,
            judgement: match flags & (USEFUL | FALSE_POSITIVE) {
                0 => None,
                USEFUL => Some(Judgement::Useful),
                FALSE_POSITIVE => Some(Judgement::FalsePositive),
                _ => return None,
            },
        })
    }
}

pub(super) fn put_text(out: &mut Vec<u8>, text: &str) {
    put_varint(out, text.len() as u64);
    out.extend_from_slice(text.as_bytes());
}

pub(super) fn take_text(bytes: &mut Bytes<'_>) -> Option<String> {
    take_str(bytes).map(str::to_owned)
}

pub(super) fn take_str<'a>(bytes: &mut Bytes<'a>) -> Option<&'a str> {
    let len = usize::try_from(bytes.varint()?).ok()?;
    std::str::from_utf8(bytes.take(len)?).ok()
}
