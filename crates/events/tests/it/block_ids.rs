//! Ids that come in several lines and formats: kept once, found wherever they stand.

use binnacle_events::block::Effort;
use binnacle_model::event::select::{Extract, Fields, Parser, Wanted};
use binnacle_model::event::{ColumnValues, Condition, EventSelection, LineMatch, LineTest, Rows};
use binnacle_stdx::random::Random;

use crate::block::{Row, Value, block_of, check_conditions, comes_back};

/// How an id is written.
#[derive(Clone, Copy, Debug)]
enum Form {
    Lower,
    Upper,
    Short,
    Uuid,
    UpperUuid,
}

fn text(form: Form, id: u128) -> String {
    let hex = format!("{id:032x}");
    let uuid = [8, 12, 16, 20].iter().rev().fold(hex.clone(), |mut s, at| {
        s.insert(*at, '-');
        s
    });
    match form {
        Form::Lower => hex,
        Form::Upper => hex.to_uppercase(),
        Form::Short => hex[..13].to_owned(),
        Form::Uuid => uuid,
        Form::UpperUuid => uuid.to_uppercase(),
    }
}

fn id(random: &mut Random) -> u128 {
    u128::from(random.next_u64()) << 64 | u128::from(random.next_u64())
}

/// Rows of four services; each request has `shared` lines, one every millisecond.
fn rows(form: Form, shared: u64, count: u64, random: &mut Random) -> Vec<Row> {
    let mut request = id(random);
    (0..count)
        .map(|n| {
            if n % shared == 0 {
                request = id(random);
            }
            let own = text(form, request);
            let line = match random.below(4) {
                0 => format!("{{\"msg\":\"served\",\"trace\":\"{own}\",\"n\":{n}}}"),
                1 => format!("msg=\"cache hit\" trace={own} n={n}"),
                2 => format!("INFO [{own}] order {n} stored"),
                _ => format!("GET /orders/{n} {own}"),
            };
            let field = Value::Text(text(form, request).into_bytes());
            Row {
                stream: random.below(3) as u32,
                t_ns: n as i64 * 1_000_000,
                line: line.into_bytes(),
                fields: vec![("trace_id".to_owned(), field)],
            }
        })
        .collect()
}

const FORMS: [Form; 5] = [
    Form::Lower,
    Form::Upper,
    Form::Short,
    Form::Uuid,
    Form::UpperUuid,
];

fn contains(text: &str) -> Condition {
    Condition::Line(LineTest {
        any: vec![LineMatch::Contains(text.as_bytes().to_vec())],
        negated: false,
    })
}

#[test]
fn ids_of_all_forms_come_back_and_are_found_whole_and_in_part() {
    let mut random = Random::new(11);
    for form in FORMS {
        for shared in [1, 4] {
            let rows = rows(form, shared, 400, &mut random);
            comes_back(&rows, Effort::Thorough);
            let (block, _, sorted) = block_of(&rows, Effort::Quick);
            for _ in 0..60 {
                let row = random.pick(&sorted);
                let Value::Text(own) = &row.fields[0].1 else {
                    continue;
                };
                let own = String::from_utf8_lossy(own).into_owned();
                let from = random.below(own.len() as u64) as usize;
                let to = from + random.below((own.len() - from) as u64 + 1) as usize;
                for piece in [own.as_str(), &own[from..to], &own[..to], &own[from..]] {
                    let conditions = [contains(piece)];
                    check_conditions(&block, &sorted, &conditions, &mut random);
                }
                for around in [format!("{own}\""), format!("[{own}] "), format!("={own} n")] {
                    check_conditions(&block, &sorted, &[contains(&around)], &mut random);
                }
            }
        }
    }
}

#[test]
fn what_comes_again_is_kept_once() {
    let size = |form: Form, shared: u64| {
        let rows = rows(form, shared, 4_000, &mut Random::new(5));
        let (block, ..) = block_of(&rows, Effort::Thorough);
        let sizes = block.sizes().expect("just encoded");
        sizes.iter().map(|size| size.bytes).sum::<usize>()
    };
    for form in FORMS {
        let (once, four) = (size(form, 1), size(form, 4));
        assert!(four * 2 < once, "{form:?}: {four} and {once} bytes");
    }
}

#[test]
fn extracted_ids_are_there_once() {
    let rows = rows(Form::Uuid, 4, 400, &mut Random::new(8));
    let (block, _, sorted) = block_of(&rows, Effort::Quick);
    let selection = EventSelection {
        wanted: Wanted {
            extracts: vec![Extract {
                parser: Parser::Logfmt,
                label: "trace".to_owned(),
            }],
            fields: Fields::All,
            ..Wanted::default()
        },
        ..EventSelection::default()
    };
    let mut out = Rows::default();
    block
        .read_all(&Some, &selection, &mut out)
        .expect("just encoded");
    let value = |column: &ColumnValues, row: usize| {
        let mut own = Vec::new();
        column.write_text(row, &mut own).then_some(own)
    };
    for (row, want) in sorted.iter().enumerate() {
        let Value::Text(own) = &want.fields[0].1 else {
            continue;
        };
        let field = value(&out.fields[0].values, row);
        assert_eq!(field.as_deref(), Some(own.as_slice()));
        if want.line.starts_with(b"msg=") {
            assert_eq!(
                value(&out.extracted[0].values, row).as_deref(),
                Some(own.as_slice())
            );
        }
    }
    let ColumnValues::Text { entries, .. } = &out.fields[0].values else {
        panic!("ids are text");
    };
    assert_eq!(entries.len(), 100);
}
