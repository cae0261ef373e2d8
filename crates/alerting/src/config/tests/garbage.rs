//! Files that nobody would write: refused or read, and never a panic.

use binnacle_stdx::random::Random;

use crate::suite::root;

use super::read;

const GOOD: &str = "global: {resolve_timeout: 5m, smtp_smarthost: 'a:25', smtp_from: b}
route:
  receiver: a
  group_by: [alertname, 'x']
  routes:
  - {matchers: ['a=~\"b|c\"', d!=e], continue: true, mute_time_intervals: [t]}
  - {match: {a: b}, match_re: {c: 'd.*'}, group_wait: 1s, labels: {x: '{{ .y }}'}}
inhibit_rules:
- {source_matchers: [a=b], target_match: {c: d}, equal: [e]}
receivers:
- name: a
  webhook_configs: [{url: 'http://a', http_config: {follow_redirects: false}}]
  email_configs: [{to: x, headers: {a: b}}]
time_intervals:
- {name: t, time_intervals: [{times: [{start_time: '01:00', end_time: '24:00'}], days_of_month: ['-5:-1'], location: Europe/Berlin}]}
templates: ['x*']
";

const PIECES: [&str; 24] = [
    "",
    "0",
    "-1",
    "~",
    "null",
    "{}",
    "[]",
    "[~]",
    "{~: ~}",
    "'",
    "\"",
    ": ",
    "\n",
    "- ",
    "{",
    "]",
    "&a *a",
    "<<: ",
    "99999999999999999999",
    "...",
    "\u{0}",
    "é🙂",
    "{{",
    "!!binary /w==",
];

fn mutate(text: &str, random: &mut Random) -> String {
    let chars: Vec<char> = text.chars().collect();
    let mut pick = |below: usize| (random.next_u64() % below.max(1) as u64) as usize;
    let start = pick(chars.len());
    let length = pick(12).min(chars.len() - start);
    let piece = PIECES[pick(PIECES.len())];
    let mut out: String = chars[..start].iter().collect();
    out += piece;
    out.extend(&chars[start + length..]);
    out
}

/// Parts of the value of any field, which keep the file's form more often than not.
fn replace_value(text: &str, random: &mut Random) -> String {
    let values: Vec<(usize, usize)> = text
        .match_indices(": ")
        .map(|(at, _)| {
            let start = at + 2;
            let end = text[start..]
                .find([',', '}', ']', '\n'])
                .map_or(text.len(), |n| start + n);
            (start, end)
        })
        .collect();
    let (start, end) = values[(random.next_u64() % values.len() as u64) as usize];
    let piece = PIECES[(random.next_u64() % PIECES.len() as u64) as usize];
    format!("{}{piece}{}", &text[..start], &text[end..])
}

#[test]
fn mutated_files_do_not_panic() {
    assert!(read(GOOD).is_ok(), "{:?}", read(GOOD).err());
    let mut texts = vec![GOOD.to_owned()];
    if let Some(root) = root() {
        let file = root.join("alertmanager/config/testdata/conf.good.yml");
        texts.extend(std::fs::read_to_string(file));
    }
    let mut random = Random::new(11);
    let mut refused = 0;
    for round in 0..1500 {
        let text = &texts[round % texts.len()];
        let mutated = match round % 4 {
            0 | 1 => replace_value(text, &mut random),
            2 => mutate(text, &mut random),
            _ => mutate(&mutate(text, &mut random), &mut random),
        };
        match read(&mutated) {
            Ok(settings) => drop(settings.print()),
            Err(_) => refused += 1,
        }
    }
    assert!(refused > 300, "{refused}");
}
