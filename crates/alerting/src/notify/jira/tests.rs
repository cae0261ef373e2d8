//! Issues against a server that records, with the answers of Jira's documentation.

use serde_json::{Value, json};

use super::{Jira, read};
use crate::notify::testing::{Answer, Received, Server, Told, read as read_yaml, settings};
use crate::notify::{FailureReason, Notifier as _, NotifyError, Sent};

const LABEL: &str = "ALERT{LABEL}";
const NONE: Answer = Answer::Status(200, r#"{"issues":[]}"#);
const OPEN: Answer = Answer::Status(
    200,
    r#"{"issues":[{"key":"OPS-1","fields":{"status":{"name":"Open","statusCategory":{"key":"new"}}}},{"key":"OPS-2"}]}"#,
);
const CLOSED: Answer = Answer::Status(
    200,
    r#"{"issues":[{"key":"OPS-1","fields":{"status":{"name":"Closed","statusCategory":{"key":"done"}}}}]}"#,
);
const CREATED: Answer = Answer::Status(201, r#"{"id":"1","key":"OPS-3"}"#);
const WRITTEN: Answer = Answer::Status(204, "");
const TRANSITIONS: Answer = Answer::Status(
    200,
    r#"{"transitions":[{"id":"11","name":"Reopen"},{"id":"31","name":"Close"}]}"#,
);

async fn notify(
    server: &Server,
    version: u8,
    yaml: &str,
    told: &Told,
) -> Result<Sent, NotifyError> {
    let yaml =
        format!("api_url: '{{url}}/rest/api/{version}'\nproject: OPS\nissue_type: Bug\n{yaml}");
    let jira = Jira::new(&settings(server, &yaml, read)).expect("usable");
    jira.notify(&told.notification()).await
}

/// Verb, path, and body with the group's hash replaced.
fn shown(request: &Received) -> (String, Value) {
    let line = format!("{} {}", request.method, request.target);
    if request.body.is_empty() {
        return (line, Value::Null);
    }
    let told = Told::firing(1);
    let hash = crate::notify::text::key_hash(told.notification().group_key);
    let text = request.text().replace(&hash, "LABEL");
    (line, serde_json::from_str(&text).expect("JSON"))
}

async fn check(script: Vec<Answer>, yaml: &str, told: &Told, want: &[(&str, Value)]) {
    let server = Server::start(script).await;
    let sent = notify(&server, 2, yaml, told).await;
    let received: Vec<_> = server.received().iter().map(shown).collect();
    let want: Vec<_> = want
        .iter()
        .map(|(line, body)| ((*line).to_owned(), body.clone()))
        .collect();
    assert_eq!(received, want, "{yaml}");
    sent.expect("taken");
}

fn search(condition: &str) -> (&'static str, Value) {
    let jql = format!(
        "{condition} and project=\"OPS\" and labels=\"{LABEL}\" order by status ASC,resolutiondate DESC"
    );
    let body = json!({ "jql": jql, "maxResults": 2, "fields": ["status"] });
    ("POST /rest/api/2/search", body)
}

const TEXTS: &str = "
summary: '{{ .CommonLabels.alertname }}'
description: '{{ .CommonAnnotations.summary }}'
priority: '{{ if eq .Status \"firing\" }}High{{ end }}'
labels: [ops, '{{ .CommonLabels.severity }}']
";

#[tokio::test]
async fn opens_an_issue() {
    let yaml = format!(
        "{TEXTS}
fields:
  components: [{{ name: '{{{{ .Receiver }}}}' }}]
  customfield_1: '{{{{ len .Alerts }}}}'
  customfield_2: {{ value: red }}
"
    );
    let issue = json!({ "fields": {
        "summary": "Down",
        "description": "<host0> & co is \"dün\"",
        "issuetype": { "name": "Bug" },
        "project": { "key": "OPS" },
        "labels": [LABEL, "critical", "ops"],
        "priority": { "name": "High" },
        "components": [{ "name": "team" }],
        "customfield_1": 1,
        "customfield_2": { "value": "red" },
    }});
    check(
        vec![NONE, CREATED],
        &yaml,
        &Told::firing(1),
        &[
            search("statusCategory != Done"),
            ("POST /rest/api/2/issue", issue),
        ],
    )
    .await;
}

#[tokio::test]
async fn does_not_open_an_issue_for_what_is_over() {
    let told = Told::resolved(1);
    let want = [search("statusCategory != Done")];
    check(vec![NONE], "", &told, &want).await;
}

#[tokio::test]
async fn writes_into_the_issue_that_is_there() {
    let yaml = "
summary: { template: 's', enable_update: false }
description: { template: 'd' }
priority: ''
";
    let issue = json!({ "fields": {
        "description": "d",
        "issuetype": { "name": "Bug" },
        "project": { "key": "OPS" },
        "labels": [LABEL],
    }});
    check(
        vec![OPEN, WRITTEN],
        yaml,
        &Told::firing(1),
        &[
            search("statusCategory != Done"),
            ("PUT /rest/api/2/issue/OPS-1", issue),
        ],
    )
    .await;
}

#[tokio::test]
async fn closes_and_opens_again() {
    let yaml = "
summary: s
description: ''
priority: ''
reopen_transition: Reopen
resolve_transition: Close
reopen_duration: 1h
wont_fix_resolution: Won't \"Fix\"
";
    let not_fixed = r#"(resolution is EMPTY or resolution != "Won't \"Fix\"")"#;
    let issue = json!({ "fields": {
        "summary": "s",
        "issuetype": { "name": "Bug" },
        "project": { "key": "OPS" },
        "labels": [LABEL],
    }});
    let case = async |script: Vec<Answer>, told: Told, condition: &str, transition: &str| {
        check(
            script,
            yaml,
            &told,
            &[
                search(&format!("{not_fixed} and {condition}")),
                ("PUT /rest/api/2/issue/OPS-1", issue.clone()),
                ("GET /rest/api/2/issue/OPS-1/transitions", Value::Null),
                (
                    "POST /rest/api/2/issue/OPS-1/transitions",
                    json!({ "transition": { "id": transition } }),
                ),
            ],
        )
        .await;
    };
    let script = |found: Answer| vec![found, WRITTEN, TRANSITIONS, WRITTEN];
    let recent = "(resolutiondate is EMPTY OR resolutiondate >= -60m)";
    case(script(CLOSED), Told::firing(1), recent, "11").await;
    let open = "statusCategory != Done";
    case(script(OPEN), Told::resolved(1), open, "31").await;
}

#[tokio::test]
async fn the_cloud_searches_in_version_3() {
    let server = Server::start(vec![NONE]).await;
    let sent = notify(&server, 2, "api_type: cloud", &Told::resolved(1)).await;
    sent.expect("taken");
    assert_eq!(server.one().target, "/rest/api/3/search/jql");
}

#[tokio::test]
async fn version_3_has_documents() {
    let check = async |description: &str, want: Value, failures: usize| {
        let server = Server::start(vec![NONE, CREATED]).await;
        // JSON's quotes are YAML's.
        let yaml = format!("description: {}\nsummary: s\n", json!(description));
        let sent = notify(&server, 3, &yaml, &Told::firing(1))
            .await
            .expect("taken");
        assert_eq!(sent.template_errors.len(), failures, "{description}");
        assert_eq!(server.received()[1].json()["fields"]["description"], want);
    };
    let document = r#"{"type":"doc","version":1,"content":[]}"#;
    let value: Value = serde_json::from_str(document).expect("JSON");
    check(document, value, 0).await;
    let line =
        |text: &str| json!({ "type": "paragraph", "content": [{ "type": "text", "text": text }] });
    let lines = |lines: Value| json!({ "type": "doc", "version": 1, "content": lines });
    let empty = json!({ "type": "paragraph" });
    check(
        "one\n\ntwo",
        lines(json!([line("one"), empty, line("two")])),
        0,
    )
    .await;
    let server = Server::start(vec![NONE, CREATED]).await;
    let sent = notify(&server, 3, "description: '{ \"type\": '", &Told::firing(1)).await;
    let failures = sent.expect("taken").template_errors;
    assert!(
        failures[0].1.contains("invalid JSON for API v3"),
        "{failures:?}"
    );
    let body = server.received()[1].text();
    assert!(
        body.contains("template of description failed: invalid JSON"),
        "{body}"
    );
}

#[tokio::test]
async fn a_template_that_fails_files_the_issue_all_the_same() {
    let server = Server::start(vec![NONE, CREATED]).await;
    let yaml = "summary: '{{ .Nothing }}'\nlabels: ['{{ .Nothing }}']\n";
    let sent = notify(&server, 2, yaml, &Told::firing(1))
        .await
        .expect("taken");
    assert_eq!(sent.template_errors.len(), 2, "{:?}", sent.template_errors);
    assert!(
        sent.title
            .starts_with("[FIRING:1] Down (template of summary"),
        "{}",
        sent.title
    );
    let (_, body) = shown(&server.received()[1]);
    assert_eq!(body["fields"]["labels"], json!([LABEL]));
    let text = body["fields"]["description"].as_str().expect("text");
    assert!(text.contains("(template of labels failed"), "{text}");
}

#[tokio::test]
async fn texts_are_cut() {
    let server = Server::start(vec![NONE, CREATED]).await;
    let yaml = format!(
        "summary: '{}'\ndescription: '{}'\n",
        "ü".repeat(300),
        "ß".repeat(40_000)
    );
    notify(&server, 2, &yaml, &Told::firing(1))
        .await
        .expect("taken");
    let fields = &server.received()[1].json()["fields"];
    let chars = |name: &str| fields[name].as_str().expect("text").chars().count();
    assert_eq!((chars("summary"), chars("description")), (255, 32_767));
}

#[tokio::test]
async fn refusals() {
    let check = async |script: Vec<Answer>, retry: bool, reason: FailureReason, message: &str| {
        let server = Server::start(script).await;
        let yaml = "resolve_transition: Archive\n";
        let error = notify(&server, 2, yaml, &Told::resolved(1)).await;
        let error = error.expect_err("refused");
        assert_eq!((error.retry, error.reason), (retry, reason), "{message}");
        assert_eq!(error.message, message);
    };
    let refuse = |status: u16| Answer::Status(status, "no");
    let looking = "failed to look up existing issues: unexpected status code";
    check(
        vec![refuse(429)],
        true,
        FailureReason::RateLimited,
        &format!("{looking} 429: no"),
    )
    .await;
    check(
        vec![refuse(401)],
        false,
        FailureReason::AuthError,
        &format!("{looking} 401: no"),
    )
    .await;
    check(
        vec![OPEN, refuse(500)],
        true,
        FailureReason::ServerError,
        "failed to PUT request to \"issue/OPS-1\": unexpected status code 500: no",
    )
    .await;
    check(
        vec![OPEN, WRITTEN, TRANSITIONS],
        false,
        FailureReason::Other,
        "can't find transition Archive for issue OPS-1",
    )
    .await;
}

#[test]
fn what_is_refused() {
    let check = |global: &str, yaml: &str, want: &[&str]| {
        let errors = read_yaml(global, yaml, read).err().unwrap_or_default();
        assert_eq!(errors, want, "{yaml}");
    };
    let url = "jira_api_url: 'https://x.atlassian.net/rest/api/2'";
    check(url, "{ project: P, issue_type: Bug }", &[]);
    check(
        "",
        "{ project: P, issue_type: Bug }",
        &["no global Jira Cloud URL set"],
    );
    check(
        url,
        "{ issue_type: Bug }",
        &["missing project in jira_config"],
    );
    check(
        url,
        "{ project: P }",
        &["missing issue_type in jira_config"],
    );
    check(
        url,
        "{ project: P, issue_type: Bug, api_type: server }",
        &["unknown api_type on jira_config, must be auto, cloud or datacenter"],
    );
}
