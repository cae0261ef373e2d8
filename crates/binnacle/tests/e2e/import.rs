//! Import, by HTTP and by the command line.

use std::fs;

use crate::server::{QUIET, Server, binnacle};

const OPEN_METRICS: &str = "# HELP jobs Jobs done.\n# TYPE jobs counter\n\
    jobs_total{queue=\"a\"} 1 1000\njobs_total{queue=\"a\"} 3 1060\n\
    jobs_total{queue=\"b\"} 5 1060\n# EOF\n";

#[test]
fn a_file_of_open_metrics_comes_in_with_its_times() {
    let server = Server::start(QUIET);
    let file = server.directory().join("jobs.om");
    fs::write(&file, OPEN_METRICS).expect("write");
    let output = binnacle()
        .args(["import", "--url", &server.url("")])
        .arg(&file)
        .output()
        .expect("run");
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(
        output.status.success(),
        "{text}{}",
        String::from_utf8_lossy(&output.stderr)
    );
    assert!(text.contains("3 samples"), "{text}");
    assert_eq!(server.value("jobs_total{queue=\"a\"}", 1010.0), Some(1.0));
    assert_eq!(server.value("sum(jobs_total)", 1060.0), Some(8.0));
    assert_eq!(
        server.data("/api/v1/metadata?metric=jobs")["jobs"][0]["type"],
        "counter"
    );
}

#[test]
fn a_broken_file_says_which_line() {
    let server = Server::start(QUIET);
    let file = server.directory().join("broken.om");
    fs::write(&file, "a 1 1000\nb{ 2 1000\n# EOF\n").expect("write");
    let output = binnacle()
        .args(["import", "--url", &server.url("")])
        .arg(&file)
        .output()
        .expect("run");
    assert_ne!(output.status.code(), Some(0));
    let text = String::from_utf8_lossy(&output.stderr);
    assert!(text.contains("line 2"), "{text}");
}

#[test]
fn the_command_line_asks() {
    let server = Server::start(QUIET);
    let file = server.directory().join("jobs.om");
    fs::write(&file, OPEN_METRICS).expect("write");
    let run = |arguments: &[&str]| {
        let output = binnacle()
            .args(arguments)
            .args(["--url", &server.url("")])
            .output()
            .expect("run");
        assert!(
            output.status.success(),
            "{}",
            String::from_utf8_lossy(&output.stderr)
        );
        String::from_utf8(output.stdout).expect("UTF-8")
    };
    run(&["import", file.to_str().expect("a path")]);
    assert_eq!(
        run(&["query", "instant", "sum(jobs_total)", "--time", "1060"]),
        "{} => 8\n"
    );
    assert_eq!(
        run(&["query", "series", "jobs_total"]),
        "jobs_total{queue=\"a\"}\njobs_total{queue=\"b\"}\n"
    );
    assert_eq!(run(&["query", "labels", "queue"]), "a\nb\n");
    let range = run(&[
        "query",
        "range",
        "jobs_total{queue=\"a\"}",
        "--start",
        "1000",
        "--end",
        "1060",
        "--step",
        "60",
    ]);
    assert_eq!(range, "jobs_total{queue=\"a\"} =>\n1 @[1000]\n3 @[1060]\n");
}
