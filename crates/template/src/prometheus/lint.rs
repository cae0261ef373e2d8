//! Reads alert texts without data: what they refer to, and what can never work.
//!
//! A small inference of types over the tree: the dot of an alert's text has four
//! fields, labels are texts, and what functions give is known for those that give
//! samples. What is not known is not complained about.

use std::collections::HashMap;
use std::sync::Arc;

use super::alert::PRELUDE;
use crate::parse::tree::{Branch, Command, Node, NodeKind, Operand, OperandKind, Pipe, Tree};
use crate::set::Set;

/// Something that can never work.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// What is wrong.
    pub message: String,
    /// Line of the text, from 1.
    pub line: usize,
    /// Byte in the line, from 0.
    pub column: usize,
}

/// A label or other datum that a text refers to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reference {
    /// `Labels`, `ExternalLabels`, `ExternalURL`, `Value`, or `Sample` for a label of a
    /// query's answer.
    pub of: &'static str,
    /// The label, where there is one.
    pub label: Option<String>,
    /// Line of the text, from 1.
    pub line: usize,
    /// Byte in the line, from 0.
    pub column: usize,
}

/// What is known of a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Alert,
    Labels(&'static str),
    Text,
    Number,
    Vector,
    Sample,
    Unknown,
}

/// Whether a tree calls a function.
pub(super) fn uses(tree: &Tree, function: &str) -> bool {
    nodes_use(&tree.root, function)
}

fn nodes_use(nodes: &[Node], function: &str) -> bool {
    nodes.iter().any(|node| match &node.kind {
        NodeKind::Action(pipe) => pipe_uses(pipe, function),
        NodeKind::If(b) | NodeKind::With(b) | NodeKind::Range(b) => {
            pipe_uses(&b.pipe, function)
                || nodes_use(&b.then, function)
                || b.otherwise.as_ref().is_some_and(|n| nodes_use(n, function))
        }
        NodeKind::Template(_, pipe) => pipe.as_ref().is_some_and(|p| pipe_uses(p, function)),
        _ => false,
    })
}

fn pipe_uses(pipe: &Pipe, function: &str) -> bool {
    let mut operands = pipe.commands.iter().flat_map(|c| &c.args);
    operands.any(|operand| operand_uses(operand, function))
}

fn operand_uses(operand: &Operand, function: &str) -> bool {
    match &operand.kind {
        OperandKind::Function(name, _) => name.as_ref() == function,
        OperandKind::Pipe(pipe) => pipe_uses(pipe, function),
        OperandKind::Chain(of, _) => operand_uses(of, function),
        _ => false,
    }
}

/// What the text of a name refers to, and its problems.
pub(super) fn inspect(set: &Set, name: &str) -> (Vec<Reference>, Vec<Problem>) {
    let Some(tree) = set.tree(name) else {
        return (Vec::new(), Vec::new());
    };
    let mut inspection = Inspection {
        set,
        tree,
        variables: vec![HashMap::from([(0, Kind::Alert)])],
        references: Vec::new(),
        problems: Vec::new(),
        calls: Vec::new(),
    };
    inspection.nodes(Kind::Alert, &tree.root);
    (inspection.references, inspection.problems)
}

/// Where an operand begins; the tree has the place of its second part, as Go.
fn start(operand: &Operand) -> u32 {
    let first = match &operand.kind {
        OperandKind::Field(fields) if fields.len() > 1 => 1 + fields[0].len(),
        OperandKind::Variable(variable, fields) if !fields.is_empty() => variable.name.len(),
        _ => 0,
    };
    operand.pos - u32::try_from(first).unwrap_or(0).min(operand.pos)
}

struct Inspection<'t> {
    set: &'t Set,
    tree: &'t Tree,
    /// Kinds of variables by number, for each scope.
    variables: Vec<HashMap<u32, Kind>>,
    references: Vec<Reference>,
    problems: Vec<Problem>,
    /// Templates that are being inspected, against recursion.
    calls: Vec<Arc<str>>,
}

impl<'t> Inspection<'t> {
    /// Line and column in the text as written, which begins behind the prelude.
    fn place(&self, pos: u32) -> Option<(usize, usize)> {
        if (pos as usize) < PRELUDE.len() {
            return None;
        }
        let (line, column) = self.tree.line_and_column(pos);
        let shift = if line == 1 { PRELUDE.len() } else { 0 };
        Some((line, column - shift))
    }

    fn refer(&mut self, pos: u32, of: &'static str, label: Option<&str>) {
        let Some((line, column)) = self.place(pos) else {
            return;
        };
        self.references.push(Reference {
            of,
            label: label.map(str::to_owned),
            line,
            column,
        });
    }

    fn complain(&mut self, pos: u32, message: String) {
        let Some((line, column)) = self.place(pos) else {
            return;
        };
        let problem = Problem {
            message,
            line,
            column,
        };
        if !self.problems.contains(&problem) {
            self.problems.push(problem);
        }
    }

    fn nodes(&mut self, dot: Kind, nodes: &'t [Node]) {
        for node in nodes {
            match &node.kind {
                NodeKind::Action(pipe) => {
                    self.pipe(dot, pipe);
                }
                NodeKind::If(branch) => self.branch(dot, branch, |_| dot),
                NodeKind::With(branch) => self.branch(dot, branch, |kind| kind),
                NodeKind::Range(branch) => self.branch(dot, branch, |kind| match kind {
                    Kind::Vector => Kind::Sample,
                    Kind::Labels(_) => Kind::Text,
                    _ => Kind::Unknown,
                }),
                NodeKind::Template(name, pipe) => self.template(dot, node.pos, name, pipe.as_ref()),
                _ => {}
            }
        }
    }

    fn branch(&mut self, dot: Kind, branch: &'t Branch, inner: impl Fn(Kind) -> Kind) {
        self.variables.push(HashMap::new());
        let kind = self.pipe(dot, &branch.pipe);
        let range = inner(Kind::Vector) == Kind::Sample;
        if range && let Some(scope) = self.variables.last_mut() {
            // Of one variable the element, of two the key and the element.
            let mut declared = branch.pipe.variables.iter().rev();
            if let Some(element) = declared.next() {
                scope.insert(element.id, inner(kind));
            }
            if let Some(key) = declared.next() {
                scope.insert(key.id, Kind::Unknown);
            }
        }
        self.nodes(inner(kind), &branch.then);
        if let Some(otherwise) = &branch.otherwise {
            self.nodes(dot, otherwise);
        }
        self.variables.pop();
    }

    fn template(&mut self, dot: Kind, pos: u32, name: &Arc<str>, pipe: Option<&'t Pipe>) {
        let dot = pipe.map_or(Kind::Unknown, |pipe| self.pipe(dot, pipe));
        let Some(tree) = self.set.tree(name) else {
            let name = crate::format::quote(name);
            self.complain(pos, format!("template {name} not defined"));
            return;
        };
        if self.calls.contains(name) {
            return;
        }
        self.calls.push(name.clone());
        let outer = std::mem::replace(&mut self.variables, vec![HashMap::from([(0, dot)])]);
        self.nodes(dot, &tree.root);
        self.variables = outer;
        self.calls.pop();
    }

    fn pipe(&mut self, dot: Kind, pipe: &'t Pipe) -> Kind {
        let mut kind = Kind::Unknown;
        for (at, command) in pipe.commands.iter().enumerate() {
            kind = self.command(dot, command, (at > 0).then_some(kind));
        }
        for variable in &pipe.variables {
            let scope = self.variables.iter_mut().rev();
            // A variable that is set to something else is not known any more.
            let known = scope.into_iter().find_map(|s| s.get_mut(&variable.id));
            match known {
                Some(known) if pipe.assign && *known != kind => *known = Kind::Unknown,
                _ if pipe.assign => {}
                _ => {
                    if let Some(scope) = self.variables.last_mut() {
                        scope.insert(variable.id, kind);
                    }
                }
            }
        }
        kind
    }

    fn command(&mut self, dot: Kind, command: &'t Command, last: Option<Kind>) -> Kind {
        let kinds: Vec<Kind> = command.args.iter().map(|a| self.operand(dot, a)).collect();
        let OperandKind::Function(name, _) = &command.args[0].kind else {
            return kinds[0];
        };
        let operand = last.or_else(|| kinds.last().copied());
        match name.as_ref() {
            "query" | "sortByLabel" => Kind::Vector,
            "first" => Kind::Sample,
            "label" | "strvalue" | "humanize" | "humanize1024" | "humanizeDuration"
            | "humanizePercentage" | "humanizeTimestamp" | "printf" | "print" | "println"
            | "title" | "toUpper" | "toLower" | "reReplaceAll" | "stripPort" | "stripDomain"
            | "graphLink" | "tableLink" | "externalURL" | "pathPrefix" | "urlQueryEscape" => {
                Kind::Text
            }
            "now" | "parseDuration" => Kind::Number,
            "index" => {
                let of = command.args.get(1).map(|_| kinds[1]);
                if let (Some(Kind::Labels(of)), Some(OperandKind::Str(_, label))) =
                    (of, command.args.get(2).map(|a| &a.kind))
                {
                    self.refer(command.pos, of, Some(label));
                    return Kind::Text;
                }
                Kind::Unknown
            }
            "value" if operand == Some(Kind::Sample) => Kind::Number,
            _ => Kind::Unknown,
        }
    }

    fn operand(&mut self, dot: Kind, operand: &'t Operand) -> Kind {
        match &operand.kind {
            OperandKind::Dot => dot,
            OperandKind::Str(..) => Kind::Text,
            OperandKind::Number(_) => Kind::Number,
            OperandKind::Field(fields) => self.fields(dot, operand, fields),
            OperandKind::Variable(variable, fields) => {
                let scopes = self.variables.iter().rev();
                let known = scopes
                    .into_iter()
                    .find_map(|s| s.get(&variable.id))
                    .copied();
                let kind = known.unwrap_or(Kind::Unknown);
                if fields.is_empty() && kind == Kind::Number && variable.name.as_ref() == "$value" {
                    self.refer(start(operand), "Value", None);
                }
                self.fields(kind, operand, fields)
            }
            OperandKind::Pipe(pipe) => self.pipe(dot, pipe),
            OperandKind::Chain(of, fields) => {
                let kind = self.operand(dot, of);
                self.fields(kind, operand, fields)
            }
            _ => Kind::Unknown,
        }
    }

    fn fields(&mut self, mut kind: Kind, operand: &'t Operand, fields: &'t [Arc<str>]) -> Kind {
        for field in fields {
            kind = match (kind, field.as_ref()) {
                (Kind::Unknown, _) => return Kind::Unknown,
                (Kind::Alert, "Labels") => Kind::Labels("Labels"),
                (Kind::Alert, "ExternalLabels") => Kind::Labels("ExternalLabels"),
                (Kind::Alert, "ExternalURL") => {
                    self.refer(start(operand), "ExternalURL", None);
                    Kind::Text
                }
                (Kind::Alert | Kind::Sample, "Value") => {
                    if kind == Kind::Alert {
                        self.refer(start(operand), "Value", None);
                    }
                    Kind::Number
                }
                (Kind::Sample, "Labels") => Kind::Labels("Sample"),
                (Kind::Labels(of), label) => {
                    self.refer(start(operand), of, Some(label));
                    Kind::Text
                }
                (kind, field) => {
                    let what = match kind {
                        Kind::Alert => {
                            "the alert, which has .Labels, .ExternalLabels, .ExternalURL and .Value"
                        }
                        Kind::Sample => "a sample, which has .Labels and .Value",
                        Kind::Vector => "a query's answer, which is a list",
                        Kind::Number => "a number",
                        _ => "a text",
                    };
                    self.complain(
                        start(operand),
                        format!("{operand}: there is no field {field} in {what}"),
                    );
                    return Kind::Unknown;
                }
            };
        }
        kind
    }
}
