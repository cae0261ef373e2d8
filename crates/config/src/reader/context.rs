//! The file that is being read, and everything that is noted about it.

use std::cell::RefCell;
use std::path::{Path, PathBuf};

use crate::error::{At, ConfigError};

/// A part of a file that is understood and valid, and does not act yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Inactive {
    /// The file.
    pub file: PathBuf,
    /// Its line.
    pub line: u32,
    /// The path in the file, such as `scrape_configs[2].kubernetes_sd_configs`.
    pub path: String,
    /// What does not happen because of that.
    pub what: String,
}

/// As `prometheus.yml:12: rule_files: rules are not evaluated yet`.
impl std::fmt::Display for Inactive {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "{}:{}: {}: {}",
            self.file.display(),
            self.line,
            self.path,
            self.what
        )
    }
}

/// What a file that is named in a configuration is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FileKind {
    /// A client's certificate.
    ClientCertificate,
    /// A client's key.
    ClientKey,
    /// Certificates that a client trusts.
    Authorities,
    /// The listener's certificate.
    ServerCertificate,
    /// The listener's key.
    ServerKey,
    /// Certificates that the listener checks clients against.
    ClientAuthorities,
    /// What goes into an `Authorization` header.
    Token,
    /// A password or another secret.
    Credentials,
    /// Rules; the last part may hold `*`.
    Rules,
    /// Targets; the last part may hold `*`.
    Targets,
}

/// A file that is named in a configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NamedFile {
    /// Where it is named.
    pub at: At,
    /// Its path, seen from the directory of the configuration file.
    pub path: PathBuf,
    /// What it is for.
    pub kind: FileKind,
}

/// Mistakes that are told; after that many, nobody reads on.
const ERRORS_MAX: usize = 200;

/// The file that is being read.
#[derive(Debug)]
pub struct Context {
    file: PathBuf,
    dir: PathBuf,
    errors: RefCell<Vec<ConfigError>>,
    warnings: RefCell<Vec<ConfigError>>,
    late: RefCell<Vec<ConfigError>>,
    inactive: RefCell<Vec<Inactive>>,
    files: RefCell<Vec<NamedFile>>,
    /// The fields that were asked for, when that is what is wanted.
    fields: Option<RefCell<Vec<String>>>,
}

impl Context {
    /// For `file`; relative paths in it are seen from its directory.
    #[must_use]
    pub fn new(file: &Path) -> Self {
        let dir = file.parent().unwrap_or(Path::new("")).to_owned();
        Self {
            file: file.to_owned(),
            dir,
            errors: RefCell::default(),
            warnings: RefCell::default(),
            late: RefCell::default(),
            inactive: RefCell::default(),
            files: RefCell::default(),
            fields: None,
        }
    }

    /// A context that gathers the paths of all fields that are asked for.
    #[must_use]
    pub fn describing() -> Self {
        Self {
            fields: Some(RefCell::default()),
            ..Self::new(Path::new(""))
        }
    }

    /// Whether it gathers fields.
    #[must_use]
    pub fn is_describing(&self) -> bool {
        self.fields.is_some()
    }

    /// Notes a field, when it gathers them.
    pub fn field(&self, path: impl FnOnce() -> String) {
        if let Some(fields) = &self.fields {
            fields.borrow_mut().push(path());
        }
    }

    /// The fields that were gathered.
    #[must_use]
    pub fn into_fields(self) -> Vec<String> {
        self.fields.map(RefCell::into_inner).unwrap_or_default()
    }

    /// The file, as it was named.
    #[must_use]
    pub fn file(&self) -> &Path {
        &self.file
    }

    /// Its directory.
    #[must_use]
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// Notes a mistake.
    pub fn error(&self, at: At, message: impl Into<String>) {
        self.push(ConfigError::new(&self.file, at, message));
    }

    /// Notes a mistake in a value, unless there is one already: a value that cannot
    /// be read is often missed later by a rule.
    pub fn value_error(&self, at: At, message: impl Into<String>) {
        let errors = self.errors.borrow();
        if errors
            .iter()
            .any(|e| (e.line, e.column) == (at.line, at.column))
        {
            return;
        }
        drop(errors);
        self.error(at, message);
    }

    /// Notes a mistake that is already whole.
    pub fn push(&self, error: ConfigError) {
        let mut errors = self.errors.borrow_mut();
        if errors.len() < ERRORS_MAX && !errors.contains(&error) {
            errors.push(error);
        }
    }

    /// Notes what is odd and does no harm.
    pub fn warn(&self, warning: ConfigError) {
        self.warnings.borrow_mut().push(warning);
    }

    /// Notes a mistake that lets the file load and shows when it acts.
    pub fn late(&self, at: At, message: impl Into<String>) {
        self.late
            .borrow_mut()
            .push(ConfigError::new(&self.file, at, message));
    }

    /// Notes a part that does not act yet.
    pub fn inactive(&self, path: String, line: u32, what: &str) {
        let file = self.file.clone();
        self.inactive.borrow_mut().push(Inactive {
            file,
            line,
            path,
            what: what.to_owned(),
        });
    }

    /// Notes that the file names another one.
    pub fn names(&self, at: At, path: PathBuf, kind: FileKind) {
        self.files.borrow_mut().push(NamedFile { at, path, kind });
    }

    /// The mistakes so far, in the order of the file.
    #[must_use]
    pub fn take_errors(&self) -> Vec<ConfigError> {
        let mut errors = self.errors.take();
        errors.sort_by_key(|e| (e.line, e.column));
        errors
    }

    /// The warnings so far.
    #[must_use]
    pub fn take_warnings(&self) -> Vec<ConfigError> {
        self.warnings.take()
    }

    /// The mistakes that let the file load, so far.
    #[must_use]
    pub fn take_late(&self) -> Vec<ConfigError> {
        self.late.take()
    }

    /// The parts that do not act yet, in the order of the file.
    #[must_use]
    pub fn take_inactive(&self) -> Vec<Inactive> {
        let mut inactive = self.inactive.take();
        inactive.sort_by_key(|i| i.line);
        inactive
    }

    /// The files that were named.
    #[must_use]
    pub fn take_files(&self) -> Vec<NamedFile> {
        self.files.take()
    }
}
