//! With nothing but what is required, every kind says something, by templates that
//! are there.

use binnacle_model::alert::Texts;

use super::Notifier;
use super::testing::{Told, read};

fn check(kind: &str, notifier: &dyn Notifier) {
    for told in [Told::firing(2), Told::resolved(1)] {
        let texts: Texts = notifier.render(&told.notification());
        assert!(!texts.is_empty(), "{kind} says nothing");
        for (field, text) in texts {
            assert!(!text.contains("failed"), "{kind}: {field}: {text}");
        }
    }
    assert!(
        !notifier.destination().is_empty(),
        "{kind} has no destination"
    );
}

macro_rules! check_all {
    ($($module:ident $kind:ident $yaml:expr;)*) => {
        $(
            let settings = read("", $yaml, super::$module::read).expect($yaml);
            let notifier = super::$module::$kind::new(&settings).expect($yaml);
            check(stringify!($module), &notifier);
        )*
    };
}

#[test]
fn default_templates_are_there() {
    check_all! {
        discord Discord "webhook_url: http://a/b";
        incidentio IncidentIo "{ url: 'http://a/b', alert_source_token: t }";
        jira Jira "{ api_url: 'http://a/rest/api/2', project: P, issue_type: Bug }";
        mattermost Mattermost "webhook_url: http://a/b";
        msteams MsTeams "webhook_url: http://a/b";
        msteamsv2 MsTeamsV2 "webhook_url: http://a/b";
        pushover Pushover "{ user_key: u, token: t }";
        rocketchat RocketChat "{ token: t, token_id: i, channel: c }";
        sns Sns "topic_arn: t";
        telegram Telegram "{ bot_token: t, chat_id: 1 }";
        webex Webex "{ room_id: r, http_config: { authorization: { credentials: c } } }";
        wechat WeChat "{ api_secret: s, corp_id: c }";
    }
}
