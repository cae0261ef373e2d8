//! `.A.B.C`: fields of objects, keys of maps, and methods.

use std::sync::Arc;

use super::{At, Outcome, State};
use crate::format::quote;
use crate::parse::tree::{Operand, OperandKind};
use crate::set::MissingKey;
use crate::value::{Element, Value};

impl<'t> State<'t, '_> {
    /// `(pipeline).A.B`
    pub(super) fn chain(
        &mut self,
        dot: &Value,
        operand: &'t Operand,
        args: &'t [Operand],
        last: Option<Value>,
    ) -> Outcome<Value> {
        let OperandKind::Chain(of, fields) = &operand.kind else {
            return Ok(Value::Missing);
        };
        self.at = At::Operand(operand);
        if let OperandKind::Nil = of.kind {
            return Err(self.error(format_args!(
                "indirection through explicit nil in {operand}"
            )));
        }
        let receiver = self.operand(dot, of)?;
        self.fields(dot, &receiver, operand, fields, args, last)
    }

    /// Follows `fields` from `receiver`; the last may be a method with arguments.
    pub(super) fn fields(
        &mut self,
        dot: &Value,
        receiver: &Value,
        operand: &'t Operand,
        fields: &'t [Arc<str>],
        args: &'t [Operand],
        last: Option<Value>,
    ) -> Outcome<Value> {
        let Some((end, way)) = fields.split_last() else {
            return Ok(receiver.clone());
        };
        if way.is_empty() {
            return self.field(dot, receiver, false, operand, end, args, last);
        }
        let mut value = receiver.clone();
        let mut held = false;
        for name in way {
            let next = self.field(dot, &value, held, operand, name, &[], None)?;
            // What a map of anything holds is known to Go as an interface only.
            held = matches!(&value, Value::Map(map) if map.class.element == Element::Any);
            value = next;
        }
        self.field(dot, &value, held, operand, end, args, last)
    }

    /// One field. `held` tells that the receiver is held as an interface, which shows
    /// in messages.
    #[expect(clippy::too_many_arguments, reason = "a call's whole context, once")]
    fn field(
        &mut self,
        dot: &Value,
        receiver: &Value,
        held: bool,
        operand: &'t Operand,
        name: &Arc<str>,
        args: &'t [Operand],
        last: Option<Value>,
    ) -> Outcome<Value> {
        match receiver {
            Value::Missing if self.execution.missing == MissingKey::Error => {
                let key = quote(name);
                return Err(self.error(format_args!("nil data; no entry for key {key}")));
            }
            Value::Missing => return Ok(Value::Missing),
            Value::Nil => {
                return Err(
                    self.error(format_args!("nil pointer evaluating interface {{}}.{name}"))
                );
            }
            _ => {}
        }
        if let Some(method) = receiver.class().and_then(|c| c.method(name)) {
            return self.method(dot, receiver, method, operand, args, last);
        }
        let has_arguments = !args.is_empty() || last.is_some();
        match receiver {
            Value::Map(map) => {
                if has_arguments {
                    return Err(
                        self.error(format_args!("{name} is not a method but has arguments"))
                    );
                }
                if let Some(value) = map.get(name) {
                    return Ok(value.clone());
                }
                match self.execution.missing {
                    MissingKey::Default => Ok(Value::Missing),
                    MissingKey::Zero => Ok(map.class.element.zero()),
                    MissingKey::Error => {
                        let key = quote(name);
                        Err(self.error(format_args!("map has no entry for key {key}")))
                    }
                }
            }
            Value::Object(object) => match object.field(name) {
                Some(_) if has_arguments => Err(self.error(format_args!(
                    "{name} has arguments but cannot be invoked as function"
                ))),
                Some(value) => Ok(value),
                None => Err(self.no_field(receiver, held, name)),
            },
            _ => Err(self.no_field(receiver, held, name)),
        }
    }

    fn no_field(&self, receiver: &Value, held: bool, name: &str) -> Box<crate::Error> {
        let of = if held {
            "interface {}"
        } else {
            receiver.type_name()
        };
        self.error(format_args!("can't evaluate field {name} in type {of}"))
    }
}
