//! Alerts of the real binary: a receiver over a real socket verifies what it gets, and mistakes are told.
#![allow(clippy::unwrap_used)]

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;
use std::path::Path;
use std::process::{Command, Output};
use std::thread::JoinHandle;

use paceway_domain::Secret;
use paceway_upstream::WebhookSecret;

/// That of the specification's own example.
const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

const PASSWORD: &str = "hunter2";

struct Received {
    line: String,
    headers: BTreeMap<String, String>,
    body: Vec<u8>,
}

/// Takes one message and answers with this status line and these headers.
fn receiver(answer: &'static str) -> (String, JoinHandle<Received>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let taking = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut reader = BufReader::new(stream.try_clone().unwrap());
        let mut lines = Vec::new();
        loop {
            let mut line = String::new();
            reader.read_line(&mut line).unwrap();
            if line.trim().is_empty() {
                break;
            }
            lines.push(line.trim().to_owned());
        }
        let line = lines.remove(0);
        let headers: BTreeMap<_, _> = lines
            .iter()
            .filter_map(|line| line.split_once(": "))
            .map(|(name, value)| (name.to_lowercase(), value.to_owned()))
            .collect();
        let mut body = vec![0; headers["content-length"].parse().unwrap()];
        reader.read_exact(&mut body).unwrap();
        write!(stream, "HTTP/1.1 {answer}\r\ncontent-length: 0\r\n\r\n").unwrap();
        Received { line, headers, body }
    });
    (format!("http://{address}/hook"), taking)
}

fn paceway(directory: &Path, configuration: &str, arguments: &[&str]) -> Output {
    let file = directory.join("paceway.toml");
    std::fs::write(&file, configuration).unwrap();
    Command::new(env!("CARGO_BIN_EXE_paceway"))
        .args(arguments)
        .args(["--config", file.to_str().unwrap(), "--data-dir", directory.to_str().unwrap()])
        .env("OPS_SECRET", SECRET)
        .env("MAIL_PASSWORD", PASSWORD)
        .env_remove("ABSENT")
        .output()
        .unwrap()
}

fn told(output: &Output) -> String {
    String::from_utf8([&output.stdout[..], &output.stderr[..]].concat()).unwrap()
}

fn ops(url: &str, more: &str) -> String {
    format!("[notify.ops]\nkind = \"webhook\"\nurl = \"{url}\"\nsecret_env = \"OPS_SECRET\"\n{more}\n")
}

#[test]
fn a_test_message_reaches_a_receiver_that_verifies_its_signature() {
    let directory = tempfile::tempdir().unwrap();
    let (url, taking) = receiver("204 No Content");
    let output = paceway(directory.path(), &ops(&url, "allow_private = true"), &["alerts", "test", "ops"]);
    assert_eq!(told(&output), "`ops` has a test message.\n");
    let Received { line, headers, body } = taking.join().unwrap();
    assert_eq!(line, "POST /hook HTTP/1.1");
    // The same secret signs the specification's example in `upstream` as the specification says.
    let secret = WebhookSecret::read(&Secret::new(SECRET)).unwrap();
    let sent_at = headers["webhook-timestamp"].parse().unwrap();
    let expected = secret.headers(&headers["webhook-id"], sent_at, &body).unwrap();
    assert_eq!(headers["webhook-signature"], expected["webhook-signature"].to_str().unwrap());
    assert!(String::from_utf8(body).unwrap().contains("alert.fires"));
}

#[test]
fn a_private_address_is_refused_unless_it_is_allowed() {
    let directory = tempfile::tempdir().unwrap();
    for url in ["http://127.0.0.1:9/", "http://localhost:9/", "http://169.254.169.254/latest"] {
        let output = paceway(directory.path(), &ops(url, ""), &["alerts", "test", "ops"]);
        let told = told(&output);
        assert!(!output.status.success() && told.contains("not an address of the public internet"), "{told}");
    }
}

#[test]
fn a_redirect_is_not_followed_but_told() {
    let directory = tempfile::tempdir().unwrap();
    let (url, taking) = receiver("302 Found\r\nlocation: http://169.254.169.254/");
    let output = paceway(directory.path(), &ops(&url, "allow_private = true"), &["alerts", "test", "ops"]);
    taking.join().unwrap();
    assert!(told(&output).contains("answered with status 302"), "{}", told(&output));
}

#[test]
fn mistakes_in_alerts_are_told_with_what_is_expected_and_no_secret() {
    let directory = tempfile::tempdir().unwrap();
    let wrong = "[notify.ops]\nkind = \"webhook\"\nurl = \"https://ops.test/\"\nsecret = \"whsec_T0K3N\"\n\
        [[alerts]]\nname = \"a\"\nmeasure = \"spend\"\nfires_at = 0\nover_s = 1\nclears_at = 5\nto = [\"nobody\"]\n\
        [[alerts]]\nname = \"a\"\nmeasure = \"moood\"\nfires_at = 1\nto = []\n\
        [[alerts]]\nname = \"b\"\nmeasure = \"breaker_open\"\nfires_at = 1\nkey = \"*\"\neach = true\nto = [\"ops\"]\n\
        [[alerts]]\nname = \"c\"\nmeasure = \"spend\"\nfires_at = 1\neach = true\nto = [\"ops\"]\n";
    let output = paceway(directory.path(), wrong, &["config", "check"]);
    let told = told(&output);
    for part in [
        "notify.ops: secret: expected `whsec_`",
        "alerts[0].fires_at: expected more than 0 dollars, got 0",
        "alerts[0].over_s: expected 60 to 604800, got 1",
        "alerts[0].clears_at: expected at most `fires_at` = 0, got 5",
        "alerts[0].to: there is no [notify.nobody]",
        "alerts[1].name: expected a name of its own",
        "alerts[1].measure: expected one of spend, spend_spike",
        "alerts[2].each: `breaker_open` is not counted by team, project or key",
        "alerts[3].each: each of what? Say one of `team`, `project` and `key`",
    ] {
        assert!(told.contains(part), "{part}: {told}");
    }
    assert!(!told.contains("T0K3N"), "{told}");
}

#[test]
fn a_receiver_whose_secret_is_not_there_now_is_told_by_the_list_and_is_no_mistake() {
    let directory = tempfile::tempdir().unwrap();
    let slack = "[notify.team]\nkind = \"slack\"\nurl_env = \"ABSENT\"\n\
        [[alerts]]\nname = \"dear\"\nmeasure = \"spend\"\nfires_at = 50\nto = [\"team\"]\n";
    let output = paceway(directory.path(), slack, &["alerts", "list"]);
    let told = told(&output);
    assert!(told.contains("dear: spend at 50, to team"), "{told}");
    assert!(
        told.contains("not reachable: notify.team: the environment variable ABSENT is not set"),
        "{told}"
    );
    assert!(paceway(directory.path(), slack, &["config", "check"]).status.success());
}

/// Takes one conversation of mail, in which it answers lines that begin so with this, and says what it heard.
fn mail_server(begin: &'static str, told: &'static str) -> (u16, JoinHandle<Vec<String>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let hearing = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        stream.write_all(b"220 mx.test\r\n").unwrap();
        let (mut heard, mut is_message) = (Vec::new(), false);
        for line in BufReader::new(stream.try_clone().unwrap()).lines().map_while(Result::ok) {
            is_message &= line != ".";
            let answer = match line.split(' ').next().unwrap() {
                _ if is_message => "",
                _ if line.starts_with(begin) => told,
                "EHLO" => "250-mx.test\r\n250 AUTH PLAIN\r\n",
                "AUTH" => "235 welcome\r\n",
                "DATA" => "354 go on\r\n",
                "QUIT" => "221 goodbye\r\n",
                _ => "250 fine\r\n",
            };
            stream.write_all(answer.as_bytes()).unwrap();
            is_message |= line == "DATA";
            heard.push(line);
        }
        heard
    });
    (port, hearing)
}

fn mail(server: &str, more: &str) -> String {
    format!(
        "[notify.ops]\nkind = \"email\"\nsmtp = \"{server}\"\nuser = \"me\"\npassword_env = \"MAIL_PASSWORD\"\n\
         from = \"Paceway <paceway@acme.test>\"\nto = [\"ops@acme.test\"]\n{more}\n"
    )
}

#[test]
fn a_test_message_reaches_a_mail_server() {
    let directory = tempfile::tempdir().unwrap();
    let (port, hearing) = mail_server("-", "");
    let configuration = mail(&format!("smtp://127.0.0.1:{port}"), "allow_private = true");
    let output = paceway(directory.path(), &configuration, &["alerts", "test", "ops"]);
    assert_eq!(told(&output), "`ops` has a test message.\n");
    let heard = hearing.join().unwrap();
    assert!(heard.contains(&"RCPT TO:<ops@acme.test>".to_owned()), "{heard:?}");
    assert!(heard.contains(&"Subject: Paceway: `test` fires".to_owned()), "{heard:?}");
    assert!(heard.contains(&"This is a test: alerts of Paceway reach you here.".to_owned()), "{heard:?}");
}

#[test]
fn a_mail_server_that_refuses_is_told_and_the_password_is_nowhere() {
    let directory = tempfile::tempdir().unwrap();
    let (port, hearing) = mail_server("AUTH", "535 no: AG1lAGh1bnRlcjI= hunter2\r\n");
    let configuration =
        mail(&format!("smtp://127.0.0.1:{port}"), "allow_private = true\n[log]\nlevel = \"trace\"");
    let sent = told(&paceway(directory.path(), &configuration, &["alerts", "test", "ops"]));
    assert!(sent.contains("the mail server refused the login with 535"), "{sent}");
    assert!(hearing.join().unwrap()[1].ends_with("AG1lAGh1bnRlcjI="));
    let shown = told(&paceway(directory.path(), &configuration, &["config", "show"]));
    assert!(shown.contains("password_env"), "{shown}");
    for text in [sent, shown] {
        assert!(!text.contains(PASSWORD) && !text.contains("AG1lAGh1bnRlcjI="), "{text}");
    }
}

#[test]
fn mistakes_in_mail_are_told_with_what_is_expected() {
    let directory = tempfile::tempdir().unwrap();
    let wrong = |configuration: &str, expected: &str| {
        let output = paceway(directory.path(), configuration, &["config", "check"]);
        let told = told(&output);
        assert!(!output.status.success() && told.contains(expected), "{expected}: {told}");
        assert!(!told.contains(PASSWORD), "{told}");
    };
    wrong(&mail("mx.test:25", ""), "notify.ops: smtp: expected smtps://HOST:465 or smtp://HOST:587");
    wrong(&mail("smtps://me:hunter2@mx.test", ""), "notify.ops: smtp: expected no user in the address");
    wrong(&mail("smtps://mx.test", "allow_plaintext = true"), "smtps:// is always encrypted");
    wrong(&mail("smtp://127.0.0.1:25", ""), "not an address of the public internet");
    wrong(&mail("smtps://mx.test", "ca_file = \"none.pem\""), "notify.ops: ca_file: none.pem: ");
    wrong(
        &mail("smtps://mx.test", "url = \"https://x.test\""),
        "notify.ops.url: kind = \"email\" does not have it",
    );
    let good = mail("smtps://mx.test", "");
    wrong(&good.replace("ops@acme.test", "ops"), "notify.ops: to[0]: expected an address such as");
    wrong(&good.replace("[\"ops@acme.test\"]", "[]"), "notify.ops: to: expected 1 to 32 addresses, got 0");
    wrong(&good.replace("paceway@acme.test", "acme"), "notify.ops: from: expected an address");
    wrong(
        &good.replace("user = \"me\"", ""),
        "notify.ops: user: expected the name that the password belongs to",
    );
    wrong(&ops("https://ops.test/", "to = [\"x\"]"), "notify.ops.to: kind = \"webhook\" does not have it");
    assert!(paceway(directory.path(), &good, &["config", "check"]).status.success());
    let unset = good.replace("MAIL_PASSWORD", "ABSENT");
    assert!(paceway(directory.path(), &unset, &["config", "check"]).status.success());
    let listed = told(&paceway(directory.path(), &unset, &["alerts", "list"]));
    assert!(listed.contains("ABSENT is not set, so that there is no password"), "{listed}");
}
