//! `| unpack`: undoes Promtail's `pack`: texts of a JSON object are labels, `_entry` is the
//! line. An object without `_entry` was not packed and stays as it is.

use super::hints::Sink;
use super::json::FAILED;
use super::json::scan::{self, Kind, Members, Problem};
use super::labels::TAKEN_SUFFIX;
use super::sanitize;

/// The key of the line.
const ENTRY: &[u8] = b"_entry";

/// Sets the labels; answers the line that was packed, if there is one.
pub(super) fn run(line: &[u8], sink: &mut Sink<'_>) -> Option<Vec<u8>> {
    if line.is_empty() || sink.hints.is_done(sink.labels) {
        return None;
    }
    if line[0] != b'{' {
        sink.fail(FAILED, "expecting json object(6), but it is not");
        return None;
    }
    match unpacked(line) {
        Ok((mut labels, entry)) => {
            let entry = entry?;
            for (name, _) in &mut labels {
                if sink.labels.is_taken(name) {
                    name.push_str(TAKEN_SUFFIX);
                }
            }
            labels.retain(|(name, _)| sink.is_open(name));
            for (name, raw) in labels {
                sink.labels.set(&sanitize(&name), &scan::text(raw));
            }
            Some(entry)
        }
        Err(problem) => {
            sink.fail(FAILED, problem.as_str());
            None
        }
    }
}

/// Keys with their texts as written, and the line.
type Unpacked<'j> = (Vec<(String, &'j [u8])>, Option<Vec<u8>>);

fn unpacked(line: &[u8]) -> Result<Unpacked<'_>, Problem> {
    let mut labels = Vec::new();
    let mut entry = None;
    for member in Members::of(line) {
        let (key, found) = member?;
        if found.kind != Kind::String {
            continue;
        }
        if key.as_ref() == ENTRY {
            entry = Some(scan::unescape(found.raw).ok_or(Problem::Escape)?);
        } else {
            labels.push((String::from_utf8_lossy(&key).into_owned(), found.raw));
        }
    }
    Ok((labels, entry))
}
