//! What is found in a text, and what only looks like it.

use binnacle_guard::{Privacy, PrivacySettings};

fn strict() -> Privacy {
    Privacy::new(&PrivacySettings::profile("strict").expect("it is there")).expect("right")
}

#[track_caller]
fn check(text: &str, want: &str) {
    let privacy = strict();
    let once = privacy.scrub_text(text).text.into_owned();
    assert_eq!(once, want, "of {text:?}");
    assert_eq!(privacy.scrub_text(&once).text, once, "twice is as once");
    // The place in the line does not count.
    for pad in 1..9 {
        let space = " ".repeat(pad);
        let padded = format!("{space}{text}");
        assert_eq!(privacy.scrub_text(&padded).text, format!("{space}{want}"));
    }
}

#[track_caller]
fn keeps(text: &str) {
    check(text, text);
}

#[test]
fn email() {
    check("from jane.doe+x@example.co.uk to", "from <email> to");
    check("<bob@example.com>", "<<email>>");
    check("mail a@b.io, c@d.org.", "mail <email>, <email>.");
    check("\"user\":\"bob@example.com\"", "\"user\":\"<email>\"");
    keeps("npm lodash@4.17.21 and @angular/core@latest");
    keeps("git@github.com:org/repo.git");
    keeps("getty@tty1.service: Succeeded");
    keeps("user@host and icon@2x.png");
    keeps("a @ b.com @example.com @");
    keeps("x@-bad.com y@bad-.com");
}

#[test]
fn ip_addresses() {
    check("client 10.0.0.1:8080 up", "client <ipv4>:8080 up");
    check(
        "localhost/127.0.0.1 /192.168.1.254",
        "localhost/<ipv4> /<ipv4>",
    );
    check("http://8.8.8.8/x", "http://<ipv4>/x");
    check(
        "203.0.113.7 - - [10/Oct/2000:13:55:36",
        "<ipv4> - - [10/Oct/2000:13:55:36",
    );
    check("at 10.0.0.1.", "at <ipv4>.");
    keeps("v1.2.3.4 version 1.2.3.4 version=\"1.2.3.4\" 1.2.3.4.5 1.2.3");
    keeps("256.1.1.1 01.2.3.4 1.2.3.400 1.2.3.4abc");
    keeps("Chrome/120.0.0.0 Safari/537.36");
    check("from 2001:db8::ff00:42:8329 ok", "from <ipv6> ok");
    check("[::1]:9090 [fe80::1%eth0]", "[<ipv6>]:9090 [<ipv6>%eth0]");
    check("2001:0db8:0000:0000:0000:ff00:0042:8329", "<ipv6>");
    check("::ffff:192.0.2.1", "<ipv6>");
    keeps("2024-01-02T03:04:05.123Z 12:34:56 03:04");
    keeps("aa:bb:cc:dd:ee:ff std::fmt::Debug a::b ::");
    keeps("SHA256 16:27:AF:01:23:45:67:89:AB:CD:EF:01:23:45:67:89");
}

#[test]
fn cards() {
    check("card 4111111111111111 ok", "card <card> ok");
    check("4111 1111 1111 1111 200 ms", "<card> 200 ms");
    check("4111-1111-1111-1111,", "<card>,");
    check("amex 3782 822463 10005 x", "amex <card> x");
    check("378282246310005", "<card>");
    check(
        "5555555555554444 6011111111111117 3530111333300000",
        "<card> <card> <card>",
    );
    check("visa13 4222222222222", "visa13 <card>");
    check(
        "{\"card\":4111111111111111,\"a\":1}",
        "{\"card\":\"<card>\",\"a\":1}",
    );
    keeps("4111111111111112 wrong digit");
    keeps("order 1234567890123456 order-4111111111111111 4111111111111111-7");
    keeps("1700000000000 1700000000000000 1700000000000000000 1735689600123456789");
    keeps("trace 4bf92f3577b34da6a3ce929d0e0e4736 4111111111111111a a4111111111111111");
    keeps("3f2504e0-4f89-11d3-9a0c-0305e82c3301 41111111-1111-1111-1111-111111111111");
    keeps("0.4111111111111111 4111111111111111.5 4444444444444444");
    keeps("4111 1111 1111 1112 4111-1111 1111-1111");
}

#[test]
fn ibans() {
    check("to DE89370400440532013000 now", "to <iban> now");
    check("GB82 WEST 1234 5698 7654 32.", "<iban>.");
    check("MT84MALT011000012345MTLCAST001S", "<iban>");
    check("NO9386011117947", "<iban>");
    keeps("DE89370400440532013001 DE8937040044053201300 XX89370400440532013000");
    keeps("GB82 WEST 1234 5698 7654 33 GB82WEST");
    keeps("HTTP11 AB12CD34EF56GH78");
}

#[test]
fn phones() {
    check("call +49 30 901820 now", "call <phone> now");
    check("tel +1 (555) 123-4567.", "tel <phone>.");
    check("+4915112345678", "<phone>");
    check("(555) 234-5678 or 555-234-5678", "<phone> or <phone>");
    keeps("2024-01-02T03:04:05+02:00 +0200 +00:00 a+12345678901");
    keeps("1555-234-5678 555-234-56789 055-234-5678 2024-234-5678");
    keeps("+1 2 3 x=+5 1.5e+10");
}

#[test]
fn tokens() {
    let jwt = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9P";
    check(&format!("got {jwt} ok"), "got <jwt> ok");
    check(
        &format!("Authorization: Bearer {jwt}"),
        "Authorization: <password>",
    );
    check("Bearer abc123def456", "Bearer <bearer>");
    keeps("bearer authentication failed, Bearer token expired");
    keeps("eyJ eyJhbGciOiJIUzI1NiJ9 eyJhbGciOiJIUzI1NiJ9.x");
    check("id AKIAIOSFODNN7EXAMPLE.", "id <aws_key>.");
    keeps("AKIAIOSFODNN7EXAMPLEX AKIA1 XAKIAIOSFODNN7EXAMPLE");
    check(
        "use ghp_0123456789abcdefghijABCDEFGHIJ012345 x",
        "use <api_key> x",
    );
    check("xoxb-1234567890-abcdefghij", "<api_key>");
    keeps("task-0123456789abcdefghijk disk-0123456789abcdefghijk sk-learn");
    check(
        "k -----BEGIN RSA PRIVATE KEY-----\nMIIE\n-----END RSA PRIVATE KEY----- z",
        "k <private_key> z",
    );
    check("-----BEGIN PRIVATE KEY-----\nMIIE", "<private_key>");
    keeps("-----BEGIN CERTIFICATE-----\nMIIE\n-----END CERTIFICATE-----");
}

#[test]
fn passwords() {
    check("login password=hunter2 ok", "login password=<password> ok");
    check("DB_PASSWORD='a b c' x", "DB_PASSWORD='<password>' x");
    check("Password: hunter2", "Password: <password>");
    check(
        r#"{"user":"x","password":"a\"b","n":1}"#,
        r#"{"user":"x","password":"<password>","n":1}"#,
    );
    check(
        r#"{"password":12345,"n":1}"#,
        r#"{"password":"<password>","n":1}"#,
    );
    check(r#"{"password": 12345}"#, r#"{"password": "<password>"}"#);
    check(
        r#"msg="{\"password\":\"abc\"}" n=1"#,
        r#"msg="{\"password\":\"<password>\"}" n=1"#,
    );
    check("?api_key=abc&x=1", "?api_key=<password>&x=1");
    check("X-Api-Key: abc", "X-Api-Key: <password>");
    check("userPassword => \"x1\"", "userPassword => \"<password>\"");
    check(
        "Authorization: Basic dXNlcjpwYXNz",
        "Authorization: <password>",
    );
    check("Cookie: a=1; b=2", "Cookie: <password>");
    check("token=abcdef0123 z", "token=<password> z");
    check(
        "postgres://bob:s3cret@db.example.com/x",
        "postgres://bob:<password>@db.example.com/x",
    );
    keeps("unexpected token: } next_token=abcdef0123 max_tokens=500 token=abc");
    keeps("password_length=12 passwords=3 reset_password=true password= x password:");
    keeps("/etc/passwd: no such file pwd=/home/x PWD=/root");
    keeps("authorization: failed because it is late, Authorization: bearer");
    keeps("password=*** password=<redacted> password=${PW} password=null");
    keeps("keyboard: qwerty monkey=banana http://host:80/x");
}

#[test]
fn names_give_values_away() {
    let privacy = strict();
    let check = |name: &str, value: &str, want: &str| {
        assert_eq!(privacy.scrub_value(name, value).text, want, "{name}");
    };
    check("db.password", "hunter2", "<password>");
    check(
        "http.request.header.authorization",
        "Basic dXNlcjpwYXNz",
        "<password>",
    );
    check("status", "hunter2", "hunter2");
    check("token_count", "12345678", "12345678");
    check("client", "10.0.0.1", "<ipv4>");
}

#[test]
fn defaults_mask_secrets_and_count_the_rest() {
    let privacy = Privacy::new(&PrivacySettings::default()).expect("right");
    let got = privacy.scrub_text("bob@example.com 10.0.0.1 4111111111111111 password=x");
    assert_eq!(
        got.text,
        "bob@example.com 10.0.0.1 <card> password=<password>"
    );
    assert!(!got.is_dropped);
    let mut found = got.findings;
    found.sort_unstable();
    assert_eq!(
        found,
        [("card", 1), ("email", 1), ("ipv4", 1), ("password", 1)]
    );
    let off = Privacy::new(&PrivacySettings::profile("off").expect("there")).expect("right");
    assert_eq!(off.scrub_text("password=x").text, "password=x");
}
