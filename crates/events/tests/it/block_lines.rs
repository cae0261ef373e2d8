//! Lines for blocks: of the usual formats, and hostile ones; and what plain parsers find
//! in them.

use binnacle_stdx::random::Random;
use serde_json::Value as Json;

use crate::block::Value;

/// 2026-12-01T08:15:02.123456789Z.
pub const START_NS: i64 = 1_796_112_902_123_456_789;

/// Kinds of lines.
pub const KINDS: usize = 9;

/// A line of a kind, written `at_ns` after the start.
pub fn line(kind: usize, at_ns: i64, r: &mut Random) -> Vec<u8> {
    let ms = (START_NS + at_ns) / 1_000_000 % 1_000;
    let us = (START_NS + at_ns) / 1_000 % 1_000_000;
    let time = format!("2026-12-01T08:15:02.{ms:03}Z");
    let id = format!("{:016x}{:016x}", r.next_u64(), r.next_u64());
    let user = r.below(500);
    let word = *r.pick(&["alpha", "beta", "gamma", "delta", "epsilon"]);
    let text = match kind {
        0 => json(&time, &id, user, word, r),
        1 => format!(
            "ts={time} level={} msg=\"{word} took {}ms\" trace_id={id} amount={}.{:02} k={}",
            r.pick(&["info", "debug"]),
            r.below(3000),
            r.below(99),
            r.below(100),
            if r.one_in(5) { "" } else { word },
        ),
        2 => format!(
            "10.{}.{}.7 - - [01/Dec/2026:08:15:02 +0000] \"GET /{word}/{user}?q={word} HTTP/1.1\" \
             {} {} \"-\" \"Mozilla/5.0 ({word})\" rt=0.{:03}",
            r.below(256),
            r.below(256),
            r.pick(&[200, 304, 500]),
            r.below(50_000),
            r.below(1000),
        ),
        3 => java(ms, &id, user, word, r),
        4 => format!(
            "{}1201 08:15:02.{us:06}    1873 {word}.go:{}] \"Probe {}\" pod=\"shop/{word}-{:05x}\" \
             uid=\"{:08x}-{:04x}\"",
            r.pick(&["I", "W", "E"]),
            r.below(400),
            r.pick(&["succeeded", "failed"]),
            r.below(1 << 20),
            r.below(1 << 32),
            r.below(1 << 16),
        ),
        5 => {
            // Words that vary, with nothing in common.
            let word = |r: &mut Random| -> String {
                let len = 1 + r.below(9);
                (0..len)
                    .map(|_| char::from(b'a' + r.below(26) as u8))
                    .collect()
            };
            let words: Vec<String> = (0..r.below(12)).map(|_| word(r)).collect();
            words.join(*r.pick(&[" ", ", ", "=", "\t", ""]))
        }
        6 => {
            let mut bytes = vec![0; r.below(40) as usize];
            r.fill(&mut bytes);
            return bytes;
        }
        7 => (*r.pick(&["", "x", "-", "0", "00", "{}", "a=", "=", "\"", "same line"])).to_owned(),
        _ => format!(
            "{}é{word}{}ms v{} {:X} {}",
            r.below(40),
            r.below(2000),
            r.below(3),
            r.next_u64(),
            "a ".repeat(r.below(120) as usize)
        ),
    };
    text.into_bytes()
}

fn json(time: &str, id: &str, user: u64, word: &str, r: &mut Random) -> String {
    let extra = match r.below(6) {
        0 => format!(",\"error\":\"timeout after {}ms\"", r.below(900)),
        1 => ",\"tags\":[1,\"x\"],\"nothing\":null".to_owned(),
        2 => format!(",\"a\":{{\"b\":\"{word}\\n{user}\"}}"),
        _ => String::new(),
    };
    format!(
        "{{\"time\":\"{time}\",\"level\":\"{}\",\"msg\":\"GET /api/v1/{word}/{user} \\\"ok\\\"\",\
         \"status\":{},\"duration_ms\":{:.2},\"user_id\":\"u{user}\",\"trace_id\":\"{id}\"{extra}}}",
        r.pick(&["info", "warn", "error"]),
        r.pick(&[200, 201, 404, 500]),
        r.unit() * 100.0,
    )
}

fn java(ms: i64, id: &str, user: u64, word: &str, r: &mut Random) -> String {
    let (level, message) = match r.below(4) {
        0 => (
            "INFO ",
            format!("c.e.Order : Order {user} of {word} accepted"),
        ),
        1 => {
            let (hits, misses) = (r.below(999), r.below(99));
            ("WARN ", format!("c.e.Cache : {hits} hits, {misses} misses"))
        }
        2 => (
            "ERROR",
            format!("c.e.Http : failed\n\tat {word}.java:{user})\n\tat x.y(Z.java:12)"),
        ),
        _ => ("INFO ", format!("c.e.Id : id {id}")),
    };
    format!(
        "2026-12-01 08:15:02,{ms:03} {level} [main-{}] {message}",
        r.below(9)
    )
}

/// Lines that are easily got wrong.
pub fn hostile() -> Vec<Vec<u8>> {
    let mut lines: Vec<Vec<u8>> = [
        "",
        " ",
        "\n",
        "\0",
        "\\",
        "\"",
        "{",
        "}",
        "{}",
        "[]",
        "null",
        "0",
        "-0",
        "00",
        "{\"a\"}",
        r#"{"a":1,"a":2}"#,
        r#"{"a":{"b":1},"a":{"c":2}}"#,
        r#"{"a_b":1,"a":{"b":2}}"#,
        r#"{"a":"\u0041\ud83d\ude00"}"#,
        r#"{"a":"\ud83d"}"#,
        r#"{"a":"x\"y\\"}"#,
        r#"{"a":"\/"}"#,
        r#"{"a":1e400}"#,
        r#"{"a":1E5,"b":-0.0}"#,
        r#"{"a":01}"#,
        r#"{"a":1.}"#,
        r#"{"a":123456789012345678901234567890}"#,
        r#"{"a":0.10,"b":1.0}"#,
        r#"{"a":-0,"b":-1}"#,
        r#"{"a":18446744073709551615,"b":9223372036854775808}"#,
        r#"{"a":0.00001,"b":1e-5}"#,
        r#" { "a" : 1 , "b" : "x" } "#,
        r#"{"a":[1,{"b":"]"}],"b":{}}"#,
        r#"{"a":[}"#,
        r#"{"a":"b"}x"#,
        r#"{"a":"b""#,
        r#"{"é":1,"a b":"c","0":true}"#,
        r#"{"":1}"#,
        r#"{"a":true,"b":false,"k":null}"#,
        r#"{"a":nul}"#,
        "{\"a\":\"\t\"}",
        "{\"a\":\"\u{7f}\"}",
        "{\"a\":\"\u{fffd}\"}",
        r#"{"a":"","b":""}"#,
        r#"{"level":"x","status":"y"}"#,
        "a=b",
        "a=b a=c",
        "a=",
        "a= b=",
        "a=\"\"",
        "a=\"b",
        "a=\"b\"c",
        "a=b=c",
        "=b",
        "a b=c",
        "a=\"x\\\"y\" b=\"\\n\"",
        "a=1  b=2 ",
        " a=1",
        "a.b=1 a_b=2",
        "a=é b=\"é\"",
        "0=x",
        "a=\u{fffd}",
        "a=x\u{1}",
        "level=info status=200",
        "2026-02-30T00:00:00Z a",
        "2026-12-01T08:15:02.123456789Zé",
        "0000-00-00 00:00:00",
        "9999-12-31T23:59:59.999Z x",
        "E1301 08:15:02.5 x",
        "I0229 08:15:02.123456 x",
        "31/Feb/2026:08:15:02 +0000",
        "1 2 3 4 5 6 7",
        "-1 -2",
        "0x1f 1f 1F",
        "abcdef0123456789 ABCDEF0123456789",
        "aBcDeF0123456789",
        "1.2.3.4:80",
        "...",
        "1..2",
        ".1",
        "1.",
        "99999999999999999999",
        "\u{feff}x",
        "é",
        "日本語 ログ 123",
        "a\u{0}b\u{0}c",
        "\r\n",
        "x\r",
        "\t\t",
    ]
    .iter()
    .map(|l| l.as_bytes().to_vec())
    .collect();
    lines.push(vec![0xff; 9]);
    lines.push(b"{\"a\":\"\xff\"}".to_vec());
    lines.push(b"a=\xff b=1".to_vec());
    lines.push((0..=255).collect());
    lines.push(b"x ".repeat(3000));
    lines.push([b"{\"a\":".repeat(40), b"1".to_vec(), b"}".repeat(40)].concat());
    lines.push(vec![b'a'; 70_000]);
    let pairs: Vec<String> = (0..300).map(|i| format!("\"k{i}\":{i}")).collect();
    lines.push(format!("{{{}}}", pairs.join(",")).into_bytes());
    lines
}

/// A value of a field.
pub fn value(r: &mut Random) -> Value {
    match r.below(8) {
        0 => Value::Int(r.below(100) as i64),
        1 => Value::Int(r.next_u64() as i64),
        2 => Value::Float(r.unit()),
        3 => Value::Float(f64::NAN),
        4 => Value::Bool(r.one_in(2)),
        5 => Value::Text(format!("{:032x}", u128::from(r.next_u64())).into_bytes()),
        6 => Value::Text(vec![b'a', 0xff, b'\n']),
        _ => Value::Text((*r.pick(&["info", "error", "", "42", "4.5"])).into()),
    }
}

/// The fields of a row.
pub fn fields(r: &mut Random) -> Vec<(String, Value)> {
    let mut fields = Vec::new();
    for name in ["level", "trace_id", "rare", "n"] {
        let chance = if name == "rare" { 50 } else { 2 };
        if r.one_in(chance) {
            fields.push((name.to_owned(), value(r)));
        }
    }
    fields
}

fn sanitize(key: &str) -> String {
    let key = key.trim();
    let zero = key.starts_with(|c: char| c.is_ascii_digit());
    format!("{}{}", if zero { "_" } else { "" }, plain(key))
}

fn plain(key: &str) -> String {
    let clean = |c: char| match c.is_ascii_alphanumeric() || c == '_' {
        true => c,
        false => '_',
    };
    key.chars().map(clean).collect()
}

/// What `| json` finds, or an error.
pub fn json_value(line: &[u8], label: &str) -> Result<Option<String>, String> {
    let parsed: Json = serde_json::from_slice(line).map_err(|e| e.to_string())?;
    let Json::Object(object) = parsed else {
        return Err("it is no object".to_owned());
    };
    let mut found = Vec::new();
    for (key, value) in &object {
        flatten(sanitize(key), value, &mut found);
    }
    // Lines that have twins are unknown to the block.
    Ok(found.into_iter().find(|(l, _)| l == label).map(|(_, v)| v))
}

/// What `| json x="key"` finds, or an error.
pub fn json_key_value(line: &[u8], key: &str) -> Result<Option<String>, String> {
    let parsed: Json = serde_json::from_slice(line).map_err(|e| e.to_string())?;
    let Json::Object(object) = parsed else {
        return Err("it is no object".to_owned());
    };
    Ok(match object.get(key) {
        None => None,
        Some(Json::String(text)) => Some(text.replace('\u{fffd}', " ")),
        Some(other) => Some(other.to_string()),
    })
}

fn flatten(name: String, value: &Json, found: &mut Vec<(String, String)>) {
    match value {
        Json::Object(object) => {
            for (key, value) in object {
                flatten(format!("{name}_{}", plain(key)), value, found);
            }
        }
        Json::Array(_) | Json::Null => {}
        Json::String(text) => found.push((name, text.replace('\u{fffd}', " "))),
        other => found.push((name, other.to_string())),
    }
}

/// What `| logfmt` finds, or an error: nothing where the value is empty.
pub fn logfmt_value(line: &[u8], label: &str) -> Result<Option<String>, String> {
    let text = String::from_utf8_lossy(line);
    let mut rest = text.trim_start_matches(|c| c <= ' ');
    while !rest.is_empty() {
        let end = rest.find(|c: char| c <= ' ' || c == '=' || c == '"');
        let (key, mut behind) = rest.split_at(end.unwrap_or(rest.len()));
        let mut value = String::new();
        if let Some(quoted) = behind.strip_prefix("=\"") {
            let mut end = 0;
            while !quoted[end..].starts_with('"') {
                let escapes = quoted[end..].starts_with('\\');
                let mut chars = quoted[end..].chars();
                for _ in 0..1 + usize::from(escapes) {
                    end += chars.next().ok_or("unterminated")?.len_utf8();
                }
            }
            let raw = &quoted[..end];
            value = serde_json::from_str(&format!("\"{raw}\"")).unwrap_or_else(|_| raw.to_owned());
            behind = &quoted[end + 1..];
        } else if let Some(bare) = behind.strip_prefix('=') {
            let end = bare.find(|c: char| c <= ' ' || c == '=' || c == '"');
            let (own, after) = bare.split_at(end.unwrap_or(bare.len()));
            own.clone_into(&mut value);
            behind = after;
        }
        if behind.starts_with(['=', '"']) || key.is_empty() {
            return Err("unexpected".to_owned());
        }
        if sanitize(key) == label && !value.is_empty() {
            return Ok(Some(value));
        }
        rest = behind.trim_start_matches(|c| c <= ' ');
    }
    Ok(None)
}
