//! Calls of functions and methods: arguments are evaluated, checked against the
//! stated types with Go's messages, and handed over.

use std::sync::Arc;

use super::{At, Outcome, State};
use crate::functions::{Body, Function, Signature, Type};
use crate::parse::tree::{Operand, OperandKind};
use crate::value::{Method, Value};

impl<'t> State<'t, '_> {
    /// Calls a function. `site` is the node that an error of the function is at.
    pub(super) fn call(
        &mut self,
        dot: &Value,
        function: &'t Arc<Function>,
        site: At<'t>,
        args: &'t [Operand],
        last: Option<Value>,
    ) -> Outcome<Value> {
        self.step()?;
        self.check_count(function.name, function.signature, args.len(), last.as_ref())?;
        if let Body::Short(stop) = function.body {
            return self.short_circuit(dot, stop, args, last);
        }
        let mark = self.stack.len();
        self.arguments(dot, function.signature, args, last)?;
        let values = &self.stack[mark..];
        let result = match &function.body {
            Body::Plain(call) => call(values),
            Body::Shared(call) => call(values),
            Body::Host => self.execution.host.call(function.name, values),
            Body::Call => self.call_value(values),
            Body::Short(_) => Ok(Value::Missing),
        };
        self.stack.truncate(mark);
        self.finish(function.name, site, result)
    }

    pub(super) fn method(
        &mut self,
        dot: &Value,
        receiver: &Value,
        method: &'static Method,
        operand: &'t Operand,
        args: &'t [Operand],
        last: Option<Value>,
    ) -> Outcome<Value> {
        self.step()?;
        let signature = Signature {
            params: method.params,
            rest: None,
        };
        self.check_count(method.name, signature, args.len(), last.as_ref())?;
        let mark = self.stack.len();
        self.arguments(dot, signature, args, last)?;
        let result = (method.call)(receiver, &self.stack[mark..]);
        self.stack.truncate(mark);
        self.finish(method.name, At::Operand(operand), result)
    }

    fn finish(
        &mut self,
        name: &str,
        site: At<'t>,
        result: Result<Value, String>,
    ) -> Outcome<Value> {
        let value = result.and_then(Value::bounded).map_err(|message| {
            self.at = site;
            self.error(format_args!("error calling {name}: {message}"))
        })?;
        let limit = self.execution.limits.output_bytes;
        if let Value::Str(text) | Value::Safe(_, text) = &value
            && text.len() > limit
        {
            return Err(self.over_limit("output_bytes", limit));
        }
        Ok(value)
    }

    fn check_count(
        &self,
        name: &str,
        signature: Signature,
        given: usize,
        last: Option<&Value>,
    ) -> Outcome<()> {
        let count = given + usize::from(last.is_some());
        let want = signature.params.len();
        if signature.rest.is_some() {
            if count < want {
                return Err(self.error(format_args!(
                    "wrong number of args for {name}: want at least {want} got {given}"
                )));
            }
        } else if count != want {
            return Err(self.error(format_args!(
                "wrong number of args for {name}: want {want} got {count}"
            )));
        }
        Ok(())
    }

    /// `and` and `or`: the first argument that decides.
    fn short_circuit(
        &mut self,
        dot: &Value,
        stop: bool,
        args: &'t [Operand],
        last: Option<Value>,
    ) -> Outcome<Value> {
        let mut value = Value::Missing;
        for operand in args {
            value = self.argument(dot, Type::Reflect, operand)?;
            if value.truth() == stop {
                return Ok(value);
            }
        }
        Ok(last.unwrap_or(value))
    }

    /// Puts the arguments on the stack.
    fn arguments(
        &mut self,
        dot: &Value,
        signature: Signature,
        args: &'t [Operand],
        last: Option<Value>,
    ) -> Outcome<()> {
        let type_of = |at: usize| {
            let param = signature.params.get(at).copied();
            param.or(signature.rest).unwrap_or(Type::Any)
        };
        for (at, operand) in args.iter().enumerate() {
            let value = self.argument(dot, type_of(at), operand)?;
            self.stack.push(value);
        }
        if let Some(last) = last {
            let value = self.check_type(last, type_of(args.len()))?;
            self.stack.push(value);
        }
        Ok(())
    }

    /// An operand as a value, of no particular type.
    pub(super) fn operand(&mut self, dot: &Value, operand: &'t Operand) -> Outcome<Value> {
        self.at = At::Operand(operand);
        match &operand.kind {
            OperandKind::Dot => Ok(dot.clone()),
            OperandKind::Nil => Ok(Value::Nil),
            OperandKind::Field(fields) => self.fields(dot, dot, operand, fields, &[], None),
            OperandKind::Variable(..) => self.variable_operand(dot, operand, &[], None),
            OperandKind::Pipe(pipe) => self.pipe(dot, pipe),
            OperandKind::Function(_, function) => {
                self.call(dot, function, At::Operand(operand), &[], None)
            }
            OperandKind::Chain(..) => self.chain(dot, operand, &[], None),
            _ => self.constant(operand),
        }
    }

    fn argument(&mut self, dot: &Value, kind: Type, operand: &'t Operand) -> Outcome<Value> {
        self.at = At::Operand(operand);
        match (&operand.kind, kind) {
            (OperandKind::Nil, _) if !kind.takes_nil() => {
                let name = kind.name();
                Err(self.error(format_args!("cannot assign nil to {name}")))
            }
            (OperandKind::Bool(_) | OperandKind::Number(_) | OperandKind::Str(..), _) => {
                self.typed_constant(kind, operand)
            }
            _ => {
                let value = self.operand(dot, operand)?;
                self.check_type(value, kind)
            }
        }
    }

    /// A constant takes the type that is wanted, if it can.
    fn typed_constant(&self, kind: Type, operand: &'t Operand) -> Outcome<Value> {
        let expected =
            |what: &str| Err(self.error(format_args!("expected {what}; found {operand}")));
        match (kind, &operand.kind) {
            (Type::Any | Type::Reflect, _) => self.constant(operand),
            (Type::Bool, OperandKind::Bool(b)) => Ok(Value::Bool(*b)),
            (Type::Bool, _) => expected("bool"),
            (Type::Str, OperandKind::Str(_, text)) => Ok(Value::Str(text.clone())),
            (Type::Str, _) => expected("string"),
            (Type::Int | Type::Duration, OperandKind::Number(number)) => match number.int {
                Some(int) if kind == Type::Int => Ok(Value::Int(int)),
                Some(int) => Ok(Value::Duration(int)),
                None => expected("integer"),
            },
            (Type::Int | Type::Duration, _) => expected("integer"),
            (Type::Float, OperandKind::Number(number)) => match number.float {
                Some(float) => Ok(Value::Float(float)),
                None => expected("float"),
            },
            (Type::Float, _) => expected("float"),
            (kind, _) => Err(self.error(format_args!(
                "can't handle {operand} for arg of type {}",
                kind.name()
            ))),
        }
    }

    fn check_type(&self, value: Value, kind: Type) -> Outcome<Value> {
        let name = kind.name();
        match value {
            Value::Missing if kind.takes_nil() => Ok(match kind {
                Type::Reflect => Value::Missing,
                _ => Value::Nil,
            }),
            Value::Missing => Err(self.error(format_args!("invalid value; expected {name}"))),
            Value::Nil if kind.takes_nil() => Ok(Value::Nil),
            value if kind.takes(&value) => Ok(value),
            value => Err(self.error(format_args!(
                "wrong type for value; expected {name}; got {}",
                value.type_name()
            ))),
        }
    }

    /// `call f a b`
    fn call_value(&self, values: &[Value]) -> Result<Value, String> {
        let (first, args) = values.split_first().ok_or("call of nil")?;
        let function = match first {
            Value::Function(function) => function,
            Value::Missing | Value::Nil => return Err("call of nil".to_owned()),
            other => return Err(format!("non-function of type {}", other.type_name())),
        };
        let Signature { params, rest } = function.signature;
        let (got, want) = (args.len(), params.len());
        if rest.is_some() && got < want {
            return Err(format!(
                "wrong number of args: got {got} want at least {want}"
            ));
        }
        if rest.is_none() && got != want {
            return Err(format!("wrong number of args: got {got} want {want}"));
        }
        for (at, value) in args.iter().enumerate() {
            let kind = params.get(at).copied().or(rest).unwrap_or(Type::Any);
            if !(kind.takes(value) || value.is_nil() && kind.takes_nil()) {
                let (have, want) = (value.type_name(), kind.name());
                return Err(format!("arg {at}: value has type {have}; should be {want}"));
            }
        }
        match &function.body {
            Body::Plain(call) => call(args),
            Body::Shared(call) => call(args),
            Body::Host => self.execution.host.call(function.name, args),
            Body::Short(_) | Body::Call => Err("built-in functions cannot be called".to_owned()),
        }
    }
}
