//! How values that are no numbers or texts lie in rows, and the shapes of
//! statements that several nouns share.

use binnacle_model::Labels;
use binnacle_model::alert::{Acknowledgement, Fingerprint, Texts};
use serde_json::Value;
use sqlx::sqlite::{SqliteArguments, SqliteRow};
use sqlx::{Arguments as _, AssertSqlSafe, Encode, Row as _, Sqlite, SqliteConnection, Type};

use crate::error::Fault;

type Outcome<T> = std::result::Result<T, Fault>;

/// Parameters of a statement, in order.
#[derive(Default)]
pub(crate) struct Bound {
    values: SqliteArguments,
    refused: Option<sqlx::Error>,
}

impl Bound {
    /// Adds one.
    pub(crate) fn add<'t, T: Encode<'t, Sqlite> + Type<Sqlite>>(&mut self, value: T) -> &mut Self {
        if let Err(error) = self.values.add(value) {
            self.refused = Some(sqlx::Error::Encode(error));
        }
        self
    }

    /// All of them.
    pub(crate) fn take(self) -> Outcome<SqliteArguments> {
        match self.refused {
            None => Ok(self.values),
            Some(error) => Err(Fault::Sql(error)),
        }
    }
}

/// What rows must fulfil: conditions that are joined by `AND`, after a first one.
#[derive(Default)]
pub(crate) struct Where {
    /// `AND ...`, or nothing.
    pub(crate) text: String,
    /// The parameters of the text, in order.
    pub(crate) bound: Bound,
}

impl Where {
    /// Adds a condition; the caller adds its parameters.
    pub(crate) fn also(&mut self, text: &str) -> &mut Bound {
        self.text.push_str(" AND ");
        self.text.push_str(text);
        &mut self.bound
    }
}

/// Rows of one multi-row statement. Each size is one prepared statement, so there
/// are few sizes; past some 50 rows a statement gets no faster per row.
const ROWS: [usize; 4] = [64, 16, 4, 1];

/// Runs `head` with a list of rows after it (`INSERT INTO ... VALUES`, as many
/// placeholders as `columns` each) and `tail`, for all `items`.
pub(crate) async fn for_rows<T: Sync>(
    db: &mut SqliteConnection,
    (head, tail): (&str, &str),
    columns: usize,
    items: &[T],
    bind: impl Fn(&mut Bound, &T) + Send,
) -> Outcome<()> {
    let mut rest = items;
    for rows in ROWS {
        if rest.len() < rows {
            continue;
        }
        let row = format!("({})", vec!["?"; columns].join(", "));
        let statement = format!("{head} {}{tail}", vec![row.as_str(); rows].join(", "));
        while rest.len() >= rows {
            let (now, later) = rest.split_at(rows);
            let mut bound = Bound::default();
            for item in now {
                bind(&mut bound, item);
            }
            sqlx::query_with(AssertSqlSafe(statement.as_str()), bound.take()?)
                .execute(&mut *db)
                .await?;
            rest = later;
        }
    }
    Ok(())
}

/// Runs `head (?, ...) tail` for all of `ids`, many at once.
pub(crate) async fn for_ids(
    db: &mut SqliteConnection,
    (head, tail): (&str, &str),
    before: Option<i64>,
    ids: &[i64],
) -> Outcome<u64> {
    let mut changed = 0;
    let mut rest = ids;
    for rows in ROWS {
        while rest.len() >= rows {
            let (now, later) = rest.split_at(rows);
            let statement = format!("{head} ({}) {tail}", vec!["?"; rows].join(", "));
            let mut bound = Bound::default();
            if let Some(value) = before {
                bound.add(value);
            }
            for &id in now {
                bound.add(id);
            }
            changed += sqlx::query_with(AssertSqlSafe(statement.as_str()), bound.take()?)
                .execute(&mut *db)
                .await?
                .rows_affected();
            rest = later;
        }
    }
    Ok(changed)
}

/// Takes `count` numbers of the sequence `name`; answers the first.
pub(crate) async fn take_ids(
    db: &mut SqliteConnection,
    name: &'static str,
    count: usize,
) -> Outcome<i64> {
    let count = i64::try_from(count).unwrap_or(i64::MAX);
    let last: i64 =
        sqlx::query_scalar("UPDATE sequence SET last = last + $1 WHERE name = $2 RETURNING last")
            .bind(count)
            .bind(name)
            .fetch_one(db)
            .await?;
    Ok(last - count + 1)
}

/// A fingerprint as the signed number that SQL has.
pub(crate) fn signed(fingerprint: Fingerprint) -> i64 {
    fingerprint.0.cast_signed()
}

/// And back.
pub(crate) fn fingerprint(row: &SqliteRow, column: &str) -> Outcome<Fingerprint> {
    Ok(Fingerprint(row.try_get::<i64, _>(column)?.cast_unsigned()))
}

/// A count, which is never negative.
pub(crate) fn count(row: &SqliteRow, column: &str) -> Outcome<u64> {
    let count: i64 = row.try_get(column)?;
    u64::try_from(count).map_err(|_| Fault::Row(format!("{column} is {count}")))
}

/// Numbers, 8 bytes each, little end first.
pub(crate) fn hashes_blob(hashes: impl ExactSizeIterator<Item = u64>) -> Vec<u8> {
    let mut blob = Vec::with_capacity(hashes.len() * 8);
    for hash in hashes {
        blob.extend_from_slice(&hash.to_le_bytes());
    }
    blob
}

/// And back.
pub(crate) fn hashes(row: &SqliteRow, column: &str) -> Outcome<Vec<u64>> {
    let blob: &[u8] = row.try_get(column)?;
    let (words, rest) = blob.as_chunks::<8>();
    if !rest.is_empty() {
        return Err(Fault::Row(format!("{column} is not a list of hashes")));
    }
    Ok(words.iter().map(|word| u64::from_le_bytes(*word)).collect())
}

/// Labels from their canonical encoding.
pub(crate) fn labels(row: &SqliteRow, column: &str) -> Outcome<Labels> {
    let blob: &[u8] = row.try_get(column)?;
    Labels::from_canonical(blob).map_err(|e| Fault::Row(format!("{column}: {e}")))
}

/// Names and values as the text of a JSON object, in order.
pub(crate) fn json<'a>(pairs: impl IntoIterator<Item = (&'a str, &'a str)>) -> String {
    let mut text = String::from("{");
    for (i, (name, value)) in pairs.into_iter().enumerate() {
        if i > 0 {
            text.push(',');
        }
        push_json(&mut text, name);
        text.push(':');
        push_json(&mut text, value);
    }
    text.push('}');
    text
}

/// `texts` as the text of a JSON object.
pub(crate) fn texts_json(texts: &Texts) -> String {
    json(texts.iter().map(|(n, v)| (n.as_str(), v.as_str())))
}

/// Appends a JSON string.
fn push_json(text: &mut String, value: &str) {
    if value.bytes().all(|b| b >= 0x20 && b != b'"' && b != b'\\') {
        text.push('"');
        text.push_str(value);
        text.push('"');
    } else {
        text.push_str(&Value::from(value).to_string());
    }
}

/// Names and values of a JSON object.
pub(crate) fn texts(row: &SqliteRow, column: &str) -> Outcome<Texts> {
    let text: &str = row.try_get(column)?;
    if text == "{}" {
        return Ok(Texts::new());
    }
    let wrong = || Fault::Row(format!("{column} is not a JSON object of texts"));
    let Ok(Value::Object(fields)) = serde_json::from_str(text) else {
        return Err(wrong());
    };
    fields
        .into_iter()
        .map(|(name, value)| match value {
            Value::String(value) => Ok((name, value)),
            _ => Err(wrong()),
        })
        .collect()
}

/// The columns of an acknowledgement, `ack_at_ms` and so on; `None` without a time.
pub(crate) fn acknowledgement(row: &SqliteRow) -> Outcome<Option<Acknowledgement>> {
    let Some(at_ms) = row.try_get::<Option<i64>, _>("ack_at_ms")? else {
        return Ok(None);
    };
    Ok(Some(Acknowledgement {
        by: row.try_get("ack_by")?,
        at_ms,
        comment: row.try_get("ack_comment")?,
        until_ms: row.try_get("ack_until_ms")?,
        via: row.try_get("ack_via")?,
    }))
}

/// The end of a time range: 0 says that there is none.
pub(crate) fn end_ms(to_ms: i64) -> i64 {
    if to_ms == 0 { i64::MAX } else { to_ms }
}

/// At most that many rows: 0 is the default of 1,000.
pub(crate) fn limit(limit: usize) -> usize {
    if limit == 0 { 1_000 } else { limit }
}

/// The same as SQL wants it.
pub(crate) fn limit_i64(rows: usize) -> i64 {
    i64::try_from(limit(rows)).unwrap_or(i64::MAX)
}

/// The patterns of `LIKE ... ESCAPE '\'` that find each word of `text` in JSON.
pub(crate) fn like_words(text: &str) -> Vec<String> {
    text.split_whitespace()
        .map(|word| {
            let quoted = Value::from(word).to_string();
            let word = &quoted[1..quoted.len() - 1];
            let mut pattern = String::from("%");
            for c in word.chars() {
                if matches!(c, '%' | '_' | '\\') {
                    pattern.push('\\');
                }
                pattern.push(c);
            }
            pattern.push('%');
            pattern
        })
        .collect()
}
