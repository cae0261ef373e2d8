//! Appends escapers to the pipelines of a template and of those that it calls.

use std::collections::HashMap;
use std::fmt::Display;
use std::sync::Arc;

use super::context::{Attr, Context, Delim, Place, Slash, Url};
use super::escaper::Escaper;
use super::scan;
use crate::Error;
use crate::format::quote;
use crate::functions::Function;
use crate::parse::tree::{Branch, Command, Node, NodeKind, Operand, OperandKind, Pipe, Tree};

/// Deepest chain of templates that call each other.
const CALLS_MAX: usize = 100;

type Trees = HashMap<Arc<str>, Arc<Tree>>;

/// What is known of a template in a context: where it ends.
#[derive(Clone)]
struct Ending {
    context: Context,
    /// Whether this was asked before it was known.
    assumed: bool,
}

/// Contexts in which loops were left or begun again.
type Jumps = Vec<Context>;

pub(super) struct Rewriter<'t> {
    trees: &'t Trees,
    endings: HashMap<Arc<str>, Ending>,
    done: Trees,
    calls: usize,
    /// Of the loops around, the innermost last.
    loops: Vec<Jumps>,
}

impl<'t> Rewriter<'t> {
    pub(super) fn new(trees: &'t Trees) -> Self {
        Self {
            trees,
            endings: HashMap::new(),
            done: HashMap::new(),
            calls: 0,
            loops: Vec::new(),
        }
    }

    pub(super) fn run(mut self, name: &str) -> Result<Trees, Error> {
        if !self.trees.contains_key(name) {
            return Ok(self.done);
        }
        let (_, end) = self.template(name, Context::default(), None)?;
        if end.place != Place::Text {
            let place = end.describe();
            return Err(Error::Escape {
                message: format!(
                    "html/template:{name}: ends in a non-text context: {place} is not closed"
                ),
            });
        }
        Ok(self.done)
    }

    /// The name of a template rewritten for a context, and the context behind it.
    fn template(
        &mut self,
        name: &str,
        context: Context,
        site: Option<(&Tree, u32)>,
    ) -> Result<(Arc<str>, Context), Error> {
        let derived: Arc<str> = if context == Context::default() {
            Arc::from(name)
        } else {
            Arc::from(format!("{name}$htmltemplate_{context:?}"))
        };
        if let Some(ending) = self.endings.get_mut(&derived) {
            ending.assumed = true;
            return Ok((derived, ending.context));
        }
        let Some(tree) = self.trees.get(name).cloned() else {
            let message = format!("no such template {}", quote(name));
            return Err(match site {
                Some((tree, pos)) => at(tree, pos, message),
                None => Error::Escape { message },
            });
        };
        if self.calls >= CALLS_MAX {
            return Err(at(
                &tree,
                0,
                format!("templates call each other more than {CALLS_MAX} deep"),
            ));
        }
        self.calls += 1;
        let end = self.body(&derived, &tree, context);
        self.calls -= 1;
        Ok((derived, end?))
    }

    /// Where a template that calls itself ends is assumed first: where it begins, and
    /// then where that assumption led to.
    fn body(
        &mut self,
        derived: &Arc<str>,
        tree: &Arc<Tree>,
        start: Context,
    ) -> Result<Context, Error> {
        let mut assumption = start;
        let (endings, done) = (self.endings.clone(), self.done.clone());
        for _ in 0..2 {
            let ending = Ending {
                context: assumption,
                assumed: false,
            };
            self.endings.insert(derived.clone(), ending);
            let loops = std::mem::take(&mut self.loops);
            let result = self.list(tree, start, &tree.root);
            self.loops = loops;
            let (end, root) = result?;
            let assumed = self.endings.get(derived).is_some_and(|e| e.assumed);
            if !assumed || end == assumption {
                let ending = Ending {
                    context: end,
                    assumed,
                };
                self.endings.insert(derived.clone(), ending);
                let rewritten = Tree {
                    root,
                    ..Tree::clone(tree)
                };
                self.done.insert(derived.clone(), Arc::new(rewritten));
                return Ok(end);
            }
            // What was built on the wrong assumption is built again.
            self.endings.clone_from(&endings);
            self.done.clone_from(&done);
            assumption = end;
        }
        let name = &tree.name;
        Err(at(
            tree,
            0,
            format!("cannot compute output context for template {name}"),
        ))
    }

    fn list(
        &mut self,
        tree: &Tree,
        mut context: Context,
        nodes: &[Node],
    ) -> Result<(Context, Vec<Node>), Error> {
        let mut out = Vec::with_capacity(nodes.len());
        for node in nodes {
            let (next, kind) = self.node(tree, context, node)?;
            out.push(Node {
                pos: node.pos,
                kind,
            });
            context = next;
            if context.place == Place::Dead {
                break;
            }
        }
        Ok((context, out))
    }

    fn node(
        &mut self,
        tree: &Tree,
        context: Context,
        node: &Node,
    ) -> Result<(Context, NodeKind), Error> {
        let dead = Context::at(Place::Dead);
        match &node.kind {
            NodeKind::Text(text) => {
                let (context, text) =
                    rewrite_text(context, text).map_err(|e| at(tree, node.pos, e))?;
                Ok((context, NodeKind::Text(text.into())))
            }
            NodeKind::Action(pipe) if !pipe.variables.is_empty() => {
                Ok((context, node.kind.clone()))
            }
            NodeKind::Action(pipe) => {
                let (context, pipe) = action(tree, context, node, pipe)?;
                Ok((context, NodeKind::Action(pipe)))
            }
            NodeKind::If(branch) => {
                let (context, branch) = self.branch(tree, context, node, branch, "if")?;
                Ok((context, NodeKind::If(branch)))
            }
            NodeKind::With(branch) => {
                let (context, branch) = self.branch(tree, context, node, branch, "with")?;
                Ok((context, NodeKind::With(branch)))
            }
            NodeKind::Range(branch) => {
                let (context, branch) = self.range(tree, context, node, branch)?;
                Ok((context, NodeKind::Range(branch)))
            }
            NodeKind::Template(name, pipe) => {
                let (name, context) = self.template(name, context, Some((tree, node.pos)))?;
                Ok((context, NodeKind::Template(name, pipe.clone())))
            }
            NodeKind::Break | NodeKind::Continue => {
                if let Some(jumps) = self.loops.last_mut() {
                    jumps.push(context);
                }
                Ok((dead, node.kind.clone()))
            }
        }
    }

    fn branch(
        &mut self,
        tree: &Tree,
        context: Context,
        node: &Node,
        branch: &Branch,
        word: &str,
    ) -> Result<(Context, Box<Branch>), Error> {
        let (end, then) = self.list(tree, context, &branch.then)?;
        let (other, otherwise) = self.otherwise(tree, context, branch)?;
        let joined = join(tree, node, word, end, other)?;
        let branch = Branch {
            pipe: branch.pipe.clone(),
            then,
            otherwise,
        };
        Ok((joined, Box::new(branch)))
    }

    fn otherwise(
        &mut self,
        tree: &Tree,
        context: Context,
        branch: &Branch,
    ) -> Result<(Context, Option<Vec<Node>>), Error> {
        match &branch.otherwise {
            None => Ok((context, None)),
            Some(nodes) => {
                let (end, nodes) = self.list(tree, context, nodes)?;
                Ok((end, Some(nodes)))
            }
        }
    }

    /// A turn must end where the next can begin, also when it is left early.
    fn range(
        &mut self,
        tree: &Tree,
        context: Context,
        node: &Node,
        branch: &Branch,
    ) -> Result<(Context, Box<Branch>), Error> {
        let (first, then) = self.turn(tree, context, node, branch)?;
        let (second, _) = self.turn(tree, first, node, branch)?;
        let end = join(tree, node, "range", first, second)?;
        let (other, otherwise) = self.otherwise(tree, context, branch)?;
        let joined = join(tree, node, "range", end, other)?;
        let branch = Branch {
            pipe: branch.pipe.clone(),
            then,
            otherwise,
        };
        Ok((joined, Box::new(branch)))
    }

    fn turn(
        &mut self,
        tree: &Tree,
        context: Context,
        node: &Node,
        branch: &Branch,
    ) -> Result<(Context, Vec<Node>), Error> {
        self.loops.push(Jumps::new());
        let result = self.list(tree, context, &branch.then);
        let jumps = self.loops.pop().unwrap_or_default();
        let (mut end, nodes) = result?;
        for jump in jumps {
            end = join(tree, node, "range", end, jump)?;
        }
        Ok((end, nodes))
    }
}

fn at(tree: &Tree, pos: u32, message: impl Display) -> Error {
    let (line, column) = tree.line_and_column(pos);
    Error::Escape {
        message: format!(
            "html/template:{}:{line}:{column}: {message}",
            tree.parse_name
        ),
    }
}

fn join(tree: &Tree, node: &Node, word: &str, a: Context, b: Context) -> Result<Context, Error> {
    a.join(b).ok_or_else(|| {
        let (a, b) = (a.describe(), b.describe());
        at(
            tree,
            node.pos,
            format!("{{{{{word}}}}} branches end in different contexts: {a}, {b}"),
        )
    })
}

/// A text without comments, and with each `<` that begins no tag escaped.
fn rewrite_text(start: Context, text: &str) -> Result<(Context, String), String> {
    let mut out = String::with_capacity(text.len());
    let mut context = start;
    let mut rest = text;
    while !rest.is_empty() {
        let (next, passed) = scan::step(context, rest)?;
        let piece = &rest[..passed];
        if matches!(context.place, Place::Text | Place::Rcdata) {
            push_text(&mut out, piece, context.place != next.place);
        } else if context.is_comment() && context.delim == Delim::None {
            match context.place {
                Place::ScriptBlockComment => {
                    let lines = piece.contains(['\n', '\r', '\u{2028}', '\u{2029}']);
                    out.push(if lines { '\n' } else { ' ' });
                }
                Place::StyleBlockComment => out.push(' '),
                _ => {}
            }
        } else {
            out.push_str(piece);
        }
        if context.place != next.place && next.is_comment() && next.delim == Delim::None {
            // What opened the comment was written already.
            let opening = if next.place == Place::Comment { 4 } else { 2 };
            out.truncate(out.len() - opening);
        }
        context = next;
        rest = &rest[passed..];
    }
    Ok((context, out))
}

/// Appends text; `opens` tells that its last `<` begins a tag or comment.
fn push_text(out: &mut String, text: &str, opens: bool) {
    let tag = if opens {
        text.rfind('<').unwrap_or(text.len())
    } else {
        text.len()
    };
    for (at, c) in text[..tag].char_indices() {
        let doctype = text[at..]
            .get(..9)
            .is_some_and(|head| head.eq_ignore_ascii_case("<!DOCTYPE"));
        if c == '<' && !doctype {
            out.push_str("&lt;");
        } else {
            out.push(c);
        }
    }
    out.push_str(&text[tag..]);
}

/// An action with the escapers of its context.
fn action(
    tree: &Tree,
    context: Context,
    node: &Node,
    pipe: &Pipe,
) -> Result<(Context, Pipe), Error> {
    let context = context.nudged();
    let refuse = |message: String| Err(at(tree, node.pos, message));
    let last = pipe.commands.len().saturating_sub(1);
    for (stage, command) in pipe.commands.iter().enumerate() {
        let name = function_name(command);
        if let Some(name @ ("html" | "urlquery")) = name {
            let unquoted = context.place == Place::Attr && context.delim == Delim::Space;
            if stage < last || (unquoted && name == "html") {
                return refuse(format!(
                    "predefined escaper {} disallowed in template",
                    quote(name)
                ));
            }
        }
    }
    let mut escapers = Vec::with_capacity(3);
    let mut behind = context;
    match context.place {
        Place::Text => escapers.push(Escaper::Html),
        Place::Rcdata => escapers.push(Escaper::Rcdata),
        Place::Attr | Place::Dead => {}
        Place::AttrName | Place::Tag | Place::AfterName | Place::BeforeValue => {
            behind.place = Place::AttrName;
            behind.attr = Attr::Plain;
            escapers.push(Escaper::Name);
        }
        Place::Url => match context.url {
            Url::Nothing => escapers.extend([Escaper::UrlFilter, Escaper::UrlNormalizer]),
            Url::Path => escapers.push(Escaper::UrlNormalizer),
            Url::Query => escapers.push(Escaper::UrlPart),
            Url::Unknown => {
                return refuse(format!(
                    "{node} appears in an ambiguous context within a URL"
                ));
            }
        },
        Place::Srcset => escapers.push(Escaper::Srcset),
        Place::Script => {
            behind.regexp = Slash::Division;
            escapers.push(Escaper::ScriptValue);
        }
        Place::ScriptString('"' | '\'') => escapers.push(Escaper::ScriptString),
        Place::Style => escapers.push(Escaper::StyleValue),
        _ if context.is_comment() => escapers.push(Escaper::Comment),
        _ => {
            return refuse(format!(
                "{node} appears within a literal of {}, where no escaping makes it safe",
                context.describe()
            ));
        }
    }
    match context.delim {
        Delim::None => {}
        Delim::Space => escapers.push(Escaper::Nospace),
        Delim::Double | Delim::Single => escapers.push(Escaper::Attr),
    }
    Ok((behind, with_escapers(pipe, &escapers)))
}

fn function_name(command: &Command) -> Option<&str> {
    match &command.args[0].kind {
        OperandKind::Function(name, _) => Some(name),
        _ => None,
    }
}

/// The pipeline with escapers at its end. Where the template escapes itself at the
/// end, with what one of the escapers does, that one is not needed.
fn with_escapers(pipe: &Pipe, escapers: &[Escaper]) -> Pipe {
    let mut out = pipe.clone();
    let asked = pipe.commands.last().and_then(function_name);
    let asked = asked.filter(|name| matches!(*name, "html" | "urlquery"));
    if let (Some(_), [command]) = (asked, &mut out.commands[..])
        && command.args.len() > 1
    {
        // `html a b` is `a b | html`, so that escapers see one text.
        let escape = command.args[0].clone();
        command.args[0] = function(pipe.pos, Escaper::Arguments.function());
        out.commands.push(Command {
            pos: pipe.pos,
            args: vec![escape],
        });
    }
    // The template's own takes the place of the escaper that is the same, so that
    // those before it stay before it.
    let own = escapers
        .iter()
        .position(|e| asked.is_some() && e.asked_for() == asked);
    let moved = own.and_then(|_| out.commands.pop());
    for (at, escaper) in escapers.iter().enumerate() {
        if own == Some(at) {
            out.commands.extend(moved.clone());
        } else if escaper.asked_for().is_none() || escaper.asked_for() != asked {
            out.commands.push(Command {
                pos: pipe.pos,
                args: vec![function(pipe.pos, escaper.function())],
            });
        }
    }
    out
}

fn function(pos: u32, (name, function): (Arc<str>, Arc<Function>)) -> Operand {
    Operand {
        pos,
        kind: OperandKind::Function(name, function),
    }
}
