//! Mail over real sockets, to servers that take it, refuse it, repeat what they hear, or never answer.
#![cfg(feature = "email")]
#![allow(clippy::unwrap_used)]

use std::sync::Arc;
use std::time::Duration;

use paceway_domain::failure::Phase;
use paceway_domain::{Failure, Secret, UnixMillis};
use paceway_upstream::{Mail, MailFailure, MailSettings, MailTimeouts, Mailer, Reach, SmtpMailer, Untaken};
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncWrite, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::aws_lc_rs;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};

const LONG: Duration = Duration::from_secs(30);
const SHORT: Duration = Duration::from_millis(200);
const PASSWORD: &str = "hunter2";
/// `me` and the password, as AUTH PLAIN has them (RFC 4616).
const PLAIN: &str = "AG1lAGh1bnRlcjI=";
const ROOT: &[u8] = include_bytes!("certificates/ca.pem");
const CERTIFICATE: &[u8] = include_bytes!("certificates/localhost.pem");
const KEY: &[u8] = include_bytes!("certificates/localhost.key");

/// What a server answers to lines that begin so; the first that fits.
type Answers = &'static [(&'static str, &'static str)];

const USUAL: Answers = &[
    ("EHLO", "250-mx.test\r\n250-STARTTLS\r\n250 AUTH PLAIN LOGIN"),
    ("STARTTLS", "220 go on"),
    ("AUTH", "235 welcome"),
    ("MAIL", "250 fine"),
    ("RCPT", "250 fine"),
    ("DATA", "354 go on"),
    (".", "250 taken"),
    ("QUIT", "221 goodbye"),
];

/// Answers lines until the other side is done or wants TLS, and says what it heard; nothing to the lines of a message.
async fn answer<S: AsyncRead + AsyncWrite + Unpin>(
    stream: S,
    answers: Answers,
    heard: &mut Vec<String>,
) -> S {
    let mut stream = BufReader::new(stream);
    let mut is_message = false;
    loop {
        let mut line = String::new();
        if stream.read_line(&mut line).await.unwrap_or(0) == 0 {
            return stream.into_inner();
        }
        let line = line.trim_end().to_owned();
        is_message &= line != ".";
        if !is_message {
            let (_, told) = answers.iter().chain(USUAL).find(|(begin, _)| line.starts_with(begin)).unwrap();
            stream.write_all(format!("{told}\r\n").as_bytes()).await.unwrap();
            is_message = told.starts_with("354");
        }
        heard.push(line);
        if heard.last().unwrap() == "STARTTLS" {
            return stream.into_inner();
        }
    }
}

async fn encrypted(stream: TcpStream) -> Option<tokio_rustls::server::TlsStream<TcpStream>> {
    let certificates = CertificateDer::pem_slice_iter(CERTIFICATE).collect::<Result<Vec<_>, _>>().unwrap();
    let settings = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(certificates, PrivateKeyDer::from_pem_slice(KEY).unwrap())
        .unwrap();
    TlsAcceptor::from(Arc::new(settings)).accept(stream).await.ok()
}

/// A server for one connection, and what it heard.
struct Server {
    port: u16,
    hearing: JoinHandle<Vec<String>>,
}

impl Server {
    /// One that is encrypted from STARTTLS on, if it is asked to.
    async fn start(answers: Answers) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let hearing = tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut heard = Vec::new();
            stream.write_all(b"220 mx.test\r\n").await.unwrap();
            let stream = answer(stream, answers, &mut heard).await;
            if let Some(stream) = encrypted(stream).await {
                answer(stream, answers, &mut heard).await;
            }
            heard
        });
        Self { port, hearing }
    }

    /// One that is encrypted from the first byte on.
    async fn start_encrypted() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let hearing = tokio::spawn(async move {
            let (stream, _) = listener.accept().await.unwrap();
            let mut heard = Vec::new();
            if let Some(mut stream) = encrypted(stream).await {
                stream.write_all(b"220 mx.test\r\n").await.unwrap();
                answer(stream, USUAL, &mut heard).await;
            }
            heard
        });
        Self { port, hearing }
    }

    async fn heard(self) -> Vec<String> {
        self.hearing.await.unwrap()
    }
}

fn mailer(address: &str, roots: Option<&[u8]>, total: Duration) -> SmtpMailer {
    let password = Secret::new(PASSWORD);
    let settings = MailSettings {
        server: address,
        allows_plaintext: false,
        roots,
        login: Some(("me", &password)),
        from: "Paceway <paceway@acme.test>",
        reach: Reach::Anywhere,
    };
    SmtpMailer::new(settings, MailTimeouts { connect: LONG, total }).unwrap()
}

fn mail() -> Mail {
    Mail {
        id: "msg_1".into(),
        at: UnixMillis(1_793_491_200_000),
        subject: "Paceway: `dear` fires\r\nBcc: eve@acme.test".into(),
        text: "Alert.\n.\nIt costs 5 €.".into(),
    }
}

async fn send(mailer: &SmtpMailer, to: &[&str]) -> Result<Vec<Untaken>, MailFailure> {
    let to: Vec<String> = to.iter().map(|to| (*to).to_owned()).collect();
    mailer.send(&mail(), &to).await
}

/// What becomes of a message to these addresses at a server on this machine that answers so, and what that heard.
async fn sent(answers: Answers, to: &[&str]) -> (Result<Vec<Untaken>, MailFailure>, Vec<String>) {
    let server = Server::start(answers).await;
    let mailer = mailer(&format!("smtp://127.0.0.1:{}", server.port), None, LONG);
    let sent = send(&mailer, to).await;
    drop(mailer);
    (sent, server.heard().await)
}

fn refusal(step: &'static str, code: u16, told: &str) -> MailFailure {
    MailFailure::Refused { step, code, told: told.to_owned() }
}

#[tokio::test]
async fn a_message_is_handed_over_in_one_conversation() {
    let (sent, heard) = sent(&[], &["Ops <ops@acme.test>", "ada@acme.test"]).await;
    assert_eq!(sent, Ok(vec![]));
    let expected = [
        "EHLO acme.test",
        "AUTH PLAIN AG1lAGh1bnRlcjI=",
        "MAIL FROM:<paceway@acme.test>",
        "RCPT TO:<ops@acme.test>",
        "RCPT TO:<ada@acme.test>",
        "DATA",
    ];
    assert_eq!(heard[..6], expected);
    assert_eq!(heard[heard.len() - 2..], [".", "QUIT"]);
    let message = heard[6..heard.len() - 2].join("\n");
    for header in [
        "From: Paceway <paceway@acme.test>\n",
        "To: Ops <ops@acme.test>, ada@acme.test\n",
        "Date: Sun, 01 Nov 2026 00:00:00 +0000\n",
        "Message-ID: <msg_1@acme.test>\n",
        "Auto-Submitted: auto-generated\n",
        "Content-Type: text/plain; charset=utf-8\n",
    ] {
        assert!(message.contains(header), "{header}: {message}");
    }
}

#[tokio::test]
async fn a_line_end_in_a_subject_begins_no_header_and_a_dot_ends_no_message() {
    let (sent, heard) = sent(&[], &["ops@acme.test"]).await;
    assert_eq!(sent, Ok(vec![]));
    assert!(heard.iter().any(|line| line.starts_with("Subject: ")), "{heard:?}");
    assert!(!heard.iter().any(|line| line.starts_with("Bcc")), "{heard:?}");
    assert_eq!(heard.iter().filter(|line| *line == ".").count(), 1, "{heard:?}");
}

#[tokio::test]
async fn an_address_that_is_refused_is_told_and_others_get_the_message() {
    let answers = &[("RCPT TO:<gone", "550 5.1.1 no such user"), ("RCPT TO:<full", "450 4.2.2 mailbox full")];
    let (sent, heard) = sent(answers, &["gone@acme.test", "full@acme.test", "ops@acme.test"]).await;
    let gone = refusal("an address", 550, "5.1.1 no such user");
    let full = refusal("an address", 450, "4.2.2 mailbox full");
    assert_eq!((gone.is_final(), full.is_final()), (true, false));
    let expected = [("gone@acme.test", gone), ("full@acme.test", full)];
    let expected = expected.map(|(to, why)| Untaken { to: to.into(), why });
    assert_eq!(sent, Ok(expected.to_vec()));
    assert!(heard.contains(&".".to_owned()), "{heard:?}");
}

#[tokio::test]
async fn where_every_address_is_refused_no_message_is_sent() {
    let (sent, heard) = sent(&[("RCPT", "550 no")], &["ops@acme.test"]).await;
    assert_eq!(sent.unwrap().len(), 1);
    assert!(!heard.contains(&"DATA".to_owned()), "{heard:?}");
}

#[tokio::test]
async fn a_server_that_is_busy_is_asked_again_later_and_one_that_wants_no_such_mail_is_not() {
    let (busy, _) = sent(&[("MAIL", "451 4.3.0 later")], &["ops@acme.test"]).await;
    assert_eq!(busy, Err(refusal("the sender", 451, "4.3.0 later")));
    assert!(!busy.unwrap_err().is_final());
    let (spam, _) = sent(&[(".", "554 5.7.1 spam")], &["ops@acme.test"]).await;
    assert_eq!(spam, Err(refusal("the message", 554, "5.7.1 spam")));
    assert!(spam.unwrap_err().is_final());
}

#[tokio::test]
async fn a_server_that_never_answers_is_given_up_in_time() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("smtp://{}", listener.local_addr().unwrap());
    let sent = send(&mailer(&address, None, SHORT), &["ops@acme.test"]).await;
    assert_eq!(sent, Err(MailFailure::Unreached(Failure::Timeout(Phase::Total, SHORT))));
    assert!(!sent.unwrap_err().is_final());
}

#[tokio::test]
async fn what_a_server_has_taken_is_taken_even_if_it_says_no_goodbye() {
    let (sent, _) = sent(&[("QUIT", "")], &["ops@acme.test"]).await;
    assert_eq!(sent, Ok(vec![]));
}

#[tokio::test]
async fn a_password_is_in_no_error_even_where_the_server_repeats_it() {
    let answers: [(Answers, Option<u16>); 3] = [
        (&[("AUTH", "535 what is AUTH PLAIN AG1lAGh1bnRlcjI= or hunter2?")], Some(535)),
        (&[("AUTH", "599-hunter2\r\n534 AG1lAGh1bnRlcjI=")], None),
        (&[("AUTH", "hunter2 AG1lAGh1bnRlcjI=")], None),
    ];
    for (answers, code) in answers {
        let (sent, heard) = sent(answers, &["ops@acme.test"]).await;
        assert!(heard[1].ends_with(PLAIN), "{heard:?}");
        let failure = sent.unwrap_err();
        assert_eq!(matches!(failure, MailFailure::Refused { .. }), code.is_some(), "{failure}");
        let told = format!("{failure} {failure:?}");
        assert!(!told.contains(PASSWORD) && !told.contains(PLAIN), "{told}");
    }
    let shown = format!("{:?}", mailer("smtp://localhost", None, LONG));
    assert!(!shown.contains(PASSWORD), "{shown}");
}

#[tokio::test]
async fn a_server_at_which_nobody_can_log_in_is_told_no_password() {
    let (sent, heard) = sent(&[("EHLO", "250-mx.test\r\n250 AUTH CRAM-MD5")], &["ops@acme.test"]).await;
    assert!(matches!(sent, Err(MailFailure::Lacking(_))), "{sent:?}");
    assert_eq!(heard[0], "EHLO acme.test");
    assert!(!heard.iter().any(|line| line.starts_with("AUTH")), "{heard:?}");
}

/// This machine by an address that does not say so, so that the way has to be encrypted.
fn elsewhere(port: u16) -> String {
    format!("smtp://0.0.0.0:{port}")
}

#[tokio::test]
async fn nothing_is_told_before_starttls_and_all_after_it() {
    let server = Server::start(&[]).await;
    let sent = send(&mailer(&elsewhere(server.port), Some(ROOT), LONG), &["ops@acme.test"]).await;
    let heard = server.heard().await;
    assert_eq!(sent, Ok(vec![]), "{heard:?}");
    assert_eq!(heard[..3], ["EHLO acme.test", "STARTTLS", "EHLO acme.test"]);
    assert!(heard[3].starts_with("AUTH PLAIN") && heard.contains(&".".to_owned()), "{heard:?}");
}

#[tokio::test]
async fn a_server_without_starttls_is_told_nothing() {
    let server = Server::start(&[("EHLO", "250-mx.test\r\n250 AUTH PLAIN")]).await;
    let sent = send(&mailer(&elsewhere(server.port), None, LONG), &["ops@acme.test"]).await;
    assert!(matches!(sent, Err(MailFailure::Lacking(_))), "{sent:?}");
    assert_eq!(server.heard().await, ["EHLO acme.test"]);
}

#[tokio::test]
async fn a_server_that_cannot_prove_who_it_is_is_told_nothing() {
    let server = Server::start(&[]).await;
    let sent = send(&mailer(&elsewhere(server.port), None, LONG), &["ops@acme.test"]).await;
    assert!(sent.unwrap_err().to_string().contains("certificate"));
    assert_eq!(server.heard().await, ["EHLO acme.test", "STARTTLS"]);
}

#[tokio::test]
async fn smtps_is_encrypted_from_the_first_byte() {
    let server = Server::start_encrypted().await;
    let address = format!("smtps://127.0.0.1:{}", server.port);
    assert_eq!(send(&mailer(&address, Some(ROOT), LONG), &["ops@acme.test"]).await, Ok(vec![]));
    assert_eq!(server.heard().await[0], "EHLO acme.test");
}

#[tokio::test]
async fn a_private_address_is_refused_unless_it_is_allowed() {
    let settings = |server| MailSettings {
        server,
        allows_plaintext: false,
        roots: None,
        login: None,
        from: "paceway@acme.test",
        reach: Reach::PublicOnly,
    };
    let timeouts = MailTimeouts { connect: LONG, total: LONG };
    let (key, why) = SmtpMailer::new(settings("smtp://10.0.0.1"), timeouts).unwrap_err();
    assert!(key == "smtp" && why.contains("`allow_private`"), "{why}");
    let by_name = SmtpMailer::new(settings("smtp://localhost:9"), timeouts).unwrap();
    let sent = send(&by_name, &["ops@acme.test"]).await;
    assert!(sent.unwrap_err().to_string().contains("not an address of the public internet"));
}
