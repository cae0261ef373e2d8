//! Upstream's scripts.

use crate::conformance::{folder, suite};
use crate::runner::run;

/// Every script of upstream's own tests. Queries over native histograms that do
/// not give the right answer are named as skipped, and counted; everything else
/// must pass.
#[test]
fn upstream() {
    let Some(folder) = folder() else { return };
    let folder = folder.join("prometheus/promql/promqltest/testdata");
    let mut paths: Vec<_> = std::fs::read_dir(&folder)
        .expect("the folder of scripts")
        .map(|entry| entry.expect("a file").path())
        .filter(|path| {
            path.extension()
                .is_some_and(|extension| extension == "test")
        })
        .collect();
    paths.sort();
    assert!(!paths.is_empty());
    let (mut passed, mut skipped, mut failed) = (0, Vec::new(), Vec::new());
    for path in paths {
        let name = path
            .file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        let text = std::fs::read_to_string(&path).expect("a script");
        let before = (passed, skipped.len(), failed.len());
        match run(&text) {
            Err(why) => failed.push(format!("{name}: {why}")),
            Ok(outcomes) => {
                for outcome in outcomes {
                    let title = format!("{name}:{} {}", outcome.line, outcome.query);
                    match outcome.result {
                        Ok(()) => passed += 1,
                        Err(why) if outcome.histograms => {
                            let why = why.lines().next().unwrap_or_default().to_owned();
                            skipped.push(format!("{title}: {why:.200}"));
                        }
                        Err(why) => failed.push(format!("{title}\n    {why}")),
                    }
                }
            }
        }
        println!(
            "{name}: {} pass, {} need native histograms, {} fail",
            passed - before.0,
            skipped.len() - before.1,
            failed.len() - before.2
        );
    }
    for title in &skipped {
        println!("skipped: native histograms: {title}");
    }
    println!(
        "{passed} pass, {} need native histograms, {} fail",
        skipped.len(),
        failed.len()
    );
    assert!(
        failed.is_empty(),
        "{} fail:\n{}",
        failed.len(),
        failed.join("\n")
    );
}

/// Scripts about the language of scripts: they pass, or fail as a whole.
#[test]
fn language() {
    let Some(suite) = suite("prometheus/promqltest_language") else {
        return;
    };
    suite.run(|case| {
        let must_fail = case["error"].is_string();
        let got = run(case["script"].as_str().unwrap_or_default());
        let histograms = got
            .as_ref()
            .is_ok_and(|outcomes| outcomes.iter().any(|o| o.histograms));
        let got = got.and_then(|outcomes| outcomes.into_iter().try_for_each(|o| o.result));
        if histograms && got.is_err() != must_fail {
            println!(
                "skipped: native histograms: {}: {}",
                case["id"], case["name"]
            );
            return Ok(());
        }
        match got {
            Ok(()) if must_fail => Err(format!(
                "{}: passes instead of {}",
                case["name"], case["error"]
            )),
            Err(why) if !must_fail => Err(format!("{}: {why}", case["name"])),
            _ => Ok(()),
        }
    });
}
