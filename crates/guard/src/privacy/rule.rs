//! What is looked for, where, and what becomes of it.

use binnacle_model::Matcher;

/// What a rule looks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Detector {
    /// An e-mail address.
    Email,
    /// An IPv4 address.
    Ipv4,
    /// An IPv6 address.
    Ipv6,
    /// A payment card's number: 13 to 19 digits of a known issuer's range with a right
    /// check digit, in one run or in the groups that cards print.
    Card,
    /// An IBAN of a known country and length with right check digits.
    Iban,
    /// A phone number in international form, or as North America writes it.
    Phone,
    /// The token behind `Bearer`.
    Bearer,
    /// A JSON web token.
    Jwt,
    /// An AWS access key's id.
    AwsKey,
    /// A PEM private key.
    PrivateKey,
    /// A key or token with the prefix of a known vendor.
    ApiKey,
    /// What stands behind a key such as `password`, `token`, `api_key` or `authorization`,
    /// and the password of a URL.
    Password,
    /// What stands behind a key that names a person.
    UserId(Vec<String>),
    /// An expression of the user (syntax of the `regex` crate, over bytes). With a group
    /// named `value` only the group is meant, else the whole match.
    Pattern(String),
}

impl Detector {
    /// The name in settings, counters and masks.
    #[must_use]
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Pattern(_) => "pattern",
            other => other.kind().map_or("pattern", Kind::as_str),
        }
    }

    /// The detector of a name, `user_id` with its usual keys; `None` for unknown names and
    /// for `pattern`, which needs an expression.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Some(match name {
            "email" => Self::Email,
            "ipv4" => Self::Ipv4,
            "ipv6" => Self::Ipv6,
            "card" => Self::Card,
            "iban" => Self::Iban,
            "phone" => Self::Phone,
            "bearer" => Self::Bearer,
            "jwt" => Self::Jwt,
            "aws_key" => Self::AwsKey,
            "private_key" => Self::PrivateKey,
            "api_key" => Self::ApiKey,
            "password" => Self::Password,
            "user_id" => Self::user_id(),
            _ => return None,
        })
    }

    /// User ids by the usual keys.
    #[must_use]
    pub fn user_id() -> Self {
        let keys = [
            "user_id",
            "uid",
            "user",
            "username",
            "user_name",
            "login",
            "customer_id",
        ];
        Self::UserId(keys.iter().map(|&k| k.to_owned()).collect())
    }

    pub(crate) fn kind(&self) -> Option<Kind> {
        Some(match self {
            Self::Email => Kind::Email,
            Self::Ipv4 => Kind::Ipv4,
            Self::Ipv6 => Kind::Ipv6,
            Self::Card => Kind::Card,
            Self::Iban => Kind::Iban,
            Self::Phone => Kind::Phone,
            Self::Bearer => Kind::Bearer,
            Self::Jwt => Kind::Jwt,
            Self::AwsKey => Kind::AwsKey,
            Self::PrivateKey => Kind::PrivateKey,
            Self::ApiKey => Kind::ApiKey,
            Self::Password => Kind::Password,
            Self::UserId(_) => Kind::UserId,
            Self::Pattern(_) => return None,
        })
    }
}

/// The built-in detectors, as indexes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Kind {
    PrivateKey,
    Password,
    Bearer,
    Jwt,
    AwsKey,
    ApiKey,
    Card,
    Iban,
    Email,
    Ipv4,
    Ipv6,
    Phone,
    UserId,
}

/// How many there are.
pub(crate) const KINDS: usize = 13;

impl Kind {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::PrivateKey => "private_key",
            Self::Password => "password",
            Self::Bearer => "bearer",
            Self::Jwt => "jwt",
            Self::AwsKey => "aws_key",
            Self::ApiKey => "api_key",
            Self::Card => "card",
            Self::Iban => "iban",
            Self::Email => "email",
            Self::Ipv4 => "ipv4",
            Self::Ipv6 => "ipv6",
            Self::Phone => "phone",
            Self::UserId => "user_id",
        }
    }
}

/// What becomes of a finding.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Action {
    /// It is counted and stays.
    Count,
    /// `<email>` stands in its place, whatever its length was.
    Mask,
    /// `<email:0123456789abcdef>` stands in its place: the first 16 hexadecimal digits of
    /// HMAC-SHA256 with [`PrivacySettings::hash_key`]. Equal values stay equal.
    Hash,
    /// The row is not stored. In a label: the label is left out.
    Drop,
}

impl Action {
    /// The name in settings and counters.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Count => "count",
            Self::Mask => "mask",
            Self::Hash => "hash",
            Self::Drop => "drop",
        }
    }

    /// The action of a name; `alert` is another word for `count`.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Some(match name {
            "count" | "alert" => Self::Count,
            "mask" => Self::Mask,
            "hash" => Self::Hash,
            "drop" => Self::Drop,
            _ => return None,
        })
    }
}

/// Where a rule looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Scope {
    /// In lines.
    pub lines: bool,
    /// In fields (structured metadata, attributes).
    pub fields: bool,
    /// In values of labels.
    pub labels: bool,
}

impl Scope {
    /// Everywhere.
    pub const ALL: Self = Self {
        lines: true,
        fields: true,
        labels: true,
    };
    /// In labels only.
    pub const LABELS: Self = Self {
        lines: false,
        fields: false,
        labels: true,
    };
}

/// One rule.
#[derive(Debug, Clone, PartialEq)]
pub struct Rule {
    /// The name in counters, reports and masks; the detector's unless told otherwise.
    pub name: String,
    /// What it looks for.
    pub detector: Detector,
    /// What becomes of it.
    pub action: Action,
    /// Where it looks.
    pub scope: Scope,
    /// Streams that it is for: all must match; none for all streams.
    pub streams: Vec<Matcher>,
}

impl Rule {
    /// A rule for all streams and places, named by its detector.
    #[must_use]
    pub fn new(detector: Detector, action: Action) -> Self {
        Self {
            name: detector.as_str().to_owned(),
            detector,
            action,
            scope: Scope::ALL,
            streams: Vec::new(),
        }
    }
}

/// All rules. For each built-in detector the first rule whose scope and streams fit is in
/// force; every [`Detector::Pattern`] counts for itself.
#[derive(Clone, PartialEq)]
pub struct PrivacySettings {
    /// The rules, first one first.
    pub rules: Vec<Rule>,
    /// The key of [`Action::Hash`]; needed when a rule hashes.
    pub hash_key: Vec<u8>,
    /// Lines of [`crate::Privacy::report`]; what goes beyond is counted as one. Default
    /// 1,000.
    pub report_entries_max: usize,
}

/// Without the key.
impl std::fmt::Debug for PrivacySettings {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PrivacySettings")
            .field("rules", &self.rules)
            .field("report_entries_max", &self.report_entries_max)
            .finish_non_exhaustive()
    }
}

impl Default for PrivacySettings {
    /// Secrets and card numbers are masked; IBANs, e-mail addresses, IP addresses and phone
    /// numbers are counted; user ids are counted where they do not belong, in labels.
    fn default() -> Self {
        let user_ids = Rule {
            scope: Scope::LABELS,
            ..Rule::new(Detector::user_id(), Action::Count)
        };
        let mut rules: Vec<Rule> = SECRETS.map(|d| Rule::new(d, Action::Mask)).to_vec();
        rules.push(Rule::new(Detector::Card, Action::Mask));
        rules.extend(PERSONAL.map(|d| Rule::new(d, Action::Count)));
        rules.push(user_ids);
        Self::of(rules)
    }
}

const SECRETS: [Detector; 6] = [
    Detector::PrivateKey,
    Detector::Password,
    Detector::Bearer,
    Detector::Jwt,
    Detector::AwsKey,
    Detector::ApiKey,
];

const PERSONAL: [Detector; 5] = [
    Detector::Iban,
    Detector::Email,
    Detector::Ipv4,
    Detector::Ipv6,
    Detector::Phone,
];

impl PrivacySettings {
    /// The names that [`Self::profile`] knows.
    pub const PROFILES: [&'static str; 3] = ["default", "strict", "off"];

    fn of(rules: Vec<Rule>) -> Self {
        Self {
            rules,
            hash_key: Vec::new(),
            report_entries_max: 1000,
        }
    }

    /// A named profile: `default`; `strict` masks everything that is known, user ids in
    /// labels included; `off` looks for nothing.
    #[must_use]
    pub fn profile(name: &str) -> Option<Self> {
        match name {
            "default" => Some(Self::default()),
            "strict" => {
                let mut strict = Self::default();
                for rule in &mut strict.rules {
                    rule.action = Action::Mask;
                }
                Some(strict)
            }
            "off" => Some(Self::of(Vec::new())),
            _ => None,
        }
    }
}
