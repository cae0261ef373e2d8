//! klog, as the parts of Kubernetes write it.

use std::fmt::{Result, Write as _};

use super::scene::Scene;

/// `killed`: a container ran out of memory.
pub(super) fn write(scene: &mut Scene<'_>, killed: bool, out: &mut String) -> Result {
    let pod = scene.random.pick(scene.pods);
    let container = pod.split('-').next().unwrap_or_default();
    let level = match (scene.error, scene.random.one_in(30)) {
        (true, _) => 'E',
        (false, true) => 'W',
        (false, false) => 'I',
    };
    let stamp = scene.stamp;
    write!(
        out,
        "{level}{} {}.{:06} {:>7} ",
        stamp.month_day,
        stamp.time,
        stamp.us(),
        1_873
    )?;
    if killed {
        return write!(
            out,
            "kubelet.go:2517] \"SyncLoop (PLEG): container died\" pod=\"shop/{pod}\" container=\"{container}\" reason=\"OOMKilled\" exitCode=137"
        );
    }
    let duration_ms = scene.duration_ms();
    let what = scene.skewed(6);
    if scene.error {
        let cause = scene.cause();
        return write!(
            out,
            "pod_workers.go:1301] \"Error syncing pod, skipping\" err=\"{cause}\" pod=\"shop/{pod}\" podUID=\"{}\"",
            uid(scene.random.next_u64(), pod)
        );
    }
    let r = &mut *scene.random;
    match what {
        0 => write!(
            out,
            "prober.go:107] \"Probe succeeded\" probeType=\"{}\" pod=\"shop/{pod}\" containerName=\"{container}\" duration=\"{duration_ms:.3}ms\"",
            ["Readiness", "Liveness"][r.below(2) as usize]
        ),
        1 => write!(
            out,
            "reconciler_common.go:245] \"operationExecutor.MountVolume started for volume\" volume=\"config\" pod=\"shop/{pod}\" podUID=\"{}\"",
            uid(0, pod)
        ),
        2 => write!(
            out,
            "pod_startup_latency_tracker.go:104] \"Observed pod startup duration\" pod=\"shop/{pod}\" podStartSLOduration={:.6}",
            duration_ms / 100.0
        ),
        3 => write!(
            out,
            "kuberuntime_gc.go:362] \"Removed container\" containerID=\"containerd://{:012x}\"",
            r.next_u64() >> 16
        ),
        4 => write!(
            out,
            "httplog.go:132] \"HTTP\" verb=\"GET\" URI=\"/healthz\" latency=\"{duration_ms:.3}ms\" resp={}",
            [200, 200, 200, 503][r.below(4) as usize]
        ),
        _ => write!(
            out,
            "scope.go:117] \"RemoveContainer\" pod=\"shop/{pod}\" container=\"{container}\""
        ),
    }
}

/// The UID of a pod, or of one of its earlier lives.
fn uid(life: u64, pod: &str) -> String {
    let sum = pod
        .bytes()
        .fold(life % 16, |sum, b| {
            sum.wrapping_mul(31).wrapping_add(u64::from(b))
        })
        .wrapping_mul(0x9e37_79b9_7f4a_7c15);
    format!(
        "{:08x}-{:04x}-4{:03x}-a{:03x}-{:012x}",
        sum >> 32,
        sum >> 16 & 0xffff,
        sum >> 4 & 0xfff,
        sum & 0xfff,
        sum.rotate_left(17) & 0xffff_ffff_ffff
    )
}
