//! Labels of pods from the paths that the kubelet gives their logs:
//! `/var/log/pods/NAMESPACE_POD_UID/CONTAINER/N.log` and
//! `/var/log/containers/POD_NAMESPACE_CONTAINER-ID.log`.

use std::collections::BTreeMap;
use std::path::Path;

/// What a path says of its pod.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Pod {
    namespace: String,
    pod: String,
    uid: String,
    container: String,
    container_id: String,
}

impl Pod {
    pub(super) fn of(path: &Path) -> Option<Self> {
        let name = path.file_name()?.to_str()?;
        let folder = path.parent()?;
        if folder.ends_with("containers") {
            return Self::of_link(name.strip_suffix(".log")?);
        }
        let container = folder.file_name()?.to_str()?;
        let pod = folder.parent()?.file_name()?.to_str()?;
        let mut parts = pod.split('_');
        let (namespace, pod, uid) = (parts.next()?, parts.next()?, parts.next()?);
        (parts.next().is_none() && !namespace.is_empty() && !pod.is_empty()).then(|| Self {
            namespace: namespace.to_owned(),
            pod: pod.to_owned(),
            uid: uid.to_owned(),
            container: container.to_owned(),
            container_id: String::new(),
        })
    }

    /// `POD_NAMESPACE_CONTAINER-ID`
    fn of_link(name: &str) -> Option<Self> {
        let (pod, rest) = name.split_once('_')?;
        let (namespace, rest) = rest.split_once('_')?;
        let (container, id) = rest.rsplit_once('-')?;
        let is_id = id.len() == 64 && id.bytes().all(|b| b.is_ascii_hexdigit());
        is_id.then(|| Self {
            namespace: namespace.to_owned(),
            pod: pod.to_owned(),
            uid: String::new(),
            container: container.to_owned(),
            container_id: id.to_owned(),
        })
    }

    /// Labels as service discovery has them, for rules.
    pub(super) fn discovered(&self) -> BTreeMap<String, String> {
        let controller = controller_of(&self.pod);
        let id = Some(&self.container_id).filter(|id| !id.is_empty());
        let all = [
            ("__meta_kubernetes_namespace", Some(&self.namespace)),
            ("__meta_kubernetes_pod_name", Some(&self.pod)),
            ("__meta_kubernetes_pod_uid", Some(&self.uid)),
            (
                "__meta_kubernetes_pod_container_name",
                Some(&self.container),
            ),
            ("__meta_kubernetes_pod_container_id", id),
            ("__meta_kubernetes_pod_controller_name", controller.as_ref()),
        ];
        all.into_iter()
            .filter_map(|(name, value)| Some((name.to_owned(), value?.clone())))
            .collect()
    }

    /// Labels of lines, under the names that Promtail's chart gives them.
    pub(super) fn labels(&self) -> BTreeMap<String, String> {
        let app = controller_of(&self.pod).unwrap_or_else(|| self.pod.clone());
        let all = [
            ("namespace", &self.namespace),
            ("pod", &self.pod),
            ("container", &self.container),
            ("app", &app),
        ];
        all.map(|(n, v)| (n.to_owned(), v.clone())).into()
    }
}

/// The name of what made a pod: without the random ends of a deployment's or a daemon
/// set's pods, or the number of a stateful set's.
fn controller_of(pod: &str) -> Option<String> {
    let is_random = |part: &str, lengths: std::ops::RangeInclusive<usize>| {
        lengths.contains(&part.len())
            && part
                .bytes()
                .all(|b| b.is_ascii_digit() || (b.is_ascii_lowercase() && !b"aeiou".contains(&b)))
    };
    let (rest, last) = pod.rsplit_once('-')?;
    if last.bytes().all(|b| b.is_ascii_digit()) && last.len() <= 4 {
        return Some(rest.to_owned());
    }
    if !is_random(last, 5..=5) {
        return None;
    }
    match rest.rsplit_once('-') {
        Some((name, hash)) if is_random(hash, 6..=10) => Some(name.to_owned()),
        _ => Some(rest.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_say_whose_they_are() {
        let check = |path: &str, want: Option<[&str; 4]>| {
            let labels = Pod::of(Path::new(path)).map(|p| p.labels());
            let got =
                labels.map(|l| ["namespace", "pod", "container", "app"].map(|n| l[n].clone()));
            let want = want.map(|w| w.map(str::to_owned));
            assert_eq!(got, want, "{path}");
        };
        check(
            "/var/log/pods/shop_api-7f9c6d5b8-x2x4z_1b2c/api/0.log",
            Some(["shop", "api-7f9c6d5b8-x2x4z", "api", "api"]),
        );
        check(
            "/var/log/pods/shop_db-0_1b2c/postgres/12.log",
            Some(["shop", "db-0", "postgres", "db"]),
        );
        check(
            &format!(
                "/var/log/containers/agent-bcd4f_infra_agent-{}.log",
                "a1".repeat(32)
            ),
            Some(["infra", "agent-bcd4f", "agent", "agent"]),
        );
        check("/var/log/pods/x/api/0.log", None);
        check("/var/log/syslog", None);
    }
}
