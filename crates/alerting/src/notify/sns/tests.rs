//! Signatures against AWS' test suite, and publications against a server that records.

use binnacle_client::settings::SecretText;
use serde_json::json;

use super::credentials::{self, Credentials, Role};
use super::environment::Environment;
use super::request::element;
use super::sigv4::{Scope, Unsigned, hex, sign};
use super::{Sns, read, region_of_arn, region_of_url};
use crate::notify::testing::{Answer, Received, Server, Told, read as read_yaml, settings};
use crate::notify::{FailureReason, Notifier as _};

/// Cases of AWS' own "Signature Version 4 test suite" (awslabs/aws-c-auth), all with
/// the same key and time.
#[test]
fn signs_as_aws_does() {
    let check = |name: &str, request: Unsigned<'_>, token: Option<&str>, want: &str| {
        let credentials = Credentials {
            access_key: "AKIDEXAMPLE".to_owned(),
            secret_key: SecretText::new("wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"),
            session_token: token.map(SecretText::new),
        };
        let scope = Scope {
            region: "us-east-1",
            service: "service",
            now_s: 1_440_938_160,
        };
        let added = sign(&request, scope, &credentials);
        assert_eq!(added[0].1, "20150830T123600Z", "{name}");
        let (_, authorization) = added.last().expect("an Authorization");
        let signed = authorization.split_once("SignedHeaders=").expect(name).1;
        assert_eq!(signed, want, "{name}");
    };
    let host = ("Host", "example.amazonaws.com");
    let get = Unsigned {
        method: "GET",
        path: "/",
        query: &[],
        headers: &[host],
        body: b"",
    };
    check(
        "get-vanilla",
        Unsigned { ..get },
        None,
        "host;x-amz-date, Signature=5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31",
    );
    check(
        "post-vanilla",
        Unsigned {
            method: "POST",
            ..get
        },
        None,
        "host;x-amz-date, Signature=5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b",
    );
    check(
        "get-vanilla-with-session-token",
        Unsigned { ..get },
        Some("6e86291e8372ff2a2260956d9b8aae1d763fbf315fa00fa31553b73ebf194267"),
        "host;x-amz-date;x-amz-security-token, Signature=07ec1639c89043aa0e3e2de82b96708f198cceab042d4a97044c66dd9f74e7f8",
    );
    check(
        "get-vanilla-query-order-key-case",
        Unsigned {
            query: &[("Param2", "value2"), ("Param1", "value1")],
            ..get
        },
        None,
        "host;x-amz-date, Signature=b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500",
    );
    let unreserved = "-._~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    check(
        "get-vanilla-query-unreserved",
        Unsigned {
            query: &[(unreserved, unreserved)],
            ..get
        },
        None,
        "host;x-amz-date, Signature=9c3e54bfcdf0b19771a7f523ee5669cdf59bc7cc0884027167c21bb143a40197",
    );
    check(
        "get-header-key-duplicate",
        Unsigned {
            headers: &[
                host,
                ("My-Header1", "value2"),
                ("My-Header1", "value2"),
                ("My-Header1", "value1"),
            ],
            ..get
        },
        None,
        "host;my-header1;x-amz-date, Signature=c9d5ea9f3f72853aea855b47ea873832890dbdd183b4468f858259531a5138ea",
    );
    check(
        "get-header-value-trim",
        Unsigned {
            headers: &[
                host,
                ("My-Header1", " value1"),
                ("My-Header2", " \"a   b   c\""),
            ],
            ..get
        },
        None,
        "host;my-header1;my-header2;x-amz-date, Signature=acc3ed3afb60bb290fc8d2dd0098b9911fcaa05412b367055dee359757a9c736",
    );
    check(
        "post-x-www-form-urlencoded",
        Unsigned {
            method: "POST",
            headers: &[
                ("Content-Type", "application/x-www-form-urlencoded"),
                host,
                ("Content-Length", "13"),
                (
                    "x-amz-content-sha256",
                    "9095672bbd1f56dfc5b65f3e153adc8731a4a654192329106275f4c7b24d0b6e",
                ),
            ],
            body: b"Param1=value1",
            ..get
        },
        None,
        "content-length;content-type;host;x-amz-content-sha256;x-amz-date, Signature=d3875051da38690788ef43de4db0d8f280229d82040bfac253562e56c3f20e0b",
    );
}

fn variables(pairs: &[(&str, &str)]) -> Environment {
    let own = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
    Environment::of(pairs.iter().map(own))
}

/// Whether `request` bears the signature that its own headers and body ask for.
fn assert_signed(request: &Received, service: &str, keys: &Credentials) {
    let time = request.header("x-amz-date");
    let part = |range: std::ops::Range<usize>| time[range].parse::<i64>().expect("digits");
    let day = binnacle_model::calendar::day_of(part(0..4), part(4..6), part(6..8));
    let scope = Scope {
        region: "eu-west-1",
        service,
        now_s: day * 86_400 + part(9..11) * 3600 + part(11..13) * 60 + part(13..15),
    };
    let headers = ["content-type", "host"].map(|name| (name, request.header(name)));
    let unsigned = Unsigned {
        method: &request.method,
        path: &request.target,
        query: &[],
        headers: &headers,
        body: &request.body,
    };
    let added = sign(&unsigned, scope, keys);
    let want = &added.last().expect("an Authorization").1;
    assert_eq!(request.header("authorization"), want);
}

fn keys(access: &str, secret: &str, token: Option<&str>) -> Credentials {
    Credentials {
        access_key: access.to_owned(),
        secret_key: SecretText::new(secret),
        session_token: token.map(SecretText::new),
    }
}

fn pairs(form: &[(String, String)]) -> serde_json::Value {
    let map: serde_json::Map<_, _> = form.iter().map(|(n, v)| (n.clone(), json!(v))).collect();
    map.into()
}

const PUBLISHED: &str =
    "<PublishResponse><PublishResult><MessageId>1</MessageId></PublishResult></PublishResponse>";

#[tokio::test]
async fn publishes_to_a_topic() {
    let server = Server::saying(PUBLISHED).await;
    let settings = settings(
        &server,
        r#"
api_url: '{url}'
sigv4: { region: eu-west-1, access_key: AK, secret_key: SK }
topic_arn: 'arn:aws:sns:us-east-2:123456789012:{{ .Receiver }}.fifo'
subject: '{{ .Status }}'
message: '{{ .CommonAnnotations.summary }}'
attributes: { severity: '{{ .CommonLabels.severity }}', empty: '' }
"#,
        read,
    );
    let sns = Sns::with_environment(&settings, Environment::default()).expect("usable");
    let told = Told::firing(1);
    let sent = sns.notify(&told.notification()).await.expect("taken");
    assert_eq!(sent.title, "firing");
    let request = server.one();
    assert_eq!(request.method, "POST");
    assert_eq!(
        request.header("content-type"),
        "application/x-www-form-urlencoded; charset=utf-8"
    );
    assert_signed(&request, "sns", &keys("AK", "SK", None));
    let form = pairs(&request.form());
    let group = crate::notify::text::key_hash(told.notification().group_key);
    assert_eq!(
        form,
        json!({
            "Action": "Publish",
            "Version": "2010-03-31",
            "TopicArn": "arn:aws:sns:us-east-2:123456789012:team.fifo",
            "MessageDeduplicationId": group,
            "MessageGroupId": group,
            "Subject": "firing",
            "Message": "<host0> & co is \"dün\"",
            "MessageAttributes.entry.1.Name": "severity",
            "MessageAttributes.entry.1.Value.DataType": "String",
            "MessageAttributes.entry.1.Value.StringValue": "critical",
        })
    );
}

#[tokio::test]
async fn a_long_message_is_cut_between_characters_and_says_so() {
    let check = async |whom: &str, template: &str, want_bytes: usize| {
        let server = Server::saying(PUBLISHED).await;
        let text = format!(
            "api_url: '{{url}}'\nsigv4: {{ region: eu-west-1, access_key: A, secret_key: S }}\n{whom}\nmessage: '{template}'\n"
        );
        let settings = settings(&server, &text, read);
        let sns = Sns::with_environment(&settings, Environment::default()).expect("usable");
        let sent = sns.notify(&Told::firing(1).notification()).await;
        let text = sent.expect("taken").text;
        assert_eq!(text.len(), want_bytes, "{whom}");
        let form = pairs(&server.one().form());
        assert_eq!(form["Message"], json!(text));
        assert_eq!(form["MessageAttributes.entry.1.Name"], "truncated");
        assert_eq!(form["MessageAttributes.entry.1.Value.StringValue"], "true");
    };
    let umlauts = |count: usize| format!("x{}", "ü".repeat(count));
    check("phone_number: '+49123'", &umlauts(2000), 1599).await;
    check(
        "target_arn: 'arn:aws:sns:x:1:e'",
        &umlauts(200_000),
        262_143,
    )
    .await;
}

#[tokio::test]
async fn takes_on_a_role_once() {
    let session = "<AssumeRoleResponse><AssumeRoleResult><Credentials><AccessKeyId>AK2</AccessKeyId><SecretAccessKey>SK2</SecretAccessKey><SessionToken>a&amp;b</SessionToken><Expiration>2030-01-01T00:00:00Z</Expiration></Credentials></AssumeRoleResult></AssumeRoleResponse>";
    let server = Server::start(vec![
        Answer::Status(200, session),
        Answer::Status(200, PUBLISHED),
    ])
    .await;
    let settings = settings(
        &server,
        "
api_url: '{url}'
sigv4: { region: eu-west-1, role_arn: 'arn:aws:iam::1:role/notify', external_id: shared }
topic_arn: 'arn:aws:sns:eu-west-1:1:t'
message: m
subject: s
",
        read,
    );
    let environment = variables(&[
        ("AWS_ACCESS_KEY_ID", "AK1"),
        ("AWS_SECRET_ACCESS_KEY", "SK1"),
        ("AWS_ENDPOINT_URL_STS", &server.url),
    ]);
    let sns = Sns::with_environment(&settings, environment).expect("usable");
    let told = Told::firing(1);
    sns.notify(&told.notification()).await.expect("taken");
    sns.notify(&told.notification()).await.expect("taken");
    let received = server.received();
    assert_eq!(received.len(), 3, "one role for two publications");
    let mut form = received[0].form();
    form.retain(|(name, _)| name != "RoleSessionName");
    assert_eq!(
        pairs(&form),
        json!({
            "Action": "AssumeRole",
            "Version": "2011-06-15",
            "RoleArn": "arn:aws:iam::1:role/notify",
            "ExternalId": "shared",
            "DurationSeconds": "900",
        })
    );
    assert_signed(&received[0], "sts", &keys("AK1", "SK1", None));
    assert_eq!(received[1].header("x-amz-security-token"), "a&b");
    assert_signed(&received[1], "sns", &keys("AK2", "SK2", Some("a&b")));
    assert_signed(&received[2], "sns", &keys("AK2", "SK2", Some("a&b")));
}

#[tokio::test]
async fn refusals() {
    let check = async |status: u16, retry: bool, reason: FailureReason| {
        let body = "<ErrorResponse><Error><Type>Sender</Type><Code>C</Code><Message>no &lt;topic&gt;</Message></Error></ErrorResponse>";
        let server = Server::start(vec![Answer::Status(status, body)]).await;
        let settings = settings(
            &server,
            "{ api_url: '{url}', sigv4: { region: r, access_key: A, secret_key: S }, topic_arn: t }",
            read,
        );
        let sns = Sns::with_environment(&settings, Environment::default()).expect("usable");
        let error = sns.notify(&Told::firing(1).notification()).await;
        let error = error.expect_err("refused");
        assert_eq!((error.retry, error.reason), (retry, reason), "{status}");
        let message = format!("unexpected status code {status}: no <topic>");
        assert_eq!(error.message, message);
    };
    check(400, false, FailureReason::ClientError).await;
    check(403, false, FailureReason::AuthError).await;
    check(429, false, FailureReason::RateLimited).await;
    check(500, true, FailureReason::ServerError).await;
}

#[test]
fn keys_come_in_the_order_of_the_sdks() {
    let dir = tempfile::tempdir().expect("a directory");
    let file = dir.path().join("config");
    let text = "
[default]
aws_access_key_id = D
aws_secret_access_key = d
[profile base]
aws_access_key_id = B
aws_secret_access_key = b
[profile ops]
role_arn = arn:ops
source_profile = base
external_id = word
[profile loop]
role_arn = arn:loop
source_profile = pool
[profile pool]
role_arn = arn:pool
source_profile = loop
";
    std::fs::write(&file, text).expect("written");
    let path = file.display().to_string();
    let check = |yaml: &str, env: &[(&str, &str)], want: Result<(&str, usize), &str>| {
        let yaml = format!("{{ topic_arn: t, sigv4: {{ {yaml} }} }}");
        let settings = read_yaml("", &yaml, read).expect("right");
        let mut env = env.to_vec();
        env.push(("AWS_CONFIG_FILE", &path));
        let found = credentials::find(&settings.sigv4, &variables(&env));
        match (found, want) {
            (Ok(found), Ok((key, roles))) => {
                assert_eq!(found.credentials.access_key, key, "{yaml}");
                assert_eq!(found.roles.len(), roles, "{yaml}");
            }
            (Err(error), Err(want)) => assert!(error.contains(want), "{error}"),
            (found, want) => panic!("{yaml}: {found:?}, not {want:?}"),
        }
    };
    let env = [("AWS_ACCESS_KEY_ID", "E"), ("AWS_SECRET_ACCESS_KEY", "e")];
    check("access_key: A, secret_key: a", &env, Ok(("A", 0)));
    check("profile: base", &env, Ok(("B", 0)));
    check("", &env, Ok(("E", 0)));
    check("", &[], Ok(("D", 0)));
    check("", &[("AWS_PROFILE", "ops")], Ok(("B", 1)));
    check("profile: ops, role_arn: 'arn:more'", &[], Ok(("B", 2)));
    check("profile: loop", &[], Err("too many roles"));
    check("profile: nobody", &[], Err("no AWS credentials"));
    let settings = read_yaml("", "{ topic_arn: t, sigv4: { profile: ops } }", read);
    let env = [("AWS_CONFIG_FILE", path.as_str())];
    let found = credentials::find(&settings.expect("right").sigv4, &variables(&env));
    let role = Role {
        arn: "arn:ops".to_owned(),
        external_id: Some("word".to_owned()),
        session_name: None,
    };
    assert_eq!(found.expect("found").roles, [role]);
}

#[test]
fn regions() {
    let check = |found: Option<String>, want: Option<&str>| assert_eq!(found.as_deref(), want);
    check(
        region_of_arn("arn:aws:sns:us-east-2:1:t"),
        Some("us-east-2"),
    );
    check(region_of_arn("arn:aws:sns::1:t"), None);
    check(region_of_arn("topic"), None);
    check(
        region_of_url("https://sns.cn-north-1.amazonaws.com.cn/"),
        Some("cn-north-1"),
    );
    check(region_of_url("https://sns.example.com/"), None);
    check(region_of_url("nothing"), None);
    assert_eq!(
        super::endpoint("sns", "cn-north-1"),
        "https://sns.cn-north-1.amazonaws.com.cn/"
    );
    assert_eq!(hex(&[0, 0xaf]), "00af");
}

#[test]
fn elements() {
    let check = |xml: &str, want: Option<&str>| {
        assert_eq!(element(xml, "a").as_deref(), want, "{xml}");
    };
    check("<x><a> 1 &amp;lt; </a></x>", Some("1 &lt;"));
    check("<a></a>", Some(""));
    check("<a>1", None);
    check("", None);
}

#[test]
fn what_is_refused() {
    let check = |yaml: &str, want: &[&str]| {
        let errors = read_yaml("", yaml, read).err().unwrap_or_default();
        assert_eq!(errors, want, "{yaml}");
    };
    let whom = "must provide either a Target ARN, Topic ARN, or Phone Number for SNS config";
    check("{ topic_arn: t }", &[]);
    check("{ message: m }", &[whom]);
    check("{ topic_arn: t, target_arn: t }", &[whom]);
    check(
        "{ topic_arn: t, sigv4: { access_key: A } }",
        &[
            "must provide a AWS SigV4 Access key and Secret Key if credentials are specified in the SigV4 config",
        ],
    );
}
