//! Functions that templates may call, in sets: one for the language, one for each
//! product whose templates are to run.
//!
//! A function states the types of its arguments; the execution checks them, with
//! Go's messages, before the function is called. What depends on the caller (a query,
//! the time) is a function of the [`Host`].

pub mod builtins;
mod compare;
mod escape;
pub(crate) mod humanize;
mod index;
pub(crate) mod regular;
pub(crate) mod text;

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use crate::value::{Element, Value};

/// The type of an argument.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Type {
    /// Anything, nil too (`interface {}`).
    Any,
    /// Anything, for functions of the language itself (`reflect.Value`).
    Reflect,
    /// A truth value.
    Bool,
    /// A whole number.
    Int,
    /// A number.
    Float,
    /// A text.
    Str,
    /// A list of texts.
    Strings,
    /// A list of anything.
    List,
    /// An instant.
    Time,
    /// A length of time.
    Duration,
    /// A type by its name.
    Class(&'static str),
}

impl Type {
    /// Go's name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Any => "interface {}",
            Self::Reflect => "reflect.Value",
            Self::Bool => "bool",
            Self::Int => "int",
            Self::Float => "float64",
            Self::Str => "string",
            Self::Strings => "[]string",
            Self::List => "[]interface {}",
            Self::Time => "time.Time",
            Self::Duration => "time.Duration",
            Self::Class(name) => name,
        }
    }

    /// Whether nil is a value of the type.
    pub(crate) fn takes_nil(self) -> bool {
        match self {
            Self::Any | Self::Reflect | Self::Strings | Self::List => true,
            Self::Class(name) => name.starts_with('*') || name == "template.queryResult",
            _ => false,
        }
    }

    /// Whether `value` is of the type.
    pub(crate) fn takes(self, value: &Value) -> bool {
        match (self, value) {
            (Self::Any | Self::Reflect, _)
            | (Self::Bool, Value::Bool(_))
            | (Self::Int, Value::Int(_))
            | (Self::Float, Value::Float(_))
            | (Self::Str, Value::Str(_))
            | (Self::Time, Value::Time(_))
            | (Self::Duration, Value::Duration(_)) => true,
            (Self::Strings, Value::List(list)) => list.class.element == Element::Str,
            (Self::List, Value::List(list)) => list.class.element == Element::Any,
            (Self::Class(name), value) => value.type_name() == name,
            _ => false,
        }
    }
}

/// What a function takes.
#[derive(Debug, Clone, Copy)]
pub struct Signature {
    /// Types of the arguments that must be there.
    pub params: &'static [Type],
    /// Type of any number of further arguments.
    pub rest: Option<Type>,
}

/// What the caller of an execution can be asked.
///
/// The functions of a host have no state in the function table, so that a template
/// is parsed once and executed with another time or another source of data each time.
pub trait Host {
    /// Calls the function of a name; the arguments are of the stated types.
    ///
    /// # Errors
    /// The function's own message.
    fn call(&self, name: &str, args: &[Value]) -> Result<Value, String>;
}

/// The host of templates that ask nothing.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoHost;

impl Host for NoHost {
    fn call(&self, name: &str, _: &[Value]) -> Result<Value, String> {
        Err(format!("{name} is not available here"))
    }
}

/// A function of its arguments alone; the arguments are of the stated types.
pub(crate) type Call = fn(&[Value]) -> Result<Value, String>;

/// As [`Call`], with state.
pub(crate) type SharedCall = dyn Fn(&[Value]) -> Result<Value, String> + Send + Sync;

/// What a function does.
#[derive(Clone)]
pub(crate) enum Body {
    /// Calls itself.
    Plain(Call),
    /// Calls something of the caller's.
    Shared(Arc<SharedCall>),
    /// Asks the host.
    Host,
    /// The first argument that is true, or the last (`true`), or false (`false`).
    /// Arguments after it are not evaluated.
    Short(bool),
    /// Calls its first argument.
    Call,
}

/// A function.
#[derive(Clone)]
pub struct Function {
    pub(crate) name: &'static str,
    pub(crate) signature: Signature,
    pub(crate) body: Body,
}

impl fmt::Debug for Function {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}

impl Function {
    /// A function of the arguments alone.
    #[must_use]
    pub const fn plain(
        name: &'static str,
        params: &'static [Type],
        call: fn(&[Value]) -> Result<Value, String>,
    ) -> Self {
        Self {
            name,
            signature: Signature { params, rest: None },
            body: Body::Plain(call),
        }
    }

    /// A function that the [`Host`] answers.
    #[must_use]
    pub const fn host(name: &'static str, params: &'static [Type]) -> Self {
        Self {
            name,
            signature: Signature { params, rest: None },
            body: Body::Host,
        }
    }

    /// A function with state of its own.
    #[must_use]
    pub fn shared(
        name: &'static str,
        params: &'static [Type],
        call: impl Fn(&[Value]) -> Result<Value, String> + Send + Sync + 'static,
    ) -> Self {
        Self {
            name,
            signature: Signature { params, rest: None },
            body: Body::Shared(Arc::new(call)),
        }
    }

    pub(crate) const fn special(name: &'static str, params: &'static [Type], body: Body) -> Self {
        Self {
            name,
            signature: Signature { params, rest: None },
            body,
        }
    }

    /// The same function with any number of further arguments.
    #[must_use]
    pub const fn with_rest(mut self, rest: Type) -> Self {
        self.signature.rest = Some(rest);
        self
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &'static str {
        self.name
    }
}

/// A table of functions. Sets that are added later win.
#[derive(Clone, Debug, Default)]
pub struct Functions(HashMap<&'static str, Arc<Function>>);

impl Functions {
    /// The functions of the language itself.
    #[must_use]
    pub fn builtins() -> Self {
        Self::default().with(builtins::set())
    }

    /// This table and a set.
    #[must_use]
    pub fn with(mut self, set: impl IntoIterator<Item = Function>) -> Self {
        for function in set {
            self.0.insert(function.name, Arc::new(function));
        }
        self
    }

    /// The function of a name.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Arc<Function>> {
        self.0.get(name)
    }

    /// All names, ascending.
    #[must_use]
    pub fn names(&self) -> Vec<&'static str> {
        let mut names: Vec<_> = self.0.keys().copied().collect();
        names.sort_unstable();
        names
    }
}
