//! Media types with parameters, and lists of them with weights (RFC 9110).

/// `type/subtype;name=value;...`, names and type in lower case.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct MediaType {
    /// `type/subtype`
    pub(crate) essence: String,
    params: Vec<(String, String)>,
    weight: f64,
}

impl MediaType {
    /// Reads a media type; `None` when there is none.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let mut parts = split_unquoted(text, ';');
        let essence = parts.next()?.trim().to_ascii_lowercase();
        let (kind, subtype) = essence.split_once('/').unwrap_or((&essence, "x"));
        let is_token = |t: &str| {
            !t.is_empty()
                && t.bytes()
                    .all(|b| b.is_ascii_graphic() && !b"()<>@,;:\\\"/[]?=".contains(&b))
        };
        if !is_token(kind) || !is_token(subtype) {
            return None;
        }
        let mut media = Self {
            essence,
            params: Vec::new(),
            weight: 1.0,
        };
        for part in parts {
            let part = part.trim();
            if part.is_empty() {
                continue;
            }
            let (name, value) = part.split_once('=')?;
            let value = value.trim().trim_matches('"').to_owned();
            match name.trim().to_ascii_lowercase().as_str() {
                "q" => media.weight = value.parse().unwrap_or(1.0),
                name => media.params.push((name.to_owned(), value)),
            }
        }
        Some(media)
    }

    /// The value of a parameter.
    pub(crate) fn param(&self, name: &str) -> Option<&str> {
        self.params
            .iter()
            .find(|(n, _)| n == name)
            .map(|(_, v)| v.as_str())
    }
}

/// The ranges of an `Accept` header, heaviest first, else in order; those that
/// cannot be read are left out.
pub(crate) fn accepted(header: &str) -> Vec<MediaType> {
    let mut ranges: Vec<_> = split_unquoted(header, ',')
        .filter_map(MediaType::parse)
        .collect();
    ranges.retain(|r| r.weight > 0.0);
    ranges.sort_by(|a, b| b.weight.total_cmp(&a.weight));
    ranges
}

/// Cuts at `separator` outside of double quotes.
fn split_unquoted(text: &str, separator: char) -> impl Iterator<Item = &str> {
    let mut quoted = false;
    text.split(move |c| {
        if c == '"' {
            quoted = !quoted;
        }
        c == separator && !quoted
    })
}
