//! Names and labels of a series: `up{job="x"}`, with nothing to match.

use binnacle_model::Labels;
use binnacle_model::labels::{LabelsBuilder, METRIC_NAME};

use super::cursor::{Context, Cursor, Stopped};
use crate::lexer::TokenKind;

impl Cursor<'_> {
    pub(super) fn metric(&mut self) -> Result<Labels, Stopped> {
        let mut labels = LabelsBuilder::default();
        let mut name = None;
        if self.token.kind.is_metric_name() {
            let span = self.advance()?.span;
            name = Some(self.written(span));
        } else if self.token.kind != TokenKind::LeftBrace {
            return Err(self.unexpected());
        }
        if self.token.kind == TokenKind::LeftBrace {
            self.label_set(&mut labels)?;
        }
        if let Some(name) = name {
            labels.set(METRIC_NAME, name);
        }
        Ok(labels.build())
    }

    fn label_set(&mut self, labels: &mut LabelsBuilder) -> Result<(), Stopped> {
        self.expect(TokenKind::LeftBrace)?;
        while self.token.kind != TokenKind::RightBrace {
            self.label(labels)?;
            match self.token.kind {
                TokenKind::Comma => self.advance()?,
                TokenKind::RightBrace => break,
                _ => return Err(self.wrong_label("\",\" or \"}\"")),
            };
        }
        self.advance()?;
        Ok(())
    }

    fn label(&mut self, labels: &mut LabelsBuilder) -> Result<(), Stopped> {
        let quoted = self.token.kind == TokenKind::String;
        let name = match self.token.kind {
            TokenKind::Identifier => {
                let span = self.advance()?.span;
                self.written(span).to_owned()
            }
            TokenKind::String => self.string()?.0,
            _ => return Err(self.wrong_label("identifier or \"}\"")),
        };
        match self.token.kind {
            TokenKind::Assign => {}
            TokenKind::Comma | TokenKind::RightBrace if quoted => {
                labels.set(METRIC_NAME, &name);
                return Ok(());
            }
            _ if quoted => return Err(self.wrong_label("\",\" or \"}\"")),
            _ => return Err(self.wrong_label("\"=\"")),
        }
        self.advance()?;
        if self.token.kind != TokenKind::String {
            return Err(self.wrong_label("string"));
        }
        let (value, _) = self.string()?;
        labels.set(&name, &value);
        Ok(())
    }

    fn wrong_label(&mut self, expected: &'static str) -> Stopped {
        self.unexpected_in(Context {
            place: "label set",
            expected,
        })
    }
}
