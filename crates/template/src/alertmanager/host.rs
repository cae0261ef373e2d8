//! What notification texts ask of their execution: the time, and the labels of the
//! route, whose values are templates themselves.

use std::cell::RefCell;
use std::collections::HashMap;

use super::data::Data;
use super::template::{Mode, Template};
use crate::functions::Host;
use crate::value::{Time, Value};

/// The host of one execution. Each route label is expanded once, and a cycle is an
/// error.
pub(super) struct NotificationHost<'a> {
    template: &'a Template,
    /// None when something else than a notification's data is the dot.
    data: Option<&'a Data>,
    dot: &'a Value,
    now: &'a Time,
    mode: Mode,
    expanded: RefCell<HashMap<String, String>>,
    /// Labels that are being expanded, the outermost first.
    open: RefCell<Vec<String>>,
}

impl<'a> NotificationHost<'a> {
    pub(super) fn new(
        template: &'a Template,
        data: Option<&'a Data>,
        dot: &'a Value,
        now: &'a Time,
        mode: Mode,
    ) -> Self {
        Self {
            template,
            data,
            dot,
            now,
            mode,
            expanded: RefCell::default(),
            open: RefCell::default(),
        }
    }

    pub(super) fn route_label(&self, name: &str) -> Result<String, String> {
        let Some((data, raw)) = self
            .data
            .and_then(|d| Some((d, d.route_labels.0.get(name)?)))
        else {
            return Ok(String::new());
        };
        if data.route_labels_rendered {
            return Ok(raw.clone());
        }
        if let Some(text) = self.expanded.borrow().get(name) {
            return Ok(text.clone());
        }
        if self.open.borrow().iter().any(|open| open == name) {
            let way = self.open.borrow().join(" -> ");
            return Err(format!("route label cycle detected: {way} -> {name}"));
        }
        self.open.borrow_mut().push(name.to_owned());
        let result = self.template.run(raw, self.dot, self, self.mode);
        self.open.borrow_mut().pop();
        let text = result.map_err(|e| e.to_string())?;
        self.expanded
            .borrow_mut()
            .insert(name.to_owned(), text.clone());
        Ok(text)
    }
}

impl Host for NotificationHost<'_> {
    fn call(&self, name: &str, args: &[Value]) -> Result<Value, String> {
        match (name, args) {
            ("now", _) => Ok(self.now.clone().into()),
            ("since", [Value::Time(time)]) => Ok(Value::Duration(self.now.since(time))),
            ("routeLabels", [Value::Str(label)]) => self.route_label(label).map(Into::into),
            _ => Err(format!("{name} is not available here")),
        }
    }
}
