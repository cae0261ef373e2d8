//! What a template looks at.

use std::sync::Arc;

use binnacle_template::parse::tree::{
    Branch, Command, Node, NodeKind, Operand, OperandKind, Pipe, Tree,
};

/// The labels that a template names.
#[derive(Debug, Default)]
pub(super) struct Fields {
    /// Those that metric queries ask parsers for, as Loki gathers them: fields of actions,
    /// conditions and their bodies, each name once.
    pub(super) names: Vec<String>,
    /// Those whose values it may look at.
    pub(super) seen: Vec<Arc<str>>,
    /// Whether it may look at any label.
    pub(super) needs_all: bool,
    /// Whether it looks at the line.
    pub(super) needs_line: bool,
    /// The one field that is the whole template.
    pub(super) only: Option<String>,
}

impl Fields {
    pub(super) fn of(tree: &Tree) -> Self {
        let mut own = Self {
            only: only_field(&tree.root),
            ..Self::default()
        };
        own.nodes(&tree.root);
        own
    }

    fn nodes(&mut self, nodes: &[Node]) {
        for node in nodes {
            match &node.kind {
                NodeKind::Text(_) | NodeKind::Break | NodeKind::Continue => {}
                NodeKind::Action(pipe) => self.pipe(pipe),
                NodeKind::If(branch) | NodeKind::With(branch) | NodeKind::Range(branch) => {
                    self.branch(branch);
                }
                // What another template looks at is not looked into.
                NodeKind::Template(..) => {
                    self.needs_all = true;
                    self.needs_line = true;
                }
            }
        }
    }

    fn branch(&mut self, branch: &Branch) {
        self.pipe(&branch.pipe);
        self.nodes(&branch.then);
        if let Some(otherwise) = &branch.otherwise {
            self.nodes(otherwise);
        }
    }

    fn pipe(&mut self, pipe: &Pipe) {
        pipe.commands.iter().for_each(|c| self.command(c));
    }

    fn command(&mut self, command: &Command) {
        command.args.iter().for_each(|a| self.operand(a));
    }

    fn operand(&mut self, operand: &Operand) {
        match &operand.kind {
            OperandKind::Field(fields) => {
                for field in fields {
                    if self.names.iter().all(|n| **n != **field) {
                        self.names.push(field.to_string());
                    }
                }
                self.see(fields);
            }
            OperandKind::Variable(variable, fields) if &*variable.name == "$" => self.see(fields),
            OperandKind::Dot => self.needs_all = true,
            OperandKind::Function(name, _) => self.needs_line |= &**name == "__line__",
            OperandKind::Pipe(pipe) => self.pipe(pipe),
            OperandKind::Chain(operand, _) => self.operand(operand),
            OperandKind::Variable(..)
            | OperandKind::Nil
            | OperandKind::Bool(_)
            | OperandKind::Number(_)
            | OperandKind::Str(..) => {}
        }
    }

    fn see(&mut self, fields: &[Arc<str>]) {
        match fields.first() {
            None => self.needs_all = true,
            Some(name) if self.seen.contains(name) => {}
            Some(name) => self.seen.push(name.clone()),
        }
    }
}

/// The field of `{{.a}}`.
fn only_field(nodes: &[Node]) -> Option<String> {
    let [node] = nodes else { return None };
    let NodeKind::Action(pipe) = &node.kind else {
        return None;
    };
    let [command] = pipe.commands.as_slice() else {
        return None;
    };
    match command.args.as_slice() {
        [
            Operand {
                kind: OperandKind::Field(fields),
                ..
            },
        ] if pipe.variables.is_empty() => match fields.as_slice() {
            [only] => Some(only.to_string()),
            _ => None,
        },
        _ => None,
    }
}
