//! Lists of addresses in headers (RFC 5322, 3.4), as far as a mail's `From` and `To`
//! have them: `a@b`, `Name <a@b>`, `"Name, with comma" <a@b>`, comments.
//!
//! Deliberately not here: groups (`team: a@b, c@d;`), and routes of RFC 822.

/// The addresses of a list, without names.
///
/// # Errors
/// When the list is empty or an element has no address; the error says which.
pub(super) fn parse_list(text: &str) -> Result<Vec<String>, String> {
    let mut addresses = Vec::new();
    for element in split(text)? {
        let element = element.trim();
        if !element.is_empty() {
            addresses.push(parse(element)?);
        }
    }
    if addresses.is_empty() {
        return Err("mail: no address".to_owned());
    }
    Ok(addresses)
}

/// Elements between commas that stand outside quotes, brackets and comments; comments
/// are left out.
fn split(text: &str) -> Result<Vec<String>, String> {
    let mut elements = Vec::new();
    let mut element = String::new();
    let mut comments = 0u32;
    let (mut quoted, mut angle) = (false, false);
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        match c {
            '\\' if quoted || comments > 0 => {
                let escaped = chars.next().unwrap_or_default();
                if quoted {
                    element.extend([c, escaped]);
                }
                continue;
            }
            '"' if comments == 0 => quoted = !quoted,
            '(' if !quoted => comments += 1,
            ')' if !quoted && comments > 0 => {
                comments -= 1;
                continue;
            }
            '<' if !quoted && comments == 0 => angle = true,
            '>' if !quoted && comments == 0 => angle = false,
            ',' if !quoted && !angle && comments == 0 => {
                elements.push(std::mem::take(&mut element));
                continue;
            }
            _ => {}
        }
        if comments == 0 {
            element.push(c);
        }
    }
    if quoted || angle || comments > 0 {
        return Err(format!(
            "mail: unclosed quote, bracket or comment in {text:?}"
        ));
    }
    elements.push(element);
    Ok(elements)
}

fn parse(element: &str) -> Result<String, String> {
    let refuse = |why: &str| Err(format!("mail: {why} in {element:?}"));
    let address = match element.rfind('<') {
        Some(open) => match element[open + 1..].strip_suffix('>') {
            Some(_) if !is_phrase(&element[..open]) => return refuse("no name"),
            Some(address) => address.trim(),
            None => return refuse("text behind the address"),
        },
        None => element,
    };
    let Some((local, domain)) = address.rsplit_once('@') else {
        return refuse("missing '@' or angle-addr");
    };
    let quoted = local.len() > 1 && local.starts_with('"') && local.ends_with('"');
    let local_fits = !local.is_empty()
        && (quoted || !local.contains(|c: char| is_special(c) || c == '@'))
        && !local.contains(char::is_control);
    let literal = domain.starts_with('[') && domain.ends_with(']');
    let domain_fits = !domain.is_empty()
        && !domain.contains(|c: char| c.is_control() || c.is_whitespace())
        && (literal || !domain.contains(is_special));
    if local_fits && domain_fits {
        Ok(address.to_owned())
    } else {
        refuse("no addr-spec")
    }
}

/// Whether `name` may stand before an address in brackets: words and quoted text.
fn is_phrase(name: &str) -> bool {
    let plain = name.split('"').step_by(2);
    plain.into_iter().all(|words| {
        !words.contains(|c: char| c != ' ' && c != '\t' && (is_special(c) || c == '@'))
    })
}

/// Characters that no plain part of an address has; `.` is one of its own.
fn is_special(c: char) -> bool {
    c.is_whitespace() || c.is_control() || "()<>[]:;\\,\"".contains(c)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists() {
        let check = |text: &str, want: &[&str]| {
            let want: Vec<String> = want.iter().map(|s| (*s).to_owned()).collect();
            assert_eq!(parse_list(text), Ok(want), "{text}");
        };
        check("a@b", &["a@b"]);
        check(" a@b.c , d+e@f ", &["a@b.c", "d+e@f"]);
        check(
            "Ops <ops@x.y>, \"On, Call\" <oc@x.y>",
            &["ops@x.y", "oc@x.y"],
        );
        check(
            "a@b (the , first), c@[127.0.0.1]",
            &["a@b", "c@[127.0.0.1]"],
        );
        check("\"odd \\\" one\"@b", &["\"odd \\\" one\"@b"]);
        check("用户@例え.jp", &["用户@例え.jp"]);
        for bad in [
            "",
            ",",
            "a",
            "a@",
            "@b",
            "a@b>c",
            "<a@b> c",
            "a b@c",
            "a@b\r\nRCPT TO:<x@y>",
            "<a@b",
            "\"a@b",
            "a@b c@d",
            "(a@b",
        ] {
            assert!(parse_list(bad).is_err(), "{bad:?}");
        }
    }
}
