//! Lower and upper case, one character for one, as Go's `strings.ToLower` and
//! `strings.ToUpper` do: `ß` stays `ß`, where Rust's own would make `SS`.

/// Every letter in lower case.
pub(super) fn lower(text: &str) -> String {
    text.chars()
        .map(|c| match c {
            // The dotted capital I: two characters by the full mapping.
            '\u{130}' => 'i',
            c => single(c.to_lowercase()).unwrap_or(c),
        })
        .collect()
}

/// Every letter in upper case.
pub(super) fn upper(text: &str) -> String {
    text.chars()
        .map(|c| match c {
            // Greek with iota below: two characters by the full mapping.
            '\u{1f80}'..='\u{1f87}' | '\u{1f90}'..='\u{1f97}' | '\u{1fa0}'..='\u{1fa7}' => {
                char::from_u32(u32::from(c) + 8).unwrap_or(c)
            }
            '\u{1fb3}' | '\u{1fc3}' | '\u{1ff3}' => char::from_u32(u32::from(c) + 9).unwrap_or(c),
            c => single(c.to_uppercase()).unwrap_or(c),
        })
        .collect()
}

/// The only character of `chars`.
fn single(mut chars: impl Iterator<Item = char>) -> Option<char> {
    let first = chars.next();
    if chars.next().is_none() { first } else { None }
}
