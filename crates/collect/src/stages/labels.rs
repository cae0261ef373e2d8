//! Stages that set labels, take them off, or make metadata of values.

use std::collections::{BTreeMap, BTreeSet};

use binnacle_model::labels::is_legacy_label_name;

use super::settings::{StageError, TenantSettings};
use super::{Change, Entry, TENANT};

/// Names and where their values come from; an empty source is the name itself.
fn sources(map: &BTreeMap<String, String>) -> Result<Vec<(String, String)>, StageError> {
    if map.is_empty() {
        return Err(StageError::whole("label stage config cannot be empty"));
    }
    map.iter()
        .map(|(name, source)| {
            if !is_legacy_label_name(name) {
                return Err(StageError::whole(format!("invalid label name: {name}")));
            }
            let source = if source.is_empty() { name } else { source };
            Ok((name.clone(), source.clone()))
        })
        .collect()
}

/// `labels`
pub(super) struct FromExtracted(Vec<(String, String)>);

impl FromExtracted {
    pub(super) fn new(map: &BTreeMap<String, String>) -> Result<Self, StageError> {
        sources(map).map(Self)
    }
}

impl Change for FromExtracted {
    fn change(&self, entry: &mut Entry, _: i64) -> bool {
        for (name, source) in &self.0 {
            let value = entry.extracted.get(source).and_then(|v| v.text());
            if let Some(value) = value.map(std::borrow::Cow::into_owned) {
                entry.labels.insert(name.clone(), value);
            }
        }
        true
    }
}

/// `structured_metadata`: from extracted values, else from labels. A label that became
/// metadata is no label any more.
pub(super) struct Metadata(Vec<(String, String)>);

impl Metadata {
    pub(super) fn new(map: &BTreeMap<String, String>) -> Result<Self, StageError> {
        sources(map).map(Self)
    }
}

impl Change for Metadata {
    fn change(&self, entry: &mut Entry, _: i64) -> bool {
        let mut gone = Vec::new();
        for (name, source) in &self.0 {
            let extracted = entry.extracted.get(source).and_then(|v| v.text());
            let label = entry.labels.get(source);
            let value = match (&extracted, label) {
                (Some(value), _) => value.as_ref().to_owned(),
                (None, Some(value)) => value.clone(),
                (None, None) => continue,
            };
            if label.is_some_and(|l| *l == value) {
                gone.push(source);
            }
            entry.fields.push((name.clone(), value));
        }
        for name in gone {
            entry.labels.remove(name);
        }
        true
    }
}

/// `static_labels`
pub(super) struct Static(BTreeMap<String, String>);

impl Static {
    pub(super) fn new(map: &BTreeMap<String, String>) -> Result<Self, StageError> {
        if map.is_empty() {
            return Err(StageError::whole(
                "static_labels stage config cannot be empty",
            ));
        }
        if let Some(name) = map.keys().find(|n| !is_legacy_label_name(n)) {
            return Err(StageError::whole(format!("invalid label name: {name}")));
        }
        Ok(Self(map.clone()))
    }
}

impl Change for Static {
    fn change(&self, entry: &mut Entry, _: i64) -> bool {
        let set = self.0.iter().map(|(n, v)| (n.clone(), v.clone()));
        entry.labels.extend(set);
        true
    }
}

/// `labelallow`
pub(super) struct Allow(BTreeSet<String>);

impl Allow {
    pub(super) fn new(names: &[String]) -> Result<Self, StageError> {
        if names.is_empty() {
            return Err(StageError::whole("labelallow stage config cannot be empty"));
        }
        Ok(Self(names.iter().cloned().collect()))
    }
}

impl Change for Allow {
    fn change(&self, entry: &mut Entry, _: i64) -> bool {
        entry.labels.retain(|name, _| self.0.contains(name));
        true
    }
}

/// `labeldrop`
pub(super) struct Drop(BTreeSet<String>);

impl Drop {
    pub(super) fn new(names: &[String]) -> Result<Self, StageError> {
        if names.is_empty() {
            return Err(StageError::whole("labeldrop stage config cannot be empty"));
        }
        Ok(Self(names.iter().cloned().collect()))
    }
}

impl Change for Drop {
    fn change(&self, entry: &mut Entry, _: i64) -> bool {
        entry.labels.retain(|name, _| !self.0.contains(name));
        true
    }
}

/// `tenant`
pub(super) struct Tenant(TenantSettings);

impl Tenant {
    pub(super) fn new(settings: &TenantSettings) -> Result<Self, StageError> {
        let given = [&settings.label, &settings.source, &settings.value];
        match given.iter().filter(|t| !t.is_empty()).count() {
            0 => Err(StageError::whole(
                "label, source or value config are required",
            )),
            1 => Ok(Self(settings.clone())),
            _ => Err(StageError::whole(
                "label, source and value are mutually exclusive: you should set source, value or \
                 label but not all",
            )),
        }
    }
}

impl Change for Tenant {
    fn change(&self, entry: &mut Entry, _: i64) -> bool {
        let TenantSettings {
            label,
            source,
            value,
        } = &self.0;
        let tenant = if !value.is_empty() {
            Some(value.clone())
        } else if !label.is_empty() {
            entry.labels.get(label).cloned()
        } else {
            let found = entry.extracted.get(source).and_then(|v| v.text());
            found.map(std::borrow::Cow::into_owned)
        };
        if let Some(tenant) = tenant.filter(|t| !t.is_empty()) {
            entry.labels.insert(TENANT.to_owned(), tenant);
        }
        true
    }
}
