//! `file_sd_configs`: target groups in JSON or YAML files.

use binnacle_collect::settings::{DiscoverySettings, FileDiscovery};

use binnacle_config::reader::{FileKind, Reader};

use super::seconds;

/// One section.
pub(super) fn read(r: &mut Reader<'_>) -> Option<DiscoverySettings> {
    let files = r.files("files", FileKind::Targets);
    if files.is_empty() {
        r.refuse(
            "files",
            "file service discovery config must contain at least one path name",
        );
    }
    for name in r.texts_again("files") {
        if !is_file_name(&name.value) {
            r.refuse_at(
                name.at,
                format!("path name {:?} is not valid for file discovery", name.value),
            );
        }
    }
    let refresh_interval = r.duration_or("refresh_interval", seconds(300));
    Some(DiscoverySettings::File(FileDiscovery {
        files,
        refresh_interval,
    }))
}

/// `*` may stand in the last part only, and the ending says the format.
fn is_file_name(name: &str) -> bool {
    let ending = name.rsplit_once('.').is_some_and(|(_, ending)| {
        matches!(ending, "json" | "yml" | "yaml" | "JSON" | "YML" | "YAML")
    });
    ending
        && name
            .split_once('*')
            .is_none_or(|(_, rest)| !rest.contains('/'))
}

#[cfg(test)]
mod tests {
    use super::is_file_name;

    #[test]
    fn names() {
        for good in ["a.json", "d/*.yml", "/x/y*.slow.YAML"] {
            assert!(is_file_name(good), "{good}");
        }
        for bad in ["a", "a.txt", "*/a.json", "a.json/b", "json"] {
            assert!(!is_file_name(bad), "{bad}");
        }
    }
}
