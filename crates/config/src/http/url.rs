//! The parts of a URL, as leniently as Go's `net/url` takes them apart.
//!
//! The `url` crate follows the browsers' standard: it repairs what Go refuses and
//! refuses what Go takes (`localhost:9090`, `/path`). Files that load in Prometheus
//! have to load here, so only the few rules that its checks rest on are here.

/// Scheme and host of a URL; each empty when the text has none.
#[derive(Debug, PartialEq, Eq)]
pub struct Parts<'a> {
    /// Before `://` or `:`.
    pub scheme: &'a str,
    /// With its port, without the user.
    pub host: &'a str,
}

/// Takes `text` apart.
///
/// # Errors
/// When Go would not parse it; the error says why.
pub fn split(text: &str) -> Result<Parts<'_>, String> {
    let refuse = |why: &str| Err(format!("parse {text:?}: {why}"));
    if text.chars().any(char::is_control) {
        return refuse("invalid control character in URL");
    }
    let (scheme, rest) = match split_scheme(text) {
        Ok(parts) => parts,
        Err(why) => return refuse(why),
    };
    let Some(rest) = rest.strip_prefix("//") else {
        if scheme.is_empty()
            && rest
                .split('/')
                .next()
                .is_some_and(|first| first.contains(':'))
        {
            return refuse("first path segment in URL cannot contain colon");
        }
        return Ok(Parts { scheme, host: "" });
    };
    let authority = rest.split(['/', '?', '#']).next().unwrap_or("");
    let host = authority
        .rsplit_once('@')
        .map_or(authority, |(_, host)| host);
    if host.contains([' ', '<', '>', '"']) {
        return refuse("invalid character in host name");
    }
    let after_v6 = host.rsplit_once(']').map_or(host, |(_, port)| port);
    if let Some((_, port)) = after_v6.rsplit_once(':')
        && !port.bytes().all(|b| b.is_ascii_digit())
    {
        return refuse(&format!("invalid port {:?} after host", format!(":{port}")));
    }
    if has_bad_escape(text) {
        return refuse("invalid URL escape");
    }
    Ok(Parts { scheme, host })
}

fn split_scheme(text: &str) -> Result<(&str, &str), &'static str> {
    for (i, b) in text.bytes().enumerate() {
        match b {
            b'a'..=b'z' | b'A'..=b'Z' => {}
            b'0'..=b'9' | b'+' | b'-' | b'.' if i > 0 => {}
            b':' if i == 0 => return Err("missing protocol scheme"),
            b':' => return Ok((&text[..i], &text[i + 1..])),
            _ => break,
        }
    }
    Ok(("", text))
}

fn has_bad_escape(text: &str) -> bool {
    let path = text.split('?').next().unwrap_or("");
    let bytes = path.as_bytes();
    bytes.iter().enumerate().any(|(i, b)| {
        let hex = |at: usize| bytes.get(at).is_some_and(u8::is_ascii_hexdigit);
        *b == b'%' && !(hex(i + 1) && hex(i + 2))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts() {
        let check = |text: &str, scheme: &str, host: &str| {
            assert_eq!(split(text), Ok(Parts { scheme, host }), "{text}");
        };
        check("http://a:80/b?c", "http", "a:80");
        check("https://u:p@[::1]:9/b", "https", "[::1]:9");
        check("localhost:9090", "localhost", "");
        check("/path", "", "");
        check("unix:///var/run/x", "unix", "");
        check("", "", "");
        for bad in [
            ":80",
            "http://a:b",
            "http://a b/",
            "http://a/%zz",
            "a\u{1}",
            "1a:b",
        ] {
            assert!(split(bad).is_err(), "{bad}");
        }
    }
}
