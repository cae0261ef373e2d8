//! `exec_configs`

use std::time::Duration;

use crate::notify::exec::{self, Exec};
use crate::notify::testing::{Told, read};
use crate::notify::{Notifier as _, NotifyError, Sent};

async fn run(script: &str, told: &Told) -> Result<Sent, NotifyError> {
    let yaml = format!(
        "{{command: [/bin/sh, -c, {}], environment: {{OWN: mine}}, timeout: 5s}}",
        serde_json::json!(script)
    );
    let settings = read("", &yaml, exec::read).expect("settings");
    let exec = Exec::new(&settings).expect("ready").allow(true);
    exec.notify(&told.notification()).await
}

#[tokio::test]
async fn a_command_reads_what_a_webhook_would() {
    let folder = tempfile::tempdir().expect("a folder");
    let out = folder.path().join("out");
    let script = format!("cat > {0}; env > {0}.env", out.display());
    let told = Told::firing(1);
    let sent = run(&script, &told).await.expect("taken");
    let body = std::fs::read_to_string(&out).expect("written");
    assert!(
        body.starts_with("{\"receiver\":\"team\"") && body.ends_with("\"truncatedAlerts\":0}\n"),
        "{body}"
    );
    assert_eq!(sent.text, body.trim_end());
    let environment = std::fs::read_to_string(out.with_extension("env")).expect("written");
    for line in [
        "BINNACLE_RECEIVER=team",
        "BINNACLE_STATUS=firing",
        "BINNACLE_GROUP_KEY={}:{alertname=\"Down\"}",
        "OWN=mine",
    ] {
        assert!(
            environment.lines().any(|l| l == line),
            "{line} in {environment}"
        );
    }
    assert!(!environment.contains("CARGO"), "{environment}");
}

#[tokio::test]
async fn exit_statuses_are_judged() {
    let told = Told::firing(1);
    for (script, want) in [
        ("exit 0", None),
        ("echo no >&2; echo out; exit 75", Some((true, "no\nout"))),
        ("echo why >&2; exit 1", Some((false, "why"))),
        ("kill -9 $$", Some((false, "signal: 9"))),
    ] {
        let error = run(script, &told).await.err();
        assert_eq!(
            error.as_ref().map(|e| e.retry),
            want.map(|(retry, _)| retry),
            "{script}"
        );
        if let (Some(error), Some((_, text))) = (error, want) {
            assert!(error.message.contains(text), "{error}");
        }
    }
}

#[tokio::test]
async fn much_output_and_unread_input_do_no_harm() {
    let told = Told::firing(500);
    run("exec 0<&-; exit 0", &told).await.expect("taken");
    let error = run("yes | head -c 3000000; exit 1", &told)
        .await
        .expect_err("refused");
    assert!(!error.retry && error.message.len() < 5_000);
}

#[tokio::test]
async fn a_command_that_hangs_is_killed() {
    let told = Told::firing(1).within(Duration::from_millis(50));
    let error = run("cat >/dev/null; sleep 600", &told)
        .await
        .expect_err("late");
    assert!(error.retry && error.message.contains("deadline"), "{error}");
}

#[tokio::test]
async fn nothing_runs_that_is_not_allowed_or_not_there() {
    let told = Told::firing(1);
    let settings = read("", "command: [/bin/true]", exec::read).expect("settings");
    let error = Exec::new(&settings)
        .expect("ready")
        .notify(&told.notification())
        .await;
    assert!(error.is_err_and(|e| !e.retry && e.message.contains("not allowed")));
    let settings = read("", "command: [/does/not/exist]", exec::read).expect("settings");
    let exec = Exec::new(&settings).expect("ready").allow(true);
    let error = exec
        .notify(&told.notification())
        .await
        .expect_err("not there");
    assert!(
        !error.retry && error.message.starts_with("starting /does/not/exist: "),
        "{error}"
    );
}

#[test]
fn what_is_refused() {
    let check = |yaml: &str, want: &str| {
        let errors = read("", yaml, exec::read).expect_err(yaml);
        assert!(
            errors.iter().any(|e| e.contains(want)),
            "{yaml}: {errors:?}"
        );
    };
    check("timeout: 1s", "missing command in exec config");
    check("command: []", "missing command in exec config");
    check("command: 'rm -rf'", "a list of texts");
    check(
        "{command: [a], environment: {'A=B': c}}",
        "is not the name of an environment variable",
    );
}
