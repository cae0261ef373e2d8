//! From text to the tree, event by event.

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;

use saphyr_parser::{Event, Marker, Parser, ScalarStyle, Span};

use crate::error::{At, ConfigError};

use super::node::{Entry, Node, Value};
use super::scalar::{Scalar, Tag};

/// Collections inside collections. Real files stay under twenty.
pub const DEPTH_MAX: usize = 100;

/// Values in a file with every alias expanded: a file of a million targets is
/// still read, one of ten lines that expands to a billion values is not.
pub const NODES_MAX: usize = 4_000_000;

/// Reads the only document of `text`, or `None` when it holds nothing.
///
/// # Errors
/// At the first place where the text is no YAML, or asks for something that the
/// module's text says is not here.
pub fn parse(file: &Path, text: &str) -> Result<Option<Arc<Node>>, ConfigError> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut builder = Builder::default();
    for event in Parser::new_from_str(text) {
        let (event, span) = event.map_err(|e| {
            ConfigError::new(file, at(*e.marker()), format!("not YAML: {}", e.info()))
        })?;
        builder
            .take(event, span)
            .map_err(|(at, message)| ConfigError::new(file, at, message))?;
    }
    Ok(builder.root)
}

/// A mistake before it knows its file.
type Refused = (At, String);

#[derive(Default)]
struct Builder {
    root: Option<Arc<Node>>,
    open: Vec<Frame>,
    anchors: HashMap<usize, Arc<Node>>,
    /// Nodes so far, with every alias counted as what it expands to.
    nodes: usize,
}

/// A collection that is being read.
struct Frame {
    at: At,
    anchor: usize,
    content: Content,
}

enum Content {
    List(Vec<Arc<Node>>),
    Map {
        entries: Vec<Entry>,
        key: Option<(At, Scalar)>,
    },
}

impl Builder {
    fn take(&mut self, event: Event<'_>, span: Span) -> Result<(), Refused> {
        let at = at(span.start);
        match event {
            Event::Scalar(text, style, anchor, tag) => {
                let scalar = scalar(&text, style, tag.as_deref(), at)?;
                self.value(
                    anchor,
                    Node {
                        at,
                        value: Value::Scalar(scalar),
                        weight: 1,
                    },
                )
            }
            Event::SequenceStart(anchor, _) => self.enter(at, anchor, Content::List(Vec::new())),
            Event::MappingStart(anchor, _) => self.enter(
                at,
                anchor,
                Content::Map {
                    entries: Vec::new(),
                    key: None,
                },
            ),
            Event::SequenceEnd | Event::MappingEnd => self.leave(),
            Event::Alias(anchor) => {
                let node = self
                    .anchors
                    .get(&anchor)
                    .cloned()
                    .ok_or_else(|| (at, "an anchor may not contain itself".to_owned()))?;
                self.count(at, node.weight)?;
                self.place(node)
            }
            Event::Nothing
            | Event::StreamStart
            | Event::StreamEnd
            | Event::DocumentStart(_)
            | Event::DocumentEnd => Ok(()),
        }
    }

    fn enter(&mut self, at: At, anchor: usize, content: Content) -> Result<(), Refused> {
        if self.open.len() >= DEPTH_MAX {
            return Err((at, format!("nested deeper than {DEPTH_MAX} levels")));
        }
        self.open.push(Frame {
            at,
            anchor,
            content,
        });
        Ok(())
    }

    fn leave(&mut self) -> Result<(), Refused> {
        let Some(Frame {
            at,
            anchor,
            content,
        }) = self.open.pop()
        else {
            return Ok(());
        };
        let (value, weight) = match content {
            Content::List(items) => {
                let weight = items.iter().map(|n| n.weight).sum::<usize>();
                (Value::List(items), weight)
            }
            Content::Map { entries, .. } => {
                let entries = merge(entries)?;
                let weight = entries.iter().map(|e| e.value.weight + 1).sum::<usize>();
                (Value::Map(entries), weight)
            }
        };
        self.value(
            anchor,
            Node {
                at,
                value,
                weight: weight.saturating_add(1),
            },
        )
    }

    /// A finished value that was written out here.
    fn value(&mut self, anchor: usize, node: Node) -> Result<(), Refused> {
        self.count(node.at, 1)?;
        let node = Arc::new(node);
        if anchor > 0 {
            self.anchors.insert(anchor, Arc::clone(&node));
        }
        self.place(node)
    }

    fn count(&mut self, at: At, nodes: usize) -> Result<(), Refused> {
        self.nodes = self.nodes.saturating_add(nodes);
        if self.nodes > NODES_MAX {
            return Err((
                at,
                format!("more than {NODES_MAX} values once aliases are expanded"),
            ));
        }
        Ok(())
    }

    fn place(&mut self, node: Arc<Node>) -> Result<(), Refused> {
        let Some(frame) = self.open.last_mut() else {
            return self.document(node);
        };
        match &mut frame.content {
            Content::List(items) => items.push(node),
            Content::Map { entries, key } => match key.take() {
                Some((at, key)) => entries.push(Entry {
                    at,
                    key,
                    value: node,
                }),
                None => match &node.value {
                    Value::Scalar(scalar) => *key = Some((node.at, scalar.clone())),
                    _ => return Err((node.at, format!("a key must be text, not {}", node.kind()))),
                },
            },
        }
        Ok(())
    }

    /// Documents after the first may only be empty, as a closing `---` makes one.
    fn document(&mut self, node: Arc<Node>) -> Result<(), Refused> {
        match &self.root {
            None => self.root = Some(node),
            Some(_) if node.is_null() => {}
            Some(root) if root.is_null() => self.root = Some(node),
            Some(_) => {
                return Err((
                    node.at,
                    "a second document starts here, only one is read".to_owned(),
                ));
            }
        }
        Ok(())
    }
}

/// Refuses keys that are there twice, and takes in what `<<` refers to: a key that
/// is written out wins over a merged one, an earlier merge over a later one.
fn merge(entries: Vec<Entry>) -> Result<Vec<Entry>, Refused> {
    let mut seen: HashMap<String, At> = HashMap::with_capacity(entries.len());
    for entry in entries.iter().filter(|e| !e.key.is_merge()) {
        if let Some(first) = seen.insert(entry.key.text.clone(), entry.at) {
            let Entry { key, at, .. } = entry;
            let message = format!("field {:?} already set at line {}", key.text, first.line);
            return Err((*at, message));
        }
    }
    if seen.len() == entries.len() {
        return Ok(entries);
    }
    let (merges, mut entries): (Vec<_>, Vec<_>) =
        entries.into_iter().partition(|e| e.key.is_merge());
    for source in &merges {
        for map in merge_sources(&source.value)? {
            for entry in map {
                if seen.insert(entry.key.text.clone(), entry.at).is_none() {
                    entries.push(entry.clone());
                }
            }
        }
    }
    Ok(entries)
}

fn merge_sources(node: &Node) -> Result<Vec<&[Entry]>, Refused> {
    let refused = |node: &Node| {
        (
            node.at,
            format!(
                "\"<<\" wants a mapping or a list of mappings, found {}",
                node.kind()
            ),
        )
    };
    match &node.value {
        Value::Map(entries) => Ok(vec![entries]),
        Value::List(items) => items
            .iter()
            .map(|item| match &item.value {
                Value::Map(entries) => Ok(entries.as_slice()),
                _ => Err(refused(item)),
            })
            .collect(),
        Value::Scalar(_) => Err(refused(node)),
    }
}

fn scalar(
    text: &str,
    style: ScalarStyle,
    tag: Option<&saphyr_parser::Tag>,
    at: At,
) -> Result<Scalar, Refused> {
    let tag = match tag {
        None => Tag::None,
        Some(tag) if tag.is_yaml_core_schema() => match tag.suffix.as_str() {
            "str" => Tag::Str,
            "binary" => Tag::Binary,
            "int" | "float" | "bool" | "null" => Tag::Core,
            _ => return Err((at, format!("the tag {tag} is not known"))),
        },
        Some(tag) if tag.suffix.is_empty() => Tag::Str,
        Some(tag) => return Err((at, format!("the tag {tag} is not known"))),
    };
    Ok(Scalar {
        text: text.to_owned(),
        plain: style == ScalarStyle::Plain,
        tag,
    })
}

fn at(marker: Marker) -> At {
    let number = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
    At {
        line: number(marker.line()),
        column: number(marker.col().saturating_add(1)),
    }
}
