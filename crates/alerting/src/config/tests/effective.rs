//! The effective form.

use crate::suite::root;

use super::{good, read};

#[test]
fn secrets_are_left_out_and_what_is_inherited_is_filled_in() {
    let settings = good(
        "global:
  slack_api_url: 'http://hooks/T0P'
  smtp_from: me
  smtp_smarthost: 'mail:25'
  smtp_auth_password: T0P
  http_config: {basic_auth: {username: u, password: T0P}}
route: {receiver: a, group_by: ['...']}
receivers:
- name: a
  email_configs: [{to: you}]
  slack_configs: [{channel: c}]
time_intervals:
- name: t
  time_intervals: [{times: [{start_time: '09:00', end_time: '17:00'}], weekdays: ['Monday:friday']}]
",
    );
    let printed = settings.print();
    assert!(!printed.contains("T0P"), "{printed}");
    for want in [
        "slack_api_url: <secret>",
        "smtp_auth_password: <secret>",
        "password: <secret>",
        "resolve_timeout: 5m",
        "smarthost: mail:25",
        "from: me",
        "- monday:friday",
        "start_time: 09:00",
        "continue: false",
    ] {
        assert!(printed.contains(want), "{want}:\n{printed}");
    }
    assert_eq!(printed.matches("username: u").count(), 2, "{printed}");
}

/// As Alertmanager's own test has it: what was printed loads, and prints the same.
#[test]
fn what_is_printed_loads() {
    let Some(root) = root() else { return };
    let dir = root.join("alertmanager/config/testdata");
    let mut good = 0;
    for entry in std::fs::read_dir(dir).unwrap() {
        let text = std::fs::read_to_string(entry.unwrap().path()).unwrap();
        let Ok(settings) = read(&text) else { continue };
        let printed = settings.print();
        let again = read(&printed).unwrap_or_else(|e| panic!("{e}\n{printed}"));
        assert_eq!(again.print(), printed);
        good += 1;
    }
    assert!(good > 5);
}
