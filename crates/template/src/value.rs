//! What templates compute with.
//!
//! Go's templates run on reflection; here a [`Value`] is a closed set of kinds, and
//! what reflection would know more (the name of a type, its methods, how it prints)
//! is in the [`Class`] of a list, map or object. Big values are shared, so a clone is
//! a reference count at most.
//!
//! Texts are Unicode: where Go would cut a text inside of a character, the cut half
//! becomes U+FFFD.

pub mod duration;
pub mod layout;
pub mod time;

use std::fmt;
use std::sync::{Arc, LazyLock};

use crate::functions::{Function, Type};
use crate::limits::{VALUE_DEPTH_MAX, VALUE_SIZE_MAX};
pub use time::Time;

/// Kinds of text that HTML escaping leaves alone in the place they are made for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Safe {
    /// A fragment of HTML (`template.HTML`).
    Html,
    /// A URL or a part of one (`template.URL`).
    Url,
}

/// A value.
#[derive(Clone, Default)]
pub enum Value {
    /// Nothing was there: a key that is missing, a field of nothing. Prints as
    /// `<no value>`.
    #[default]
    Missing,
    /// The nil of an interface, pointer or JSON null.
    Nil,
    /// A truth value.
    Bool(bool),
    /// A whole number.
    Int(i64),
    /// A number.
    Float(f64),
    /// A text.
    Str(Arc<str>),
    /// A text that is safe in some place of a page.
    Safe(Safe, Arc<str>),
    /// Values in order.
    List(Arc<List>),
    /// Values by name.
    Map(Arc<Map>),
    /// A struct of the caller.
    Object(Arc<dyn Object>),
    /// An instant, with the zone it is shown in.
    Time(Time),
    /// A length of time, in nanoseconds.
    Duration(i64),
    /// A function, for `call`.
    Function(Arc<Function>),
}

/// A method: like a function, with the value it belongs to.
pub struct Method {
    /// Its name, as templates write it.
    pub name: &'static str,
    /// Types of the arguments.
    pub params: &'static [Type],
    /// What it does. The arguments are of the types above.
    pub call: fn(&Value, &[Value]) -> Result<Value, String>,
}

/// What Go's reflection would tell of a type.
pub struct Class {
    /// Go's name of the type, for messages and `%T`.
    pub name: &'static str,
    /// What lists and maps of this type hold.
    pub element: Element,
    /// Methods.
    pub methods: &'static [Method],
    /// Go's `String` method, if the type has one: how it prints.
    pub string: Option<fn(&Value) -> String>,
}

/// The type of a container's elements, as far as it shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Element {
    /// `interface {}`: a missing key is nil.
    Any,
    /// `string`: a missing key is the empty text.
    Str,
    /// A type of its own, which is never missing.
    Typed,
}

impl Element {
    /// The value of a key that is missing, under `missingkey=zero` and for `index`.
    pub(crate) fn zero(self) -> Value {
        static EMPTY: LazyLock<Arc<str>> = LazyLock::new(|| Arc::from(""));
        match self {
            Self::Any => Value::Nil,
            Self::Str => Value::Str(EMPTY.clone()),
            Self::Typed => Value::Missing,
        }
    }
}

impl Class {
    /// A type without methods.
    #[must_use]
    pub const fn plain(name: &'static str, element: Element) -> Self {
        Self {
            name,
            element,
            methods: &[],
            string: None,
        }
    }

    pub(crate) fn method(&self, name: &str) -> Option<&'static Method> {
        self.methods.iter().find(|m| m.name == name)
    }
}

/// `[]interface {}`
pub static LIST: Class = Class::plain("[]interface {}", Element::Any);
/// `[]string`
pub static STRINGS: Class = Class::plain("[]string", Element::Str);
/// `map[string]interface {}`
pub static MAP: Class = Class::plain("map[string]interface {}", Element::Any);
/// `map[string]string`
pub static STRING_MAP: Class = Class::plain("map[string]string", Element::Str);

/// Values in order, with their type.
pub struct List {
    /// The type.
    pub class: &'static Class,
    items: Vec<Value>,
    extent: Extent,
}

impl List {
    /// A list of a type.
    #[must_use]
    pub fn new(class: &'static Class, items: Vec<Value>) -> Self {
        let extent = Extent::around(items.iter());
        Self {
            class,
            items,
            extent,
        }
    }

    /// The values.
    #[must_use]
    pub fn items(&self) -> &[Value] {
        &self.items
    }
}

/// Values by name, in the order of the names' bytes, with their type.
pub struct Map {
    /// The type.
    pub class: &'static Class,
    entries: Vec<(Arc<str>, Value)>,
    extent: Extent,
}

impl Map {
    /// A map of a type. Of equal names the last wins.
    #[must_use]
    pub fn new(class: &'static Class, mut entries: Vec<(Arc<str>, Value)>) -> Self {
        // Stable, so that the last of equal names is the last of its run.
        entries.sort_by(|a, b| a.0.cmp(&b.0));
        entries.reverse();
        entries.dedup_by(|a, b| a.0 == b.0);
        entries.reverse();
        let extent = Extent::around(entries.iter().map(|(_, v)| v));
        Self {
            class,
            entries,
            extent,
        }
    }

    /// A `map[string]string`.
    #[must_use]
    pub fn of_strings<N: AsRef<str>, V: AsRef<str>>(
        pairs: impl IntoIterator<Item = (N, V)>,
    ) -> Self {
        let entries = pairs
            .into_iter()
            .map(|(n, v)| (Arc::from(n.as_ref()), Value::from(v.as_ref())))
            .collect();
        Self::new(&STRING_MAP, entries)
    }

    /// Names and values, ascending.
    #[must_use]
    pub fn entries(&self) -> &[(Arc<str>, Value)] {
        &self.entries
    }

    /// The value of a name.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Value> {
        let at = self
            .entries
            .binary_search_by(|(n, _)| n.as_ref().cmp(name))
            .ok()?;
        Some(&self.entries[at].1)
    }
}

/// How deep a value is nested, and about how many bytes it prints. Small values that
/// share their parts can be huge when printed.
#[derive(Debug, Clone, Copy, Default)]
struct Extent {
    depth: u16,
    size: u64,
}

/// What a value that is no text counts, in bytes.
const SIZE_OF_ONE: u64 = 16;

impl Extent {
    /// Of a list of values.
    fn around<'v>(items: impl Iterator<Item = &'v Value>) -> Self {
        let empty = Self {
            depth: 1,
            size: SIZE_OF_ONE,
        };
        items.map(Value::extent).fold(empty, |sum, item| Self {
            depth: sum.depth.max(item.depth.saturating_add(1)),
            size: sum.size.saturating_add(item.size),
        })
    }
}

/// One field of an object: Go's name, the name in JSON, and the value.
pub type Field = (&'static str, &'static str, Value);

/// A struct.
pub trait Object: Send + Sync {
    /// Its type, with the methods.
    fn class(&self) -> &'static Class;

    /// A field by Go's name.
    fn field(&self, name: &str) -> Option<Value>;

    /// All fields, in the order of the declaration, for printing and JSON.
    fn fields(&self) -> Vec<Field>;

    /// Whether the object stands for a pointer to a struct, which shows in `%v`.
    fn pointer(&self) -> bool {
        false
    }

    /// The object itself, for functions that take their own type back.
    fn as_any(&self) -> &dyn std::any::Any;
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Str(Arc::from(text))
    }
}
impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::Str(Arc::from(text))
    }
}
impl From<Arc<str>> for Value {
    fn from(text: Arc<str>) -> Self {
        Self::Str(text)
    }
}
impl From<bool> for Value {
    fn from(v: bool) -> Self {
        Self::Bool(v)
    }
}
impl From<i64> for Value {
    fn from(v: i64) -> Self {
        Self::Int(v)
    }
}
impl From<f64> for Value {
    fn from(v: f64) -> Self {
        Self::Float(v)
    }
}
impl From<Map> for Value {
    fn from(map: Map) -> Self {
        Self::Map(Arc::new(map))
    }
}
impl From<List> for Value {
    fn from(list: List) -> Self {
        Self::List(Arc::new(list))
    }
}
impl From<Time> for Value {
    fn from(time: Time) -> Self {
        Self::Time(time)
    }
}

impl Value {
    /// An object.
    #[must_use]
    pub fn object(object: impl Object + 'static) -> Self {
        Self::Object(Arc::new(object))
    }

    /// A `[]interface {}`.
    #[must_use]
    pub fn list(items: Vec<Self>) -> Self {
        List::new(&LIST, items).into()
    }

    /// A `[]string`.
    #[must_use]
    pub fn strings<S: AsRef<str>>(items: impl IntoIterator<Item = S>) -> Self {
        let items = items.into_iter().map(|s| Self::from(s.as_ref())).collect();
        List::new(&STRINGS, items).into()
    }

    /// A `map[string]interface {}`.
    #[must_use]
    pub fn map(entries: Vec<(Arc<str>, Self)>) -> Self {
        Map::new(&MAP, entries).into()
    }

    /// The text of a [`Value::Str`].
    #[must_use]
    pub fn as_str(&self) -> Option<&str> {
        match self {
            Self::Str(text) => Some(text),
            _ => None,
        }
    }

    /// Whether there is no value at all.
    #[must_use]
    pub fn is_nil(&self) -> bool {
        matches!(self, Self::Missing | Self::Nil)
    }

    /// Go's truth: not zero, not empty, not nil.
    #[must_use]
    pub fn truth(&self) -> bool {
        match self {
            Self::Missing | Self::Nil => false,
            Self::Bool(b) => *b,
            Self::Int(i) | Self::Duration(i) => *i != 0,
            Self::Float(f) => *f != 0.0,
            Self::Str(s) | Self::Safe(_, s) => !s.is_empty(),
            Self::List(list) => !list.items.is_empty(),
            Self::Map(map) => !map.entries.is_empty(),
            Self::Object(_) | Self::Time(_) | Self::Function(_) => true,
        }
    }

    pub(crate) fn class(&self) -> Option<&'static Class> {
        match self {
            Self::List(list) => Some(list.class),
            Self::Map(map) => Some(map.class),
            Self::Object(object) => Some(object.class()),
            Self::Time(_) => Some(&time::TIME),
            Self::Duration(_) => Some(&duration::DURATION),
            _ => None,
        }
    }

    /// Go's name of the type.
    #[must_use]
    pub fn type_name(&self) -> &'static str {
        match self {
            Self::Missing => "<nil>",
            Self::Nil => "interface {}",
            Self::Bool(_) => "bool",
            Self::Int(_) => "int",
            Self::Float(_) => "float64",
            Self::Str(_) => "string",
            Self::Safe(Safe::Html, _) => "template.HTML",
            Self::Safe(Safe::Url, _) => "template.URL",
            Self::Function(_) => "func",
            _ => self.class().map_or("", |c| c.name),
        }
    }

    fn extent(&self) -> Extent {
        match self {
            Self::List(list) => list.extent,
            Self::Map(map) => map.extent,
            Self::Str(text) | Self::Safe(_, text) => Extent {
                depth: 0,
                size: SIZE_OF_ONE + text.len() as u64,
            },
            _ => Extent {
                depth: 0,
                size: SIZE_OF_ONE,
            },
        }
    }

    /// Refuses what a template built too deep or too large to be printed.
    pub(crate) fn bounded(self) -> Result<Self, String> {
        if !matches!(self, Self::List(_) | Self::Map(_)) {
            return Ok(self);
        }
        let Extent { depth, size } = self.extent();
        if depth > VALUE_DEPTH_MAX {
            return Err(format!(
                "lists and maps are nested more than {VALUE_DEPTH_MAX} deep"
            ));
        }
        if size > VALUE_SIZE_MAX {
            return Err(format!(
                "a list or map is larger than {VALUE_SIZE_MAX} bytes"
            ));
        }
        Ok(self)
    }
}

/// As `%v` prints it.
impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&crate::format::display(self))
    }
}

impl fmt::Debug for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}({self})", self.type_name())
    }
}
