//! Which metric and label names are accepted, and how targets shall escape the
//! others: the two fields that `global` and every scrape configuration have.

use binnacle_collect::settings::NameEscaping;
use binnacle_model::relabel::NameScheme;

use binnacle_config::reader::Reader;

/// The two fields as they were typed.
#[derive(Debug, Clone, Copy, Default)]
pub struct Names {
    /// `metric_name_validation_scheme`
    pub validation: Option<NameScheme>,
    /// `metric_name_escaping_scheme`
    pub escaping: Option<NameEscaping>,
}

/// Takes the fields; `whose` is `global` or `scrape config`.
pub fn read(r: &mut Reader<'_>, whose: &str) -> Names {
    let validation = [("utf8", NameScheme::Utf8), ("legacy", NameScheme::Legacy)];
    let escaping = [
        NameEscaping::AllowUtf8,
        NameEscaping::Underscores,
        NameEscaping::Dots,
        NameEscaping::Values,
    ];
    Names {
        validation: r.one_of("metric_name_validation_scheme", &validation, |name| {
            format!("unrecognized ValidationScheme: {name:?}")
        }),
        escaping: r.one_of(
            "metric_name_escaping_scheme",
            &escaping.map(|e| (e.as_str(), e)),
            |name| {
                format!(
                    "unknown {whose} name escaping method specified, must be one of 'allow-utf-8', 'underscores', 'dots', or 'values', got {name:?}"
                )
            },
        ),
    }
}

impl Names {
    /// The names that label and metric names are checked against.
    #[must_use]
    pub fn scheme(self) -> NameScheme {
        self.validation.unwrap_or_default()
    }

    /// With what is not set inferred: escaping follows validation.
    #[must_use]
    pub fn inferred(self) -> (NameScheme, NameEscaping) {
        let validation = self.validation.unwrap_or_default();
        let escaping = self.escaping.unwrap_or(match validation {
            NameScheme::Utf8 => NameEscaping::AllowUtf8,
            NameScheme::Legacy => NameEscaping::Underscores,
        });
        (validation, escaping)
    }

    /// A scrape configuration's, with what is not set taken from `global`. A
    /// validation of its own brings its own default for escaping.
    #[must_use]
    pub fn or(self, global: Self) -> Self {
        if self.validation.is_some() {
            return self;
        }
        let (validation, escaping) = global.inferred();
        Self {
            validation: Some(validation),
            escaping: self.escaping.or(Some(escaping)),
        }
    }
}
