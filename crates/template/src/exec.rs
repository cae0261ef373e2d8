//! Executes trees.
//!
//! One pass over the nodes, with a stack of variables. Arguments are collected on a
//! stack that is shared by all calls, and text is appended to one output, so that a
//! template that prints fields and literals allocates nothing. The state remembers
//! the node it is at, because messages name it.

mod call;
mod field;

use std::collections::HashMap;
use std::fmt::Display;
use std::sync::Arc;

use crate::format::{quote, write_display};
use crate::functions::Host;
use crate::parse::tree::{
    Branch, Command, Node, NodeKind, Number, Operand, OperandKind, Pipe, Tree,
};
use crate::set::MissingKey;
use crate::value::Value;
use crate::{Error, Limits};

/// What one execution works with.
pub(crate) struct Execution<'a> {
    pub trees: &'a HashMap<Arc<str>, Arc<Tree>>,
    pub host: &'a dyn Host,
    pub missing: MissingKey,
    pub limits: Limits,
}

/// Executes `tree` and appends to `out`.
pub(crate) fn execute(
    execution: &Execution<'_>,
    tree: &Tree,
    data: &Value,
    out: &mut String,
) -> Result<(), Error> {
    let mut state = State {
        execution,
        tree,
        out_start: out.len(),
        out,
        at: At::Nothing,
        variables: vec![(0, data.clone())],
        base: 0,
        stack: Vec::new(),
        depth: 0,
        steps: 0,
    };
    state.list(data, &tree.root).map(drop).map_err(|e| *e)
}

/// The node that is executed, for messages.
#[derive(Clone, Copy)]
enum At<'t> {
    Nothing,
    Node(&'t Node),
    Pipe(&'t Pipe),
    Command(&'t Command),
    Operand(&'t Operand),
}

/// How a list of nodes ended.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Flow {
    Next,
    Break,
    Continue,
}

/// Errors are boxed, so that the way without one is short.
type Outcome<T> = Result<T, Box<Error>>;

struct State<'t, 'o> {
    execution: &'t Execution<'t>,
    tree: &'t Tree,
    out: &'o mut String,
    out_start: usize,
    at: At<'t>,
    /// Numbers of names and values; the innermost is the last.
    variables: Vec<(u32, Value)>,
    /// Where the variables of this template begin.
    base: usize,
    /// Arguments of the calls that are being prepared.
    stack: Vec<Value>,
    depth: usize,
    steps: u64,
}

impl<'t> State<'t, '_> {
    /// A message that names the node.
    fn error(&self, message: impl Display) -> Box<Error> {
        Box::new(Error::Execute {
            message: self.located(message),
        })
    }

    fn located(&self, message: impl Display) -> String {
        let (pos, context) = match self.at {
            At::Nothing => return format!("template: {}: {message}", self.tree.name),
            At::Node(node) => (node.pos, node.to_string()),
            At::Pipe(pipe) => (pipe.pos, pipe.to_string()),
            At::Command(command) => (command.pos, command.to_string()),
            At::Operand(operand) => (operand.pos, operand.to_string()),
        };
        let (line, column) = self.tree.line_and_column(pos);
        let (file, name) = (&self.tree.parse_name, quote(&self.tree.name));
        format!("template: {file}:{line}:{column}: executing {name} at <{context}>: {message}")
    }

    fn over_limit(&self, limit: &'static str, value: impl Display) -> Box<Error> {
        Box::new(Error::Limit {
            message: self.located(format_args!("exceeded the limit {limit} of {value}")),
            limit,
        })
    }

    fn step(&mut self) -> Outcome<()> {
        self.steps += 1;
        if self.steps > self.execution.limits.steps {
            return Err(self.over_limit("steps", self.execution.limits.steps));
        }
        Ok(())
    }

    fn check_output(&self) -> Outcome<()> {
        let limit = self.execution.limits.output_bytes;
        if self.out.len() - self.out_start > limit {
            return Err(self.over_limit("output_bytes", limit));
        }
        Ok(())
    }

    fn list(&mut self, dot: &Value, nodes: &'t [Node]) -> Outcome<Flow> {
        for node in nodes {
            let flow = self.node(dot, node)?;
            if flow != Flow::Next {
                return Ok(flow);
            }
        }
        Ok(Flow::Next)
    }

    fn node(&mut self, dot: &Value, node: &'t Node) -> Outcome<Flow> {
        self.at = At::Node(node);
        self.step()?;
        match &node.kind {
            NodeKind::Text(text) => {
                self.out.push_str(text);
                self.check_output()?;
            }
            NodeKind::Action(pipe) => {
                let value = self.pipe(dot, pipe)?;
                if pipe.variables.is_empty() {
                    self.at = At::Node(node);
                    self.print(node, &value)?;
                }
            }
            NodeKind::If(branch) => return self.choose(dot, branch, false),
            NodeKind::With(branch) => return self.choose(dot, branch, true),
            NodeKind::Range(branch) => return self.range(dot, branch),
            NodeKind::Template(name, pipe) => self.template(dot, name, pipe.as_ref())?,
            NodeKind::Break => return Ok(Flow::Break),
            NodeKind::Continue => return Ok(Flow::Continue),
        }
        Ok(Flow::Next)
    }

    fn print(&mut self, node: &Node, value: &Value) -> Outcome<()> {
        match value {
            Value::Missing | Value::Nil => self.out.push_str("<no value>"),
            Value::Function(_) => {
                return Err(self.error(format_args!("can't print {node} of type func")));
            }
            Value::Object(object) if object.pointer() => {
                // Printing follows a pointer.
                let start = self.out.len();
                write_display(self.out, value);
                if self.out[start..].starts_with('&') {
                    self.out.remove(start);
                }
            }
            value => write_display(self.out, value),
        }
        self.check_output()
    }

    /// `if` and `with`.
    fn choose(&mut self, dot: &Value, branch: &'t Branch, with: bool) -> Outcome<Flow> {
        let mark = self.variables.len();
        let value = self.pipe(dot, &branch.pipe)?;
        let flow = if value.truth() {
            self.list(if with { &value } else { dot }, &branch.then)?
        } else if let Some(otherwise) = &branch.otherwise {
            self.list(dot, otherwise)?
        } else {
            Flow::Next
        };
        self.variables.truncate(mark);
        Ok(flow)
    }

    fn range(&mut self, dot: &Value, branch: &'t Branch) -> Outcome<Flow> {
        let before = self.variables.len();
        let value = self.pipe(dot, &branch.pipe)?;
        let mut turns = 0usize;
        let mut ended = false;
        let mut turn = |state: &mut Self, key: Value, item: &Value| -> Outcome<bool> {
            turns += 1;
            ended = state.turn(branch, key, item)? == Flow::Break;
            Ok(ended)
        };
        match &value {
            Value::List(list) => {
                for (at, item) in (0i64..).zip(list.items()) {
                    if turn(self, Value::Int(at), item)? {
                        break;
                    }
                }
            }
            Value::Map(map) => {
                for (name, item) in map.entries() {
                    if turn(self, Value::Str(name.clone()), item)? {
                        break;
                    }
                }
            }
            Value::Int(end) => {
                if branch.pipe.variables.len() > 1 {
                    return Err(self.error(format_args!(
                        "can't use {end} to iterate over more than one variable"
                    )));
                }
                for at in 0..*end {
                    if turn(self, Value::Int(at), &Value::Int(at))? {
                        break;
                    }
                }
            }
            Value::Missing | Value::Nil => {}
            other => {
                return Err(self.error(format_args!("range can't iterate over {other}")));
            }
        }
        let mut flow = Flow::Next;
        if turns == 0
            && let Some(otherwise) = &branch.otherwise
        {
            flow = self.list(dot, otherwise)?;
        }
        self.variables.truncate(before);
        Ok(flow)
    }

    /// One turn of a loop.
    fn turn(&mut self, branch: &'t Branch, key: Value, item: &Value) -> Outcome<Flow> {
        self.step()?;
        let mark = self.variables.len();
        let pipe = &branch.pipe;
        if let Some(last) = pipe.variables.last() {
            self.set_turn_variable(pipe, last.id, 1, item.clone());
        }
        if pipe.variables.len() > 1 {
            self.set_turn_variable(pipe, pipe.variables[0].id, 2, key);
        }
        let flow = self.list(item, &branch.then)?;
        self.variables.truncate(mark);
        Ok(flow)
    }

    /// A declared variable of a loop is `from_top` from the top of the stack; one that
    /// was there before is found by its name.
    fn set_turn_variable(&mut self, pipe: &Pipe, id: u32, from_top: usize, value: Value) {
        let len = self.variables.len();
        if pipe.assign {
            self.assign(id, value);
        } else if let Some(slot) = len
            .checked_sub(from_top)
            .and_then(|at| self.variables.get_mut(at))
        {
            slot.1 = value;
        }
    }

    fn template(&mut self, dot: &Value, name: &Arc<str>, pipe: Option<&'t Pipe>) -> Outcome<()> {
        let Some(tree) = self.execution.trees.get(name) else {
            return Err(self.error(format_args!("template {} not defined", quote(name))));
        };
        if self.depth >= self.execution.limits.depth {
            return Err(self.over_limit("depth", self.execution.limits.depth));
        }
        let dot = match pipe {
            Some(pipe) => self.pipe(dot, pipe)?,
            None => Value::Missing,
        };
        let mark = self.variables.len();
        let outer = (self.tree, self.base);
        self.tree = tree;
        self.base = mark;
        self.depth += 1;
        self.variables.push((0, dot.clone()));
        self.list(&dot, &tree.root)?;
        self.variables.truncate(mark);
        (self.tree, self.base) = outer;
        self.depth -= 1;
        Ok(())
    }

    fn pipe(&mut self, dot: &Value, pipe: &'t Pipe) -> Outcome<Value> {
        self.at = At::Pipe(pipe);
        let mut value = None;
        for command in &pipe.commands {
            let next = self.command(dot, command, value)?;
            // The value itself, and not the interface that held it.
            value = Some(if let Value::Nil = next {
                Value::Missing
            } else {
                next
            });
        }
        let value = value.unwrap_or_default();
        for variable in &pipe.variables {
            if !pipe.assign {
                self.variables.push((variable.id, value.clone()));
            } else if !self.assign(variable.id, value.clone()) {
                return Err(self.error(format_args!("undefined variable: {}", variable.name)));
            }
        }
        Ok(value)
    }

    fn assign(&mut self, id: u32, value: Value) -> bool {
        let known = self.variables[self.base..].iter_mut().rev();
        match known.into_iter().find(|(known, _)| *known == id) {
            Some(slot) => {
                slot.1 = value;
                true
            }
            None => false,
        }
    }

    fn variable(&self, id: u32) -> Option<&Value> {
        let known = self.variables[self.base..].iter().rev();
        known
            .into_iter()
            .find(|(known, _)| *known == id)
            .map(|(_, v)| v)
    }

    /// A command; `last` is the value of the one before it.
    fn command(
        &mut self,
        dot: &Value,
        command: &'t Command,
        last: Option<Value>,
    ) -> Outcome<Value> {
        let first = &command.args[0];
        match &first.kind {
            OperandKind::Field(fields) => {
                self.at = At::Operand(first);
                return self.fields(dot, dot, first, fields, &command.args[1..], last);
            }
            OperandKind::Chain(..) => {
                return self.chain(dot, first, &command.args[1..], last);
            }
            OperandKind::Function(_, function) => {
                self.at = At::Operand(first);
                return self.call(
                    dot,
                    function,
                    At::Command(command),
                    &command.args[1..],
                    last,
                );
            }
            OperandKind::Pipe(pipe) => {
                self.no_arguments(command, last.as_ref())?;
                return self.pipe(dot, pipe);
            }
            OperandKind::Variable(..) => {
                return self.variable_operand(dot, first, &command.args[1..], last);
            }
            _ => {}
        }
        self.at = At::Operand(first);
        self.no_arguments(command, last.as_ref())?;
        match &first.kind {
            OperandKind::Nil => Err(self.error("nil is not a command")),
            OperandKind::Dot => Ok(dot.clone()),
            _ => self.constant(first),
        }
    }

    fn no_arguments(&self, command: &Command, last: Option<&Value>) -> Outcome<()> {
        if command.args.len() > 1 || last.is_some() {
            let first = &command.args[0];
            return Err(self.error(format_args!("can't give argument to non-function {first}")));
        }
        Ok(())
    }

    fn constant(&self, operand: &'t Operand) -> Outcome<Value> {
        match &operand.kind {
            OperandKind::Bool(b) => Ok(Value::Bool(*b)),
            OperandKind::Str(_, text) => Ok(Value::Str(text.clone())),
            OperandKind::Number(number) => self.ideal(number),
            _ => Err(self.error(format_args!(
                "can't evaluate command {}",
                quote(&operand.to_string())
            ))),
        }
    }

    /// A number that is of no type yet is a float when it looks like one.
    fn ideal(&self, number: &Number) -> Outcome<Value> {
        let text = &number.text;
        let hex = text.len() > 2
            && (text.starts_with("0x") || text.starts_with("0X"))
            && !text.contains(['p', 'P']);
        let looks_like_float = text.contains(['.', 'e', 'E', 'p', 'P']);
        match (number.float, number.int) {
            (Some(float), _) if looks_like_float && !hex && !text.starts_with('\'') => {
                Ok(Value::Float(float))
            }
            (_, Some(int)) => Ok(Value::Int(int)),
            _ => Err(self.error(format_args!("{text} overflows int"))),
        }
    }

    fn variable_operand(
        &mut self,
        dot: &Value,
        operand: &'t Operand,
        args: &'t [Operand],
        last: Option<Value>,
    ) -> Outcome<Value> {
        let OperandKind::Variable(variable, fields) = &operand.kind else {
            return Ok(Value::Missing);
        };
        self.at = At::Operand(operand);
        let Some(value) = self.variable(variable.id).cloned() else {
            return Err(self.error(format_args!("undefined variable: {}", variable.name)));
        };
        if fields.is_empty() {
            if !args.is_empty() || last.is_some() {
                return Err(self.error(format_args!(
                    "can't give argument to non-function {operand}"
                )));
            }
            return Ok(value);
        }
        self.fields(dot, &value, operand, fields, args, last)
    }
}
