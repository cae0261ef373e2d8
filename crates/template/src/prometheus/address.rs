//! `host:port`, taken apart as Go's `net` package does it.

use std::net::IpAddr;

/// Host and port; `None` when there is no port, or colons that are not in brackets.
fn split(text: &str) -> Option<(&str, &str)> {
    let colon = text.rfind(':')?;
    let (host, before, after) = if let Some(inner) = text.strip_prefix('[') {
        let end = inner.find(']')? + 1;
        if end + 1 != colon {
            return None;
        }
        (&text[1..end], &text[1..], &text[end + 1..])
    } else {
        let host = &text[..colon];
        if host.contains(':') {
            return None;
        }
        (host, text, text)
    };
    if before.contains('[') || after.contains(']') {
        return None;
    }
    Some((host, &text[colon + 1..]))
}

/// The text without a port.
#[must_use]
pub(super) fn strip_port(text: &str) -> &str {
    split(text).map_or(text, |(host, _)| host)
}

/// The first part of a host's name, with the port; addresses stay as they are.
#[must_use]
pub(super) fn strip_domain(text: &str) -> String {
    let (host, port) = split(text).unwrap_or((text, ""));
    if host.parse::<IpAddr>().is_ok() {
        return text.to_owned();
    }
    let first = host.split('.').next().unwrap_or(host);
    if port.is_empty() {
        return first.to_owned();
    }
    if first.contains(':') {
        return format!("[{first}]:{port}");
    }
    format!("{first}:{port}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ports_and_domains_are_cut_off() {
        let check = |text: &str, port: &str, domain: &str| {
            assert_eq!(strip_port(text), port, "{text}");
            assert_eq!(strip_domain(text), domain, "{text}");
        };
        check("foo.example.com:12345", "foo.example.com", "foo:12345");
        check("foo.example.com", "foo.example.com", "foo");
        check("192.0.2.1:12345", "192.0.2.1", "192.0.2.1:12345");
        check("[2001:db8::1]:12345", "2001:db8::1", "[2001:db8::1]:12345");
        check("2001:db8::1", "2001:db8::1", "2001:db8::1");
        check("[2001:db8::1]", "[2001:db8::1]", "[2001:db8::1]");
        check(
            "[2001:db8::1]::12345",
            "[2001:db8::1]::12345",
            "[2001:db8::1]::12345",
        );
        check(":80", "", ":80");
        check("a]:1", "a]:1", "a]:1");
    }
}
