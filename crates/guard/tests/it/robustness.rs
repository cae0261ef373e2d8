//! Anything may come in.

use binnacle_guard::{
    Action, Detector, GuardSettings, LevelDetector, Privacy, PrivacySettings, Rule,
};
use binnacle_model::Labels;
use binnacle_model::event::{EventBatch, FieldValue};
use binnacle_stdx::random::Random;

use crate::support::{NOW_NS, stand};

const PIECES: [&str; 40] = [
    "password",
    "=",
    ":",
    "\"",
    "\\",
    "'",
    "{",
    "}",
    "[",
    "]",
    " ",
    ",",
    "@",
    ".",
    "+",
    "-",
    "_",
    "4111",
    "1111",
    "11",
    "eyJ",
    "abc",
    "AKIA",
    "Bearer ",
    "-----BEGIN ",
    "PRIVATE KEY",
    "level",
    "info",
    "://",
    "::",
    "ff",
    "GB82",
    "WEST",
    "\n",
    "\u{e4}",
    "\0",
    "<",
    ">",
    "555-234-",
    "token",
];

fn text(random: &mut Random) -> Vec<u8> {
    let mut text = Vec::new();
    for _ in 0..random.below(30) {
        if random.one_in(8) {
            text.push(random.next_u64() as u8);
        } else {
            text.extend_from_slice(random.pick(&PIECES).as_bytes());
        }
    }
    text
}

#[test]
fn random_texts_do_no_harm() {
    let mut random = Random::new(7);
    let mut settings = PrivacySettings::profile("strict").expect("there");
    settings.rules.push(Rule::new(
        Detector::Pattern("(?-u)[\\x80-\\xff]1".into()),
        Action::Mask,
    ));
    let privacy = Privacy::new(&settings).expect("right");
    let detector = LevelDetector::new(vec!["level".to_owned(), "lvl".to_owned()], 0);
    for _ in 0..20_000 {
        let bytes = text(&mut random);
        let _ = detector.of_line(&bytes);
        let line = String::from_utf8_lossy(&bytes);
        let _ = privacy.scrub_text(&line);
        let _ = privacy.scrub_value("password", &line);
    }
}

#[test]
fn random_batches_stay_whole() {
    let mut random = Random::new(11);
    let stand = stand(GuardSettings {
        privacy: PrivacySettings::profile("strict").expect("there"),
        ..GuardSettings::default()
    });
    let mut pushed = 0;
    for _ in 0..300 {
        let mut batch = EventBatch::default();
        for stream in 0..random.below(4) {
            let value = String::from_utf8_lossy(&text(&mut random)).into_owned();
            batch.begin_stream(&Labels::from_pairs([
                ("a", stream.to_string()),
                ("b", value),
            ]));
            for _ in 0..random.below(4) {
                batch.push_row(NOW_NS, &text(&mut random));
                pushed += 1;
                for i in 0..random.below(4) {
                    batch.push_field(&format!("f{i}"), FieldValue::Text(&text(&mut random)));
                }
            }
        }
        let rows = batch.len() as u64;
        let taken = stand.push(batch);
        assert_eq!(
            taken.rows + taken.refused.iter().map(|r| r.1).sum::<u64>(),
            rows
        );
    }
    assert_eq!(stand.rows().len(), pushed);
    for (labels, _, fields) in stand.rows() {
        assert!(labels.contains("service_name=") && fields.contains("detected_level="));
    }
}

#[test]
fn lines_come_through_bit_for_bit() {
    let mut random = Random::new(3);
    let stand = stand(GuardSettings::default());
    let mut lines: Vec<Vec<u8>> = vec![vec![], vec![0], vec![0xff; 100], b"a\0b\r\n".to_vec()];
    for _ in 0..200 {
        let mut line = vec![0; random.below(200) as usize];
        random.fill(&mut line);
        lines.push(line);
    }
    let mut batch = EventBatch::default();
    batch.begin_stream(&Labels::from_pairs([("app", "a")]));
    for line in &lines {
        batch.push_row(NOW_NS, line);
    }
    stand.push(batch);
    let kept = stand.kept.batches.lock();
    for (row, line) in lines.iter().enumerate() {
        assert_eq!(kept[0].line(row), line);
    }
}

#[test]
fn hostile_lines_take_linear_time() {
    // Each of these would take minutes if a detector looked back or ahead without an end.
    let privacy = Privacy::new(&PrivacySettings::profile("strict").expect("there")).expect("right");
    let detector = LevelDetector::new(vec!["level".to_owned()], 0);
    for piece in [
        "@",
        ".",
        "a@",
        "1.",
        "+1",
        ":",
        "a:",
        "=",
        "\"",
        "\\",
        "eyJ",
        "{\"a\":",
        "4111 ",
        "Bearer ",
        "-----BEGIN ",
        "password=\"",
        "://",
        "GB82",
        "level=\"",
        "-----BEGIN PRIVATE KEY",
        "token=",
        "password={",
        "password=${",
        "password=<",
        "pwd=/",
        "-eyJ",
        "eyJaaaaaaaaaa.",
        "sk-",
        "cookie: <",
        "user_id=<",
        "+123456 ",
        "GB82 WEST 1234 5698 ",
        "a:b@",
    ] {
        let line = piece.repeat((1 << 20) / piece.len());
        let _ = privacy.scrub_text(&line);
        let _ = detector.of_line(line.as_bytes());
    }
}
