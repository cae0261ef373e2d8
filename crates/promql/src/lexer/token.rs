//! The kinds of tokens and how an error speaks of them.

use binnacle_model::annotation::Span;

use crate::ast::{AggregateOp, BinaryOp};

/// A piece of text that means something, and where it stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Token {
    pub(crate) kind: TokenKind,
    pub(crate) span: Span,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TokenKind {
    Eof,
    Identifier,
    /// A word with a colon in it: a metric's name and nothing else.
    MetricIdentifier,
    Number,
    Duration,
    String,
    LeftBrace,
    RightBrace,
    LeftParen,
    RightParen,
    LeftBracket,
    RightBracket,
    Comma,
    Colon,
    At,
    /// `=`
    Assign,
    /// `=~`
    EqualRegex,
    /// `!~`
    NotRegex,
    Operator(BinaryOp),
    Aggregate(AggregateOp),
    Keyword(Keyword),
}

/// Words that mean something in some places and are names in others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Keyword {
    Offset,
    Smoothed,
    Anchored,
    By,
    Without,
    On,
    Ignoring,
    GroupLeft,
    GroupRight,
    Fill,
    FillLeft,
    FillRight,
    Bool,
    Start,
    End,
    Step,
    Range,
    MaxOf,
    MinOf,
}

/// The token that `word` stands for whatever its case, unless it is a plain name.
pub(crate) fn keyword(word: &str) -> Option<TokenKind> {
    /// Longer than any keyword.
    const LENGTH_MAX: usize = 16;
    let mut lower = [0; LENGTH_MAX];
    let lower = lower.get_mut(..word.len())?;
    lower.copy_from_slice(word.as_bytes());
    lower.make_ascii_lowercase();
    Some(match &*lower {
        b"and" => TokenKind::Operator(BinaryOp::And),
        b"or" => TokenKind::Operator(BinaryOp::Or),
        b"unless" => TokenKind::Operator(BinaryOp::Unless),
        b"atan2" => TokenKind::Operator(BinaryOp::Atan2),
        b"sum" => TokenKind::Aggregate(AggregateOp::Sum),
        b"avg" => TokenKind::Aggregate(AggregateOp::Avg),
        b"count" => TokenKind::Aggregate(AggregateOp::Count),
        b"min" => TokenKind::Aggregate(AggregateOp::Min),
        b"max" => TokenKind::Aggregate(AggregateOp::Max),
        b"group" => TokenKind::Aggregate(AggregateOp::Group),
        b"stddev" => TokenKind::Aggregate(AggregateOp::Stddev),
        b"stdvar" => TokenKind::Aggregate(AggregateOp::Stdvar),
        b"topk" => TokenKind::Aggregate(AggregateOp::Topk),
        b"bottomk" => TokenKind::Aggregate(AggregateOp::Bottomk),
        b"count_values" => TokenKind::Aggregate(AggregateOp::CountValues),
        b"quantile" => TokenKind::Aggregate(AggregateOp::Quantile),
        b"limitk" => TokenKind::Aggregate(AggregateOp::Limitk),
        b"limit_ratio" => TokenKind::Aggregate(AggregateOp::LimitRatio),
        b"offset" => TokenKind::Keyword(Keyword::Offset),
        b"smoothed" => TokenKind::Keyword(Keyword::Smoothed),
        b"anchored" => TokenKind::Keyword(Keyword::Anchored),
        b"by" => TokenKind::Keyword(Keyword::By),
        b"without" => TokenKind::Keyword(Keyword::Without),
        b"on" => TokenKind::Keyword(Keyword::On),
        b"ignoring" => TokenKind::Keyword(Keyword::Ignoring),
        b"group_left" => TokenKind::Keyword(Keyword::GroupLeft),
        b"group_right" => TokenKind::Keyword(Keyword::GroupRight),
        b"fill" => TokenKind::Keyword(Keyword::Fill),
        b"fill_left" => TokenKind::Keyword(Keyword::FillLeft),
        b"fill_right" => TokenKind::Keyword(Keyword::FillRight),
        b"bool" => TokenKind::Keyword(Keyword::Bool),
        b"start" => TokenKind::Keyword(Keyword::Start),
        b"end" => TokenKind::Keyword(Keyword::End),
        b"step" => TokenKind::Keyword(Keyword::Step),
        b"range" => TokenKind::Keyword(Keyword::Range),
        b"max_of" => TokenKind::Keyword(Keyword::MaxOf),
        b"min_of" => TokenKind::Keyword(Keyword::MinOf),
        b"inf" | b"nan" => TokenKind::Number,
        _ => return None,
    })
}

impl TokenKind {
    /// Whether the word may be a metric's name outside of braces.
    pub(crate) fn is_metric_name(self) -> bool {
        match self {
            Self::Identifier | Self::MetricIdentifier | Self::Aggregate(_) => true,
            Self::Operator(op) => op.is_set(),
            Self::Keyword(keyword) => !matches!(
                keyword,
                Keyword::Bool
                    | Keyword::On
                    | Keyword::Ignoring
                    | Keyword::GroupLeft
                    | Keyword::GroupRight
            ),
            _ => false,
        }
    }

    /// Whether the word may be a label's name in a list of labels.
    pub(crate) fn is_grouping_label(self) -> bool {
        match self {
            Self::Identifier | Self::MetricIdentifier | Self::Aggregate(_) => true,
            Self::Operator(op) => op.is_set() || op == BinaryOp::Atan2,
            Self::Keyword(keyword) => keyword != Keyword::Without,
            _ => false,
        }
    }

    /// Whether the word may be the name of a function before a parenthesis.
    pub(crate) fn is_function_name(self) -> bool {
        matches!(
            self,
            Self::Identifier
                | Self::Keyword(
                    Keyword::Start
                        | Keyword::End
                        | Keyword::Step
                        | Keyword::Range
                        | Keyword::MaxOf
                        | Keyword::MinOf
                )
        )
    }
}

impl Token {
    /// How an error names it; `text` is the whole query.
    pub(crate) fn describe(&self, text: &str) -> String {
        let written = text.get(self.span.start..self.span.end).unwrap_or_default();
        match self.kind {
            TokenKind::Eof => "end of input".to_owned(),
            TokenKind::Identifier => format!("identifier {written:?}"),
            TokenKind::MetricIdentifier => format!("metric identifier {written:?}"),
            TokenKind::Number => format!("number {}", shortened(written)),
            TokenKind::Duration => format!("duration {}", shortened(written)),
            TokenKind::String => format!("string {}", shortened(written)),
            TokenKind::At
            | TokenKind::EqualRegex
            | TokenKind::NotRegex
            | TokenKind::Operator(_) => format!("<op:{written}>"),
            TokenKind::Aggregate(_) => format!("<aggr:{written}>"),
            TokenKind::Keyword(
                Keyword::Start
                | Keyword::End
                | Keyword::Step
                | Keyword::Range
                | Keyword::MaxOf
                | Keyword::MinOf,
            ) => shortened(written),
            TokenKind::Keyword(_) => format!("<{written}>"),
            TokenKind::LeftBrace
            | TokenKind::RightBrace
            | TokenKind::LeftParen
            | TokenKind::RightParen
            | TokenKind::LeftBracket
            | TokenKind::RightBracket
            | TokenKind::Comma
            | TokenKind::Colon
            | TokenKind::Assign => format!("{written:?}"),
        }
    }
}

/// In quotes, with no more than ten characters of a longer text.
fn shortened(written: &str) -> String {
    if written.len() <= 10 {
        return format!("{written:?}");
    }
    let head: String = written.chars().take(10).collect();
    format!("{head:?}...")
}
