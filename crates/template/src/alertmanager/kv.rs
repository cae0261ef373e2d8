//! Labels and annotations as templates see them: `KV`, `Pairs`, `Strings`.

use std::any::Any;
use std::collections::BTreeMap;
use std::sync::Arc;

use crate::functions::Type;
use crate::value::{Class, Element, Field, List, Map, Method, Object, STRINGS, Value};

/// The label that comes first in lists of pairs.
const ALERT_NAME: &str = "alertname";

/// Names and values.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Kv(pub BTreeMap<String, String>);

impl<N: Into<String>, V: Into<String>> FromIterator<(N, V)> for Kv {
    fn from_iter<I: IntoIterator<Item = (N, V)>>(pairs: I) -> Self {
        Self(
            pairs
                .into_iter()
                .map(|(n, v)| (n.into(), v.into()))
                .collect(),
        )
    }
}

impl Kv {
    /// Names and values, the alert's name first.
    #[must_use]
    pub fn sorted_pairs(&self) -> Vec<(&str, &str)> {
        let pairs = self.0.iter().map(|(n, v)| (n.as_str(), v.as_str()));
        let (mut first, rest): (Vec<_>, Vec<_>) = pairs.partition(|(n, _)| *n == ALERT_NAME);
        first.extend(rest);
        first
    }

    /// A copy without some names.
    #[must_use]
    pub fn remove<S: AsRef<str>>(&self, names: &[S]) -> Self {
        let kept = self
            .0
            .iter()
            .filter(|(n, _)| !names.iter().any(|r| r.as_ref() == *n));
        kept.map(|(n, v)| (n.clone(), v.clone())).collect()
    }

    /// As templates see it.
    #[must_use]
    pub fn to_value(&self) -> Value {
        let entries = self.0.iter();
        let entries = entries.map(|(n, v)| (Arc::from(n.as_str()), Value::from(v.as_str())));
        Map::new(&KV, entries.collect()).into()
    }
}

/// Prometheus' fingerprint of a label set, as 16 hexadecimal digits: FNV-1a of names
/// and values with separators.
#[must_use]
pub fn fingerprint(labels: &Kv) -> String {
    let mut hash = 0xcbf2_9ce4_8422_2325_u64;
    let mut add = |byte: u8| {
        hash = (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3);
    };
    for text in labels.0.iter().flat_map(|(n, v)| [n, v]) {
        text.bytes().for_each(&mut add);
        add(255);
    }
    format!("{hash:016x}")
}

const fn method(
    name: &'static str,
    params: &'static [Type],
    call: fn(&Value, &[Value]) -> Result<Value, String>,
) -> Method {
    Method { name, params, call }
}

/// `template.KV`
pub(super) static KV: Class = Class {
    name: "template.KV",
    element: Element::Str,
    methods: &[
        method("SortedPairs", &[], |v, _| Ok(pairs(v))),
        method("Names", &[], |v, _| Ok(column(&pairs(v), 0))),
        method("Values", &[], |v, _| Ok(column(&pairs(v), 1))),
        method("Remove", &[Type::Strings], |v, a| Ok(remove(v, &a[0]))),
        method("String", &[], |v, _| Ok(join_pairs(&pairs(v)).into())),
    ],
    string: Some(|v| join_pairs(&pairs(v))),
};

/// `template.Pairs`
static PAIRS: Class = Class {
    name: "template.Pairs",
    element: Element::Typed,
    methods: &[
        method("Names", &[], |v, _| Ok(column(v, 0))),
        method("Values", &[], |v, _| Ok(column(v, 1))),
        method("String", &[], |v, _| Ok(join_pairs(v).into())),
    ],
    string: Some(join_pairs),
};

/// `template.Strings`
static TEXTS: Class = Class {
    name: "template.Strings",
    element: Element::Str,
    methods: &[method("Join", &[Type::Str], |v, a| {
        Ok(join(v, a[0].as_str().unwrap_or("")).into())
    })],
    string: None,
};

/// `template.Pair`
static PAIR: Class = Class::plain("template.Pair", Element::Typed);

struct Pair {
    name: Arc<str>,
    value: Value,
}

impl Object for Pair {
    fn class(&self) -> &'static Class {
        &PAIR
    }

    fn field(&self, name: &str) -> Option<Value> {
        match name {
            "Name" => Some(Value::Str(self.name.clone())),
            "Value" => Some(self.value.clone()),
            _ => None,
        }
    }

    fn fields(&self) -> Vec<Field> {
        vec![
            ("Name", "Name", Value::Str(self.name.clone())),
            ("Value", "Value", self.value.clone()),
        ]
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}

fn pairs(kv: &Value) -> Value {
    let Value::Map(map) = kv else {
        return List::new(&PAIRS, Vec::new()).into();
    };
    let (mut first, rest): (Vec<_>, Vec<_>) = map
        .entries()
        .iter()
        .partition(|(name, _)| name.as_ref() == ALERT_NAME);
    first.extend(rest);
    let pairs = first.into_iter().map(|(name, value)| {
        Value::object(Pair {
            name: name.clone(),
            value: value.clone(),
        })
    });
    List::new(&PAIRS, pairs.collect()).into()
}

fn items(list: &Value) -> &[Value] {
    match list {
        Value::List(list) => list.items(),
        _ => &[],
    }
}

/// The names (0) or values (1) of pairs.
fn column(pairs: &Value, at: usize) -> Value {
    let name = ["Name", "Value"][at.min(1)];
    let texts = items(pairs).iter().filter_map(|pair| match pair {
        Value::Object(pair) => pair.field(name),
        _ => None,
    });
    List::new(&TEXTS, texts.collect()).into()
}

fn remove(kv: &Value, names: &Value) -> Value {
    let Value::Map(map) = kv else {
        return kv.clone();
    };
    let named = |name: &str| items(names).iter().any(|n| n.as_str() == Some(name));
    let kept = map.entries().iter().filter(|(name, _)| !named(name));
    Map::new(&KV, kept.cloned().collect()).into()
}

/// `a=b, c=d`
fn join_pairs(pairs: &Value) -> String {
    let shown = items(pairs).iter().filter_map(|pair| match pair {
        Value::Object(pair) => Some(format!("{}={}", pair.field("Name")?, pair.field("Value")?)),
        _ => None,
    });
    shown.collect::<Vec<_>>().join(", ")
}

/// The texts of a list with a separator between them.
pub(super) fn join(list: &Value, separator: &str) -> String {
    let texts: Vec<&str> = items(list).iter().filter_map(Value::as_str).collect();
    texts.join(separator)
}

/// `[]string` of values that are texts.
pub(super) fn strings(items: &[Value]) -> Value {
    List::new(&STRINGS, items.to_vec()).into()
}
