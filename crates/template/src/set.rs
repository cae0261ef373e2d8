//! Templates that may call each other.

use std::collections::HashMap;
use std::sync::Arc;

use crate::exec::{self, Execution};
use crate::functions::{Functions, Host};
use crate::parse::{self, tree::Tree};
use crate::value::Value;
use crate::{Error, Limits, html};

/// What a key that a map does not have is, for `.key`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum MissingKey {
    /// `<no value>` (`missingkey=default`, `missingkey=invalid`).
    #[default]
    Default,
    /// The zero value of the map's elements (`missingkey=zero`).
    Zero,
    /// An error (`missingkey=error`).
    Error,
}

/// Templates by name, with their functions. A clone is cheap: trees are shared.
#[derive(Clone, Debug)]
pub struct Set {
    functions: Arc<Functions>,
    trees: HashMap<Arc<str>, Arc<Tree>>,
    missing: MissingKey,
    limits: Limits,
}

impl Set {
    /// No templates yet.
    #[must_use]
    pub fn new(functions: Functions) -> Self {
        Self {
            functions: Arc::new(functions),
            trees: HashMap::new(),
            missing: MissingKey::default(),
            limits: Limits::default(),
        }
    }

    /// With what a missing key shall be.
    #[must_use]
    pub fn with_missing_key(mut self, missing: MissingKey) -> Self {
        self.missing = missing;
        self
    }

    /// With other limits.
    #[must_use]
    pub fn with_limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// Adds a text under a name, and the templates that it defines. A template that
    /// is there is replaced, unless the new one is empty.
    ///
    /// # Errors
    /// [`Error::Parse`]; then nothing was added.
    pub fn parse(&mut self, name: &str, text: &str) -> Result<(), Error> {
        for tree in parse::parse(name, text, &self.functions)? {
            if tree.is_empty() && self.trees.contains_key(&tree.name) {
                continue;
            }
            self.trees.insert(tree.name.clone(), Arc::new(tree));
        }
        Ok(())
    }

    /// A clone with a text that is executed under a name whatever else has that name.
    ///
    /// # Errors
    /// [`Error::Parse`]
    pub fn with_text(&self, name: &str, text: &str) -> Result<Self, Error> {
        let mut set = self.clone();
        set.trees.remove(name);
        set.parse(name, text)?;
        Ok(set)
    }

    /// A template.
    #[must_use]
    pub fn tree(&self, name: &str) -> Option<&Arc<Tree>> {
        self.trees.get(name)
    }

    /// Names of all templates, ascending.
    #[must_use]
    pub fn names(&self) -> Vec<&str> {
        let mut names: Vec<_> = self.trees.keys().map(AsRef::as_ref).collect();
        names.sort_unstable();
        names
    }

    /// Executes a template and appends what it prints to `out`.
    ///
    /// # Errors
    /// [`Error::Execute`] and [`Error::Limit`]; `out` has what was printed up to then.
    pub fn execute(
        &self,
        name: &str,
        data: &Value,
        host: &dyn Host,
        out: &mut String,
    ) -> Result<(), Error> {
        let tree = self.trees.get(name).ok_or_else(|| no_template(name))?;
        exec::execute(&self.execution(&self.trees, host), tree, data, out)
    }

    /// Executes a template with what it prints escaped for HTML, each value for the
    /// place of the page it stands in.
    ///
    /// # Errors
    /// As [`Set::execute`], and [`Error::Escape`] when no escaping makes a value safe.
    pub fn execute_html(
        &self,
        name: &str,
        data: &Value,
        host: &dyn Host,
        out: &mut String,
    ) -> Result<(), Error> {
        let escaped = html::escape(&self.trees, name)?;
        let tree = escaped.get(name).ok_or_else(|| no_template(name))?;
        exec::execute(&self.execution(&escaped, host), tree, data, out)
    }

    /// Checks that a template can be escaped for HTML.
    ///
    /// # Errors
    /// [`Error::Escape`]
    pub fn check_html(&self, name: &str) -> Result<(), Error> {
        html::escape(&self.trees, name).map(drop)
    }

    fn execution<'a>(
        &'a self,
        trees: &'a HashMap<Arc<str>, Arc<Tree>>,
        host: &'a dyn Host,
    ) -> Execution<'a> {
        Execution {
            trees,
            host,
            missing: self.missing,
            limits: self.limits,
        }
    }
}

fn no_template(name: &str) -> Error {
    Error::Execute {
        message: format!(
            "template: no template {} associated with template {}",
            crate::format::quote(name),
            crate::format::quote(name)
        ),
    }
}
