//! Pipelines, commands and operands.

use std::sync::Arc;

use super::lex::{Kind, Token};
use super::tree::{Command, Operand, OperandKind, Pipe, Variable};
use super::{Parser, literal};
use crate::Error;
use crate::format::quote;

impl<'t> Parser<'t> {
    pub(super) fn pipeline(&mut self, context: &str, end: Kind) -> Result<Pipe, Error> {
        self.enter()?;
        let first = self.peek_non_space();
        let mut pipe = Pipe {
            pos: first.pos,
            variables: Vec::new(),
            assign: false,
            commands: Vec::new(),
        };
        while self.peek_non_space().kind == Kind::Variable {
            if !self.declaration(&mut pipe, context)? {
                break;
            }
        }
        loop {
            let token = self.next_non_space();
            match token.kind {
                kind if kind == end => {
                    self.check_pipeline(&pipe, context)?;
                    self.leave();
                    return Ok(pipe);
                }
                Kind::Bool
                | Kind::CharConstant
                | Kind::Complex
                | Kind::Dot
                | Kind::Field
                | Kind::Identifier
                | Kind::Number
                | Kind::Nil
                | Kind::RawString
                | Kind::Str
                | Kind::Variable
                | Kind::LeftParen => {
                    self.back(token);
                    let command = self.command()?;
                    pipe.commands.push(command);
                }
                _ => return Err(self.unexpected(&token, context)),
            }
        }
    }

    /// Takes a variable at the front when it is declared or set; whether another
    /// declaration may follow.
    fn declaration(&mut self, pipe: &mut Pipe, context: &str) -> Result<bool, Error> {
        let variable = self.next_non_space();
        let after = self.next();
        let next = if after.kind == Kind::Space {
            self.next_non_space()
        } else {
            after.clone()
        };
        let comma = next.kind == Kind::Char && next.text == ",";
        if comma || matches!(next.kind, Kind::Assign | Kind::Declare) {
            pipe.assign = next.kind == Kind::Assign;
            let declared = self.declare(&variable.text);
            pipe.variables.push(declared);
            if !comma {
                return Ok(false);
            }
            if context == "range" && pipe.variables.len() < 2 {
                return match self.peek_non_space().kind {
                    Kind::Variable | Kind::RightDelim | Kind::RightParen => Ok(true),
                    _ => Err(self.error("range can only initialize variables")),
                };
            }
            return Err(self.error(format_args!("too many declarations in {context}")));
        }
        // Nothing of the sort: it is read again, with the space behind it.
        self.back(next);
        if after.kind == Kind::Space {
            self.back(after);
        }
        self.back(variable);
        Ok(false)
    }

    fn declare(&mut self, name: &str) -> Variable {
        let variable = self.variable(name);
        self.variables.push(variable.name.clone());
        variable
    }

    fn variable(&mut self, name: &str) -> Variable {
        let at = self.names.iter().position(|n| n.as_ref() == name);
        let at = at.unwrap_or_else(|| {
            self.names.push(Arc::from(name));
            self.names.len() - 1
        });
        Variable {
            name: self.names[at].clone(),
            id: u32::try_from(at).unwrap_or(u32::MAX),
        }
    }

    /// Operands up to a bar or the end of the pipeline.
    fn command(&mut self) -> Result<Command, Error> {
        let pos = self.peek_non_space().pos;
        let mut args = Vec::new();
        loop {
            self.peek_non_space();
            if let Some(operand) = self.operand()? {
                args.push(operand);
            }
            let token = self.next();
            match token.kind {
                Kind::Space => continue,
                Kind::RightDelim | Kind::RightParen => self.back(token),
                Kind::Pipe => {}
                _ => return Err(self.unexpected(&token, "operand")),
            }
            break;
        }
        if args.is_empty() {
            return Err(self.error("empty command"));
        }
        Ok(Command { pos, args })
    }

    /// A term with the fields that follow it.
    fn operand(&mut self) -> Result<Option<Operand>, Error> {
        let Some(term) = self.term()? else {
            return Ok(None);
        };
        let first = self.peek();
        if first.kind != Kind::Field {
            return Ok(Some(term));
        }
        let mut more: Vec<Arc<str>> = Vec::new();
        while self.peek().kind == Kind::Field {
            more.push(Arc::from(&self.next().text[1..]));
        }
        let pos = first.pos;
        let kind = match term.kind {
            OperandKind::Field(mut fields) => {
                fields.extend(more);
                OperandKind::Field(fields)
            }
            OperandKind::Variable(variable, mut fields) => {
                fields.extend(more);
                OperandKind::Variable(variable, fields)
            }
            OperandKind::Bool(_)
            | OperandKind::Str(..)
            | OperandKind::Number(_)
            | OperandKind::Nil
            | OperandKind::Dot => {
                let term = quote(&term.to_string());
                return Err(self.error(format_args!("unexpected . after term {term}")));
            }
            _ => OperandKind::Chain(Box::new(term), more),
        };
        Ok(Some(Operand { pos, kind }))
    }

    fn term(&mut self) -> Result<Option<Operand>, Error> {
        let token = self.next_non_space();
        let kind = match token.kind {
            Kind::Identifier => {
                let Some(function) = self.functions.get(&token.text) else {
                    let name = quote(&token.text);
                    return Err(self.error(format_args!("function {name} not defined")));
                };
                OperandKind::Function(Arc::from(&*token.text), function.clone())
            }
            Kind::Dot => OperandKind::Dot,
            Kind::Nil => OperandKind::Nil,
            Kind::Variable => self.known_variable(&token)?,
            Kind::Field => OperandKind::Field(vec![Arc::from(&token.text[1..])]),
            Kind::Bool => OperandKind::Bool(token.text == "true"),
            Kind::Complex => {
                let text = &token.text;
                return Err(self.error(format_args!("imaginary numbers are not supported: {text}")));
            }
            Kind::CharConstant | Kind::Number => {
                OperandKind::Number(literal::number(&token.text).map_err(|e| self.error(e))?)
            }
            Kind::LeftParen => {
                let pipe = self.pipeline("parenthesized pipeline", Kind::RightParen)?;
                OperandKind::Pipe(Box::new(pipe))
            }
            Kind::Str | Kind::RawString => {
                let text = literal::unquote(&token.text);
                let text = text.ok_or_else(|| self.error("invalid syntax"))?;
                OperandKind::Str(Box::from(&*token.text), Arc::from(text))
            }
            _ => {
                self.back(token);
                return Ok(None);
            }
        };
        Ok(Some(Operand {
            pos: token.pos,
            kind,
        }))
    }

    fn known_variable(&mut self, token: &Token<'_>) -> Result<OperandKind, Error> {
        if !self.variables.iter().any(|name| **name == *token.text) {
            let name = quote(&token.text);
            return Err(self.error(format_args!("undefined variable {name}")));
        }
        Ok(OperandKind::Variable(
            self.variable(&token.text),
            Vec::new(),
        ))
    }
}
