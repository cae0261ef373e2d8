//! What a template is after parsing: lists of nodes, pipelines, commands, operands.
//!
//! Every node knows its byte, and prints as Go prints it, because messages quote
//! nodes. Functions are looked up once, here, and not at each execution.

use std::fmt::{self, Write};
use std::sync::Arc;

use crate::format::quote;
use crate::functions::Function;

/// A template.
#[derive(Debug, Clone)]
pub struct Tree {
    /// Name of the template.
    pub name: Arc<str>,
    /// Name of the text it was in, for messages.
    pub parse_name: Arc<str>,
    /// The text it was in, for messages.
    pub source: Arc<str>,
    /// What it does.
    pub root: Vec<Node>,
}

impl Tree {
    /// Line from 1, and byte in the line from 0, of a byte of the text.
    #[must_use]
    pub fn line_and_column(&self, pos: u32) -> (usize, usize) {
        let at = (pos as usize).min(self.source.len());
        let before = &self.source.as_bytes()[..at];
        let line = 1 + before.iter().filter(|b| **b == b'\n').count();
        let start = before
            .iter()
            .rposition(|b| *b == b'\n')
            .map_or(0, |n| n + 1);
        (line, at - start)
    }

    /// Whether a definition of this would change nothing: only space and comments.
    pub(crate) fn is_empty(&self) -> bool {
        self.root.iter().all(|node| match &node.kind {
            NodeKind::Text(text) => text.trim().is_empty(),
            _ => false,
        })
    }
}

/// A text or an action.
#[derive(Debug, Clone)]
pub struct Node {
    /// Byte of the text.
    pub pos: u32,
    /// What it is.
    pub kind: NodeKind,
}

/// Kinds of nodes.
#[derive(Debug, Clone)]
pub enum NodeKind {
    /// Text as it is.
    Text(Box<str>),
    /// `{{pipeline}}`
    Action(Pipe),
    /// `{{if}}`
    If(Box<Branch>),
    /// `{{with}}`
    With(Box<Branch>),
    /// `{{range}}`
    Range(Box<Branch>),
    /// `{{template "name" pipeline}}`
    Template(Arc<str>, Option<Pipe>),
    /// `{{break}}`
    Break,
    /// `{{continue}}`
    Continue,
}

/// A condition and what depends on it.
#[derive(Debug, Clone)]
pub struct Branch {
    /// The condition.
    pub pipe: Pipe,
    /// What is done if it holds.
    pub then: Vec<Node>,
    /// What is done else.
    pub otherwise: Option<Vec<Node>>,
}

/// A pipeline.
#[derive(Debug, Clone)]
pub struct Pipe {
    /// Byte of the text.
    pub pos: u32,
    /// Variables that take the value.
    pub variables: Vec<Variable>,
    /// Whether they are there already (`=`, and not `:=`).
    pub assign: bool,
    /// The commands; the value of each is the last argument of the next.
    pub commands: Vec<Command>,
}

/// A variable: its name with the `$`, and a number that is cheaper to compare.
#[derive(Debug, Clone)]
pub struct Variable {
    /// With the `$`.
    pub name: Arc<str>,
    /// The same number for the same name, in one text.
    pub id: u32,
}

/// An operand, or a function or method with its arguments.
#[derive(Debug, Clone)]
pub struct Command {
    /// Byte of the text.
    pub pos: u32,
    /// At least one.
    pub args: Vec<Operand>,
}

/// An operand.
#[derive(Debug, Clone)]
pub struct Operand {
    /// Byte of the text.
    pub pos: u32,
    /// What it is.
    pub kind: OperandKind,
}

/// Kinds of operands.
#[derive(Debug, Clone)]
pub enum OperandKind {
    /// `.`
    Dot,
    /// `nil`
    Nil,
    /// `true`, `false`
    Bool(bool),
    /// A number.
    Number(Number),
    /// A text: as written, and what it means.
    Str(Box<str>, Arc<str>),
    /// `.A.B`
    Field(Vec<Arc<str>>),
    /// `$x`, `$x.A`
    Variable(Variable, Vec<Arc<str>>),
    /// A function.
    Function(Arc<str>, Arc<Function>),
    /// `(pipeline)`
    Pipe(Box<Pipe>),
    /// `(pipeline).A.B`
    Chain(Box<Operand>, Vec<Arc<str>>),
}

/// A number, in each of the kinds that it can be.
#[derive(Debug, Clone)]
pub struct Number {
    /// As written.
    pub text: Box<str>,
    /// As a whole number.
    pub int: Option<i64>,
    /// As a whole number without sign.
    pub uint: Option<u64>,
    /// As a number.
    pub float: Option<f64>,
}

fn write_fields(f: &mut fmt::Formatter<'_>, fields: &[Arc<str>]) -> fmt::Result {
    fields.iter().try_for_each(|field| write!(f, ".{field}"))
}

impl fmt::Display for Operand {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.kind {
            OperandKind::Dot => f.write_char('.'),
            OperandKind::Nil => f.write_str("nil"),
            OperandKind::Bool(b) => write!(f, "{b}"),
            OperandKind::Number(number) => f.write_str(&number.text),
            OperandKind::Str(quoted, _) => f.write_str(quoted),
            OperandKind::Field(fields) => write_fields(f, fields),
            OperandKind::Variable(variable, fields) => {
                f.write_str(&variable.name)?;
                write_fields(f, fields)
            }
            OperandKind::Function(name, _) => f.write_str(name),
            OperandKind::Pipe(pipe) => write!(f, "({pipe})"),
            OperandKind::Chain(operand, fields) => {
                write!(f, "{operand}")?;
                write_fields(f, fields)
            }
        }
    }
}

impl fmt::Display for Command {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, arg) in self.args.iter().enumerate() {
            let space = if at > 0 { " " } else { "" };
            write!(f, "{space}{arg}")?;
        }
        Ok(())
    }
}

impl fmt::Display for Pipe {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, variable) in self.variables.iter().enumerate() {
            let comma = if at > 0 { ", " } else { "" };
            write!(f, "{comma}{}", variable.name)?;
        }
        if !self.variables.is_empty() {
            f.write_str(if self.assign { " = " } else { " := " })?;
        }
        for (at, command) in self.commands.iter().enumerate() {
            let bar = if at > 0 { " | " } else { "" };
            write!(f, "{bar}{command}")?;
        }
        Ok(())
    }
}

fn write_branch(f: &mut fmt::Formatter<'_>, word: &str, branch: &Branch) -> fmt::Result {
    write!(f, "{{{{{word} {}}}}}", branch.pipe)?;
    branch
        .then
        .iter()
        .try_for_each(|node| write!(f, "{node}"))?;
    if let Some(otherwise) = &branch.otherwise {
        f.write_str("{{else}}")?;
        otherwise.iter().try_for_each(|node| write!(f, "{node}"))?;
    }
    f.write_str("{{end}}")
}

impl fmt::Display for Node {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.kind {
            NodeKind::Text(text) => f.write_str(text),
            NodeKind::Action(pipe) => write!(f, "{{{{{pipe}}}}}"),
            NodeKind::If(branch) => write_branch(f, "if", branch),
            NodeKind::With(branch) => write_branch(f, "with", branch),
            NodeKind::Range(branch) => write_branch(f, "range", branch),
            NodeKind::Template(name, None) => write!(f, "{{{{template {}}}}}", quote(name)),
            NodeKind::Template(name, Some(pipe)) => {
                write!(f, "{{{{template {} {pipe}}}}}", quote(name))
            }
            NodeKind::Break => f.write_str("{{break}}"),
            NodeKind::Continue => f.write_str("{{continue}}"),
        }
    }
}
