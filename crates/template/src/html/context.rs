//! Where in a page something stands.

/// Place and what must be known of the way there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Context {
    pub place: Place,
    /// What ends the value of the attribute we are in.
    pub delim: Delim,
    pub element: Element,
    /// Kind of the attribute whose value begins next.
    pub attr: Attr,
    /// For [`Place::Url`] and [`Place::Srcset`].
    pub url: Url,
    /// In a script: whether a slash begins a regular expression here.
    pub regexp: Slash,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Place {
    #[default]
    Text,
    Tag,
    AttrName,
    AfterName,
    BeforeValue,
    Comment,
    /// Text of a title or text area, where tags are text.
    Rcdata,
    /// Value of an attribute that is only text.
    Attr,
    Url,
    Srcset,
    Script,
    /// String of a script, by its quote.
    ScriptString(char),
    ScriptRegexp,
    ScriptBlockComment,
    ScriptLineComment,
    Style,
    /// String of a style sheet, by its quote; a bracket for an address without quotes.
    StyleString(char),
    StyleBlockComment,
    StyleLineComment,
    /// Behind a `break` or `continue`.
    Dead,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Delim {
    #[default]
    None,
    Double,
    Single,
    /// No quotes: a space or the end of the tag.
    Space,
}

/// Elements whose content is no page.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Element {
    #[default]
    None,
    Script,
    Style,
    Textarea,
    Title,
}

/// Kinds of attributes, by what their values are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Attr {
    #[default]
    Plain,
    Script,
    ScriptType,
    Style,
    Url,
    Srcset,
}

/// How much of a URL came before.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Url {
    #[default]
    Nothing,
    Path,
    Query,
    /// It depends on the branch taken.
    Unknown,
}

/// What a slash is in a script.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Slash {
    #[default]
    Regexp,
    Division,
    Unknown,
}

impl Element {
    /// The element of a tag's name in small letters.
    pub(super) fn of(name: &str) -> Self {
        match name {
            "script" => Self::Script,
            "style" => Self::Style,
            "textarea" => Self::Textarea,
            "title" => Self::Title,
            _ => Self::None,
        }
    }

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::None => "",
            Self::Script => "script",
            Self::Style => "style",
            Self::Textarea => "textarea",
            Self::Title => "title",
        }
    }

    /// What its content is.
    pub(super) fn content(self) -> Place {
        match self {
            Self::None => Place::Text,
            Self::Script => Place::Script,
            Self::Style => Place::Style,
            Self::Textarea | Self::Title => Place::Rcdata,
        }
    }
}

/// Attributes whose value is a URL.
const URLS: [&str; 17] = [
    "action",
    "archive",
    "background",
    "cite",
    "classid",
    "codebase",
    "data",
    "formaction",
    "href",
    "icon",
    "longdesc",
    "manifest",
    "poster",
    "profile",
    "src",
    "usemap",
    "xmlns",
];

/// Attributes that a template must not choose, because they change what others mean.
const UNSAFE: [&str; 18] = [
    "accept-charset",
    "async",
    "challenge",
    "charset",
    "content",
    "crossorigin",
    "defer",
    "enctype",
    "form",
    "formmethod",
    "formnovalidate",
    "http-equiv",
    "keytype",
    "language",
    "method",
    "novalidate",
    "rel",
    "type",
];

impl Attr {
    /// The kind of an attribute's name in small letters.
    pub(super) fn of(name: &str) -> Self {
        let mut name = name;
        if let Some(rest) = name.strip_prefix("data-") {
            name = rest;
        } else if let Some((space, local)) = name.split_once(':') {
            if space == "xmlns" {
                return Self::Url;
            }
            name = local;
        }
        if name == "style" {
            return Self::Style;
        }
        if name == "srcset" || name == "imagesrcset" {
            return Self::Srcset;
        }
        if URLS.contains(&name) {
            return Self::Url;
        }
        if name.starts_with("on") {
            return Self::Script;
        }
        // Names that nobody knows may hold addresses.
        if ["src", "uri", "url"].iter().any(|part| name.contains(part)) {
            return Self::Url;
        }
        Self::Plain
    }

    /// Whether a template may choose the name.
    pub(super) fn may_be_chosen(name: &str) -> bool {
        let plain = !name.is_empty()
            && name
                .bytes()
                .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit());
        plain
            && Self::of(name) == Self::Plain
            && !UNSAFE.contains(&name)
            && name != "srcdoc"
            && name != "sandbox"
    }

    /// Where its value begins.
    pub(super) fn value(self) -> Place {
        match self {
            Self::Plain | Self::ScriptType => Place::Attr,
            Self::Script => Place::Script,
            Self::Style => Place::Style,
            Self::Url => Place::Url,
            Self::Srcset => Place::Srcset,
        }
    }
}

impl Context {
    pub(super) fn at(place: Place) -> Self {
        Self {
            place,
            ..Self::default()
        }
    }

    /// Whether what stands here is dropped from the output.
    pub(super) fn is_comment(&self) -> bool {
        matches!(
            self.place,
            Place::Comment
                | Place::ScriptBlockComment
                | Place::ScriptLineComment
                | Place::StyleBlockComment
                | Place::StyleLineComment
        )
    }

    /// The context of something that is printed here: it begins a name, or a value.
    pub(super) fn nudged(mut self) -> Self {
        match self.place {
            Place::Tag => self.place = Place::AttrName,
            Place::BeforeValue => {
                self.place = self.attr.value();
                self.delim = Delim::Space;
                self.attr = Attr::Plain;
            }
            Place::AfterName => {
                self.place = Place::AttrName;
                self.attr = Attr::Plain;
            }
            _ => {}
        }
        self
    }

    /// The context behind two branches; `None` when they cannot be one.
    pub(super) fn join(self, other: Self) -> Option<Self> {
        if self.place == Place::Dead {
            return Some(other);
        }
        if other.place == Place::Dead || self == other {
            return Some(self);
        }
        let same_url = Self {
            url: other.url,
            ..self
        };
        if same_url == other {
            return Some(Self {
                url: Url::Unknown,
                ..self
            });
        }
        let same_slash = Self {
            regexp: other.regexp,
            ..self
        };
        if same_slash == other {
            return Some(Self {
                regexp: Slash::Unknown,
                ..self
            });
        }
        let nudged = (self.nudged(), other.nudged());
        if nudged != (self, other) {
            return nudged.0.join(nudged.1);
        }
        None
    }

    /// For messages: where this is.
    pub(super) fn describe(&self) -> &'static str {
        match self.place {
            Place::Text | Place::Dead => "text",
            Place::Tag | Place::AttrName | Place::AfterName | Place::BeforeValue => "a tag",
            Place::Comment => "a comment",
            Place::Rcdata => "a title or text area",
            Place::Attr => "an attribute",
            Place::Url | Place::Srcset => "a URL",
            Place::Script
            | Place::ScriptString(_)
            | Place::ScriptRegexp
            | Place::ScriptBlockComment
            | Place::ScriptLineComment => "a script",
            Place::Style
            | Place::StyleString(_)
            | Place::StyleBlockComment
            | Place::StyleLineComment => "a style",
        }
    }
}
