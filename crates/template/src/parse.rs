//! Tokens to trees.
//!
//! A recursive descent with three tokens of look-ahead, as the grammar asks for: a
//! variable at the front of a pipeline is a declaration only when `:=`, `=` or a
//! comma follows. Functions and variables must be known; everything that depends on
//! data is left to the execution.

mod command;
pub(crate) mod lex;
pub(crate) mod literal;
pub mod tree;

use std::sync::Arc;

use crate::Error;
use crate::format::quote;
use crate::functions::Functions;
use crate::limits::NESTING_MAX;
use lex::{Keyword, Kind, Lexer, Token};
use tree::{Branch, Node, NodeKind, Pipe, Tree};

/// How a list of nodes ended.
enum End {
    End,
    /// The token that follows the word tells whether an `if` or `with` is to come.
    Else,
}

impl End {
    fn text(&self) -> &'static str {
        match self {
            Self::End => "{{end}}",
            Self::Else => "{{else}}",
        }
    }
}

pub(crate) struct Parser<'t> {
    name: Arc<str>,
    source: Arc<str>,
    functions: &'t Functions,
    lexer: Lexer<'t>,
    /// Tokens to be read again; the next is the last.
    ahead: Vec<Token<'t>>,
    /// Line of the newest token.
    line: u32,
    /// Line of the action that is open.
    action_line: u32,
    /// Names of the variables that are known here, `$` first.
    variables: Vec<Arc<str>>,
    /// All names of variables; the index is the number.
    names: Vec<Arc<str>>,
    loops: usize,
    nesting: usize,
    /// The templates that the text defines.
    trees: Vec<Tree>,
}

/// Parses a text: its own template and those that it defines. The own one is last.
///
/// # Errors
/// [`Error::Parse`]
pub(crate) fn parse(name: &str, text: &str, functions: &Functions) -> Result<Vec<Tree>, Error> {
    let dollar: Arc<str> = Arc::from("$");
    let mut parser = Parser {
        name: Arc::from(name),
        source: Arc::from(text),
        functions,
        lexer: Lexer::new(text),
        ahead: Vec::with_capacity(4),
        line: 1,
        action_line: 0,
        variables: vec![dollar.clone()],
        names: vec![dollar],
        loops: 0,
        nesting: 0,
        trees: Vec::new(),
    };
    let root = parser.top()?;
    let tree = parser.tree(Arc::from(name), root);
    parser.add(tree)?;
    Ok(parser.trees)
}

impl<'t> Parser<'t> {
    fn next(&mut self) -> Token<'t> {
        let token = self.ahead.pop().unwrap_or_else(|| self.lexer.next());
        self.line = token.line;
        token
    }

    fn back(&mut self, token: Token<'t>) {
        self.ahead.push(token);
    }

    fn peek(&mut self) -> Token<'t> {
        let token = self.next();
        self.back(token.clone());
        token
    }

    fn next_non_space(&mut self) -> Token<'t> {
        loop {
            let token = self.next();
            if token.kind != Kind::Space {
                return token;
            }
        }
    }

    fn peek_non_space(&mut self) -> Token<'t> {
        let token = self.next_non_space();
        self.back(token.clone());
        token
    }

    fn error(&self, message: impl std::fmt::Display) -> Error {
        let (name, line) = (&self.name, self.line);
        Error::Parse {
            message: format!("template: {name}:{line}: {message}"),
            line: line as usize,
        }
    }

    fn unexpected(&self, token: &Token<'_>, context: &str) -> Error {
        if token.kind != Kind::Error {
            return self.error(format_args!("unexpected {token} in {context}"));
        }
        let mut extra = String::new();
        if self.action_line != 0 && self.action_line != token.line {
            let whose = if token.text.ends_with(" action") {
                ""
            } else {
                " in action"
            };
            extra = format!("{whose} started at {}:{}", self.name, self.action_line);
        }
        self.error(format_args!("{token}{extra}"))
    }

    fn expect(&mut self, kind: Kind, context: &str) -> Result<Token<'t>, Error> {
        let token = self.next_non_space();
        if token.kind != kind {
            return Err(self.unexpected(&token, context));
        }
        Ok(token)
    }

    fn enter(&mut self) -> Result<(), Error> {
        self.nesting += 1;
        if self.nesting > NESTING_MAX {
            return Err(self.error(format_args!("nested more than {NESTING_MAX} deep")));
        }
        Ok(())
    }

    fn leave(&mut self) {
        self.nesting -= 1;
    }

    fn tree(&self, name: Arc<str>, root: Vec<Node>) -> Tree {
        Tree {
            name,
            parse_name: self.name.clone(),
            source: self.source.clone(),
            root,
        }
    }

    /// Keeps a definition. An empty one gives way; two with content are a mistake.
    fn add(&mut self, tree: Tree) -> Result<(), Error> {
        let Some(at) = self.trees.iter().position(|t| t.name == tree.name) else {
            self.trees.push(tree);
            return Ok(());
        };
        if self.trees[at].is_empty() {
            self.trees[at] = tree;
        } else if !tree.is_empty() {
            let name = quote(&tree.name);
            return Err(self.error(format_args!(
                "template: multiple definition of template {name}"
            )));
        }
        Ok(())
    }

    fn top(&mut self) -> Result<Vec<Node>, Error> {
        let mut nodes = Vec::new();
        loop {
            let token = self.peek();
            match token.kind {
                Kind::Eof => return Ok(nodes),
                Kind::LeftDelim => {
                    let delim = self.next();
                    let word = self.next_non_space();
                    if word.kind == Kind::Keyword(Keyword::Define) {
                        self.define()?;
                        continue;
                    }
                    self.back(word);
                    self.back(delim);
                }
                _ => {}
            }
            match self.text_or_action()? {
                Ok(node) => nodes.push(node),
                Err(end) => return Err(self.error(format_args!("unexpected {}", end.text()))),
            }
        }
    }

    fn define(&mut self) -> Result<(), Error> {
        const CONTEXT: &str = "define clause";
        let token = self.next_non_space();
        let name = self.template_name(&token, CONTEXT)?;
        self.expect(Kind::RightDelim, CONTEXT)?;
        self.body(name, CONTEXT)
    }

    /// The content of a `define` or `block`, where only `$` is known.
    fn body(&mut self, name: Arc<str>, context: &str) -> Result<(), Error> {
        let outer = std::mem::replace(&mut self.variables, vec![self.names[0].clone()]);
        let loops = std::mem::take(&mut self.loops);
        let (root, end) = self.list()?;
        if let End::Else = end {
            return Err(self.error(format_args!("unexpected {} in {context}", end.text())));
        }
        self.variables = outer;
        self.loops = loops;
        let tree = self.tree(name, root);
        self.add(tree)
    }

    fn list(&mut self) -> Result<(Vec<Node>, End), Error> {
        self.enter()?;
        let mut nodes = Vec::new();
        loop {
            if self.peek_non_space().kind == Kind::Eof {
                return Err(self.error("unexpected EOF"));
            }
            match self.text_or_action()? {
                Ok(node) => nodes.push(node),
                Err(end) => {
                    self.leave();
                    return Ok((nodes, end));
                }
            }
        }
    }

    fn text_or_action(&mut self) -> Result<Result<Node, End>, Error> {
        let token = self.next_non_space();
        match token.kind {
            Kind::Text => Ok(Ok(Node {
                pos: token.pos,
                kind: NodeKind::Text(token.text.into()),
            })),
            Kind::LeftDelim => {
                self.action_line = token.line;
                let action = self.action();
                self.action_line = 0;
                action
            }
            _ => Err(self.unexpected(&token, "input")),
        }
    }

    fn action(&mut self) -> Result<Result<Node, End>, Error> {
        let token = self.next_non_space();
        let pos = token.pos;
        let node = |kind| Ok(Ok(Node { pos, kind }));
        let Kind::Keyword(keyword) = token.kind else {
            self.back(token);
            let pipe = self.pipeline("command", Kind::RightDelim)?;
            return node(NodeKind::Action(pipe));
        };
        match keyword {
            Keyword::Block => self.block().map(Ok),
            Keyword::Break => {
                self.leave_loop("{{break}}")?;
                node(NodeKind::Break)
            }
            Keyword::Continue => {
                self.leave_loop("{{continue}}")?;
                node(NodeKind::Continue)
            }
            Keyword::Else => {
                let next = self.peek_non_space();
                if !matches!(next.kind, Kind::Keyword(Keyword::If | Keyword::With)) {
                    self.expect(Kind::RightDelim, "else")?;
                }
                Ok(Err(End::Else))
            }
            Keyword::End => {
                self.expect(Kind::RightDelim, "end")?;
                Ok(Err(End::End))
            }
            Keyword::If | Keyword::Range | Keyword::With => self.control(keyword).map(Ok),
            Keyword::Template => self.template(pos).map(Ok),
            Keyword::Define => Err(self.unexpected(&token, "command")),
        }
    }

    fn leave_loop(&mut self, word: &str) -> Result<(), Error> {
        let token = self.next_non_space();
        if token.kind != Kind::RightDelim {
            return Err(self.unexpected(&token, word));
        }
        if self.loops == 0 {
            return Err(self.error(format_args!("{word} outside {{{{range}}}}")));
        }
        Ok(())
    }

    /// `if`, `with` or `range`, up to its `end`.
    fn control(&mut self, keyword: Keyword) -> Result<Node, Error> {
        let known = self.variables.len();
        let context = match keyword {
            Keyword::If => "if",
            Keyword::With => "with",
            _ => "range",
        };
        let pipe = self.pipeline(context, Kind::RightDelim)?;
        let turns = usize::from(keyword == Keyword::Range);
        self.loops += turns;
        let (then, end) = self.list()?;
        self.loops -= turns;
        let otherwise = match end {
            End::End => None,
            End::Else => Some(self.otherwise(keyword)?),
        };
        self.variables.truncate(known);
        let pos = pipe.pos;
        let branch = Box::new(Branch {
            pipe,
            then,
            otherwise,
        });
        let kind = match keyword {
            Keyword::If => NodeKind::If(branch),
            Keyword::With => NodeKind::With(branch),
            _ => NodeKind::Range(branch),
        };
        Ok(Node { pos, kind })
    }

    /// What follows `else`: `else if` and `else with` are a branch in the `else`, and
    /// share its `end`.
    fn otherwise(&mut self, keyword: Keyword) -> Result<Vec<Node>, Error> {
        let next = self.peek_non_space();
        if let Kind::Keyword(word @ (Keyword::If | Keyword::With)) = next.kind {
            if word == keyword {
                self.next_non_space();
                self.enter()?;
                let node = self.control(word)?;
                self.leave();
                return Ok(vec![node]);
            }
            return Err(self.unexpected(&next, "input"));
        }
        let (nodes, end) = self.list()?;
        if let End::Else = end {
            return Err(self.error(format_args!("expected end; found {}", end.text())));
        }
        Ok(nodes)
    }

    fn block(&mut self) -> Result<Node, Error> {
        const CONTEXT: &str = "block clause";
        let token = self.next_non_space();
        let name = self.template_name(&token, CONTEXT)?;
        let pipe = self.pipeline(CONTEXT, Kind::RightDelim)?;
        self.body(name.clone(), CONTEXT)?;
        Ok(Node {
            pos: token.pos,
            kind: NodeKind::Template(name, Some(pipe)),
        })
    }

    fn template(&mut self, _: u32) -> Result<Node, Error> {
        const CONTEXT: &str = "template clause";
        let token = self.next_non_space();
        let name = self.template_name(&token, CONTEXT)?;
        let next = self.next_non_space();
        let mut pipe = None;
        if next.kind != Kind::RightDelim {
            self.back(next);
            pipe = Some(self.pipeline(CONTEXT, Kind::RightDelim)?);
        }
        Ok(Node {
            pos: token.pos,
            kind: NodeKind::Template(name, pipe),
        })
    }

    fn template_name(&mut self, token: &Token<'_>, context: &str) -> Result<Arc<str>, Error> {
        match token.kind {
            Kind::Str | Kind::RawString => {
                let name = literal::unquote(&token.text);
                name.map(Arc::from)
                    .ok_or_else(|| self.error("invalid syntax"))
            }
            _ => Err(self.unexpected(token, context)),
        }
    }

    /// The commands of a pipeline must be able to take the value of the one before.
    fn check_pipeline(&self, pipe: &Pipe, context: &str) -> Result<(), Error> {
        use tree::OperandKind as K;
        if pipe.commands.is_empty() {
            return Err(self.error(format_args!("missing value for {context}")));
        }
        for (stage, command) in pipe.commands.iter().enumerate().skip(1) {
            if let K::Bool(_) | K::Dot | K::Nil | K::Number(_) | K::Str(..) = command.args[0].kind {
                let stage = stage + 1;
                return Err(self.error(format_args!(
                    "non executable command in pipeline stage {stage}"
                )));
            }
        }
        Ok(())
    }
}
