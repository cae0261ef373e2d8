//! Lines put together of all that columns are made for, with any byte between: what is
//! searched for is found where it is, and nowhere else.

use binnacle_events::block::Effort;
use binnacle_model::event::{Condition, LineMatch, LineTest};
use binnacle_stdx::random::Random;

use crate::block::{Row, Value, block_of, check_conditions, comes_back};

/// Kinds of pieces.
const KINDS: u64 = 14;

fn of(alphabet: &[u8], len: u64, random: &mut Random) -> String {
    (0..len)
        .map(|_| char::from(*random.pick(alphabet)))
        .collect()
}

/// A piece of a kind; `salt` is what pieces in one place of a template share.
fn piece(kind: u64, salt: u64, t_ns: i64, random: &mut Random) -> Vec<u8> {
    let digits = b"0123456789";
    let second = t_ns / 1_000_000_000 + i64::from(random.one_in(9));
    let (hour, minute, s) = (second / 3600 % 24, second / 60 % 60, second % 60);
    let clock = format!("{hour:02}:{minute:02}:{s:02}");
    let us = t_ns / 1_000 % 1_000_000;
    let text = match kind {
        0 => of(digits, 1 + salt % 14, random),
        1 => of(b"0123456789abcdef", 4 + salt % 40, random),
        2 => of(b"0123456789ABCDEF", 4 + salt % 40, random),
        3 => {
            let mut hex = of(b"0123456789abcdef", 32, random);
            for at in [20, 16, 12, 8] {
                hex.insert(at, '-');
            }
            hex
        }
        4 => (*random.pick(&["alpha", "GammaDelta", "x_y", "ab", "decade", "é"])).to_owned(),
        5 => {
            let len = random.below(12);
            of(b"abcdefghijkzABC_", len, random)
        }
        6 => format!("2026-12-01T{clock}.{:03}Z", us / 1_000),
        7 => format!("2026-12-01 {clock},{us:06}"),
        8 => format!("01/Dec/2026:{clock} +0000"),
        9 => format!("I1201 {clock}.{us:06}"),
        10 => format!("10.{}.{}.7", random.below(256), salt % 256),
        11 => format!("{}.{}ms", random.below(5_000), random.below(10)),
        12 => format!("u{}", random.below(99_999_999)),
        _ => {
            let len = random.below(5);
            return (0..len).map(|_| random.next_u64() as u8).collect();
        }
    };
    text.into_bytes()
}

/// One way in which lines are written.
struct Template {
    is_json: bool,
    /// Kind and salt of each piece, and what stands in front of it.
    pieces: Vec<(u64, u64, &'static [u8])>,
}

impl Template {
    fn new(random: &mut Random) -> Self {
        let between: [&[u8]; 10] = [b" ", b"", b"=", b"\"", b": [", b"-", b"_", b".", b"a", b"7"];
        let count = 1 + random.below(6);
        Self {
            is_json: random.one_in(4),
            pieces: (0..count)
                .map(|_| {
                    (
                        random.below(KINDS),
                        random.next_u64(),
                        *random.pick(&between),
                    )
                })
                .collect(),
        }
    }

    fn line(&self, t_ns: i64, ids: &mut Vec<Vec<u8>>, random: &mut Random) -> Vec<u8> {
        let mut line = Vec::new();
        for (number, (kind, salt, before)) in self.pieces.iter().enumerate() {
            let mut own = piece(*kind, *salt, t_ns, random);
            // Ids come again, also in other places and formats.
            if (1..=3).contains(kind) {
                match ids.last() {
                    Some(last) if random.below(4) > 0 => own.clone_from(last),
                    _ => ids.push(own.clone()),
                }
            }
            if self.is_json {
                let open = if number == 0 { "{" } else { "," };
                line.extend_from_slice(format!("{open}\"k{number}\":\"").as_bytes());
                line.extend_from_slice(&own);
                line.push(b'"');
            } else {
                line.extend_from_slice(before);
                line.extend_from_slice(&own);
            }
        }
        if self.is_json {
            line.push(b'}');
        }
        line
    }
}

fn rows(random: &mut Random) -> Vec<Row> {
    let templates: Vec<Template> = (0..1 + random.below(3))
        .map(|_| Template::new(random))
        .collect();
    let mut t_ns = 1_796_083_200_000_000_000;
    let mut ids = Vec::new();
    let count = *random.pick(&[3, 20, 90, 250]);
    (0..count)
        .map(|_| {
            t_ns += random.below(3_000_000_000) as i64;
            let template = random.below(templates.len() as u64) as usize;
            let line = templates[template].line(t_ns, &mut ids, random);
            let field = Value::Text(line.iter().copied().take(40).collect());
            Row {
                stream: random.below(3) as u32,
                t_ns,
                line,
                fields: vec![("f".to_owned(), field)],
            }
        })
        .collect()
}

#[test]
fn any_piece_of_any_line_is_found() {
    for seed in 0..60 {
        let mut random = Random::new(seed);
        let rows = rows(&mut random);
        comes_back(&rows, Effort::Thorough);
        let (block, _, sorted) = block_of(&rows, Effort::Quick);
        for _ in 0..12 {
            let line = &random.pick(&sorted).line;
            if line.is_empty() {
                continue;
            }
            let from = random.below(line.len() as u64) as usize;
            let to = (from + 1 + random.below(45) as usize).min(line.len());
            let condition = Condition::Line(LineTest {
                any: vec![LineMatch::Contains(line[from..to].to_vec())],
                negated: false,
            });
            check_conditions(&block, &sorted, &[condition], &mut random);
        }
    }
}
