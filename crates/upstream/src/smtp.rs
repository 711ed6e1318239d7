//! Handing mail over by SMTP (RFC 5321), to the one server that is configured.
//!
//! Nothing is told, a password least of all, before the way is as secret as it has to be. Each message has a connection of its own. An
//! address that is refused is no reason to tell nobody. Nothing is tried again here.

mod server;

use std::fmt;
use std::time::{Duration, UNIX_EPOCH};

use futures_util::future::BoxFuture;
use lettre::address::Address;
use lettre::message::header::{HeaderName, HeaderValue};
use lettre::message::{Mailbox, Message, SinglePart};
use lettre::transport::smtp::Error;
use lettre::transport::smtp::authentication::{Credentials, Mechanism};
use lettre::transport::smtp::client::{AsyncSmtpConnection, TlsParameters};
use lettre::transport::smtp::commands::{Data, Mail as MailFrom, Rcpt};
use lettre::transport::smtp::extension::{ClientId, Extension};
use paceway_domain::failure::Phase;
use paceway_domain::{Failure, Secret};

use crate::cause::innermost;
use crate::mail::{Mail, MailFailure, Mailer, Untaken};
use crate::reach::Reach;

use self::server::{Encryption, Server};

/// How long a server may take to say goodbye. What it has taken is taken.
const PARTING: Duration = Duration::from_secs(2);
/// So much of what a server says is repeated, in characters.
const MOST_TOLD: usize = 200;

/// Which server, and who writes.
#[derive(Debug, Clone, Copy)]
pub struct MailSettings<'s> {
    /// `smtps://HOST:PORT`, or `smtp://HOST:PORT` for STARTTLS.
    pub server: &'s str,
    /// Whether `smtp://` is spoken in the clear. To this machine it always is.
    pub allows_plaintext: bool,
    /// Certificates, as PEM, that are trusted besides the usual ones.
    pub roots: Option<&'s [u8]>,
    /// User and password.
    pub login: Option<(&'s str, &'s Secret)>,
    /// Who writes: an address, or `Name <address>`.
    pub from: &'s str,
    /// How far connections reach.
    pub reach: Reach,
}

/// How long a message may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MailTimeouts {
    /// TCP, to each address of the server.
    pub connect: Duration,
    /// All of it.
    pub total: Duration,
}

/// What is wrong in [`MailSettings`]: the setting's name in configuration, and why. No secret is part of it.
pub type BadMailSetting = (&'static str, String);

/// Hands mail over to one server.
pub struct SmtpMailer {
    server: Server,
    tls: TlsParameters,
    login: Option<(String, Secret)>,
    from: Mailbox,
    reach: Reach,
    timeouts: MailTimeouts,
}

impl fmt::Debug for SmtpMailer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SmtpMailer").field("server", &self.server).finish_non_exhaustive()
    }
}

impl SmtpMailer {
    /// A way to this server, which opens no connection yet.
    ///
    /// # Errors
    /// The first setting that is wrong.
    pub fn new(settings: MailSettings<'_>, timeouts: MailTimeouts) -> Result<Self, BadMailSetting> {
        let MailSettings { server, allows_plaintext, roots, login, from, reach } = settings;
        let server = Server::read(server, allows_plaintext).map_err(|why| ("smtp", why.to_owned()))?;
        reach
            .check_name(&server.host)
            .map_err(|why| ("smtp", format!("{why}; `allow_private` allows them")))?;
        let tls = server.tls(roots).map_err(|why| ("ca_file", why))?;
        let from = mailbox(from).map_err(|why| ("from", why))?;
        let login = login.map(|(user, password)| (user.to_owned(), password.clone()));
        Ok(Self { server, tls, login, from, reach, timeouts })
    }

    async fn hand_over(
        &self,
        mail: &Mail,
        to: &[String],
    ) -> Result<(Vec<Untaken>, AsyncSmtpConnection), MailFailure> {
        let recipients = to.iter().map(|to| mailbox(to)).collect::<Result<Vec<_>, _>>();
        let recipients = recipients.map_err(MailFailure::Unsendable)?;
        let message = self.written(mail, &recipients)?;
        let mut connection = self.connect().await?;
        if let Some((user, password)) = &self.login {
            log_in(&mut connection, user, password).await?;
        }
        let from = MailFrom::new(Some(self.from.email.clone()), Vec::new());
        connection.command(from).await.map_err(|error| refused("the sender", &error))?;
        let mut untaken = Vec::new();
        for (to, Mailbox { email, .. }) in to.iter().zip(recipients) {
            match offered(&mut connection, email).await {
                Ok(()) => {}
                Err(why @ MailFailure::Refused { .. }) => untaken.push(Untaken { to: to.clone(), why }),
                Err(broken) => return Err(broken),
            }
        }
        if untaken.len() < to.len() {
            connection.command(Data).await.map_err(|error| refused("the message", &error))?;
            connection.message(&message).await.map_err(|error| refused("the message", &error))?;
        }
        Ok((untaken, connection))
    }

    /// A connection that is as secret as it has to be, after its greeting.
    async fn connect(&self) -> Result<AsyncSmtpConnection, MailFailure> {
        let Server { host, port, encryption } = &self.server;
        let unreached = |why: String| MailFailure::Unreached(Failure::Connect(why));
        let addresses =
            self.reach.look_up(host, *port).await.map_err(|error| unreached(error.to_string()))?;
        let hello = self.hello();
        let from_the_first_byte = (*encryption == Encryption::Implicit).then(|| self.tls.clone());
        let connect = Some(self.timeouts.connect);
        let mut connection =
            AsyncSmtpConnection::connect_tokio1(&addresses[..], connect, &hello, from_the_first_byte, None)
                .await
                .map_err(|error| not_connected(&error))?;
        if *encryption == Encryption::StartTls {
            if !connection.server_info().supports_feature(Extension::StartTls) {
                return Err(MailFailure::Lacking(
                    "the mail server offers no STARTTLS, so it was told nothing: use smtps://, or set `allow_plaintext`",
                ));
            }
            connection.starttls(self.tls.clone(), &hello).await.map_err(|error| not_connected(&error))?;
        }
        Ok(connection)
    }

    /// Who we are: the sender's domain. Relays that know their clients by address ask for it (Google's SMTP relay, support.google.com
    /// answer 2956491, read 2026-11), and none is known to mind it.
    fn hello(&self) -> ClientId {
        ClientId::Domain(self.from.email.domain().to_owned())
    }

    /// The message as it goes over the wire. Programs that answer mail by themselves leave it alone (RFC 3834, section 5).
    fn written(&self, mail: &Mail, to: &[Mailbox]) -> Result<Vec<u8>, MailFailure> {
        let name = HeaderName::new_from_ascii_str("Auto-Submitted");
        let mut message = Message::builder()
            .from(self.from.clone())
            .subject(mail.subject.clone())
            .date(UNIX_EPOCH + Duration::from_millis(mail.at.0))
            .message_id(Some(format!("<{}@{}>", mail.id, self.from.email.domain())))
            .raw_header(HeaderValue::new(name, "auto-generated".to_owned()));
        for one in to {
            message = message.to(one.clone());
        }
        let written = message.singlepart(SinglePart::plain(mail.text.clone()));
        written.map(|message| message.formatted()).map_err(|error| MailFailure::Unsendable(innermost(&error)))
    }
}

impl Mailer for SmtpMailer {
    fn send<'m>(
        &'m self,
        mail: &'m Mail,
        to: &'m [String],
    ) -> BoxFuture<'m, Result<Vec<Untaken>, MailFailure>> {
        Box::pin(async move {
            let total = self.timeouts.total;
            let in_time = tokio::time::timeout(total, self.hand_over(mail, to)).await;
            let too_long = |_| MailFailure::Unreached(Failure::Timeout(Phase::Total, total));
            let (untaken, mut connection) = in_time.map_err(too_long)??;
            drop(tokio::time::timeout(PARTING, connection.quit()).await);
            Ok(untaken)
        })
    }
}

/// Whether this is an address, or a name with one in `<>`. Without letters that only some servers know (RFC 6531).
///
/// # Errors
/// What is expected.
pub fn check_mailbox(text: &str) -> Result<(), String> {
    mailbox(text).map(drop)
}

fn mailbox(text: &str) -> Result<Mailbox, String> {
    let read: Option<Mailbox> = text.parse().ok();
    read.filter(|read| AsRef::<str>::as_ref(&read.email).is_ascii()).ok_or_else(|| {
        format!("expected an address such as \"ops@example.com\" or \"Ops <ops@example.com>\", got `{text}`")
    })
}

async fn log_in(
    connection: &mut AsyncSmtpConnection,
    user: &str,
    password: &Secret,
) -> Result<(), MailFailure> {
    let known = [Mechanism::Plain, Mechanism::Login];
    if connection.server_info().get_auth_mechanism(&known).is_none() {
        return Err(MailFailure::Lacking(
            "the mail server lets nobody log in by PLAIN or LOGIN, so it was not told the password",
        ));
    }
    let credentials = Credentials::new(user.to_owned(), password.reveal().to_owned());
    match connection.auth(&known, &credentials).await {
        Ok(_) => Ok(()),
        // A server that repeats what it was told would repeat the password.
        Err(error) => Err(match refused("the login", &error) {
            MailFailure::Refused { step, code, .. } => {
                MailFailure::Refused { step, code, told: String::new() }
            }
            _ => {
                MailFailure::Unreached(Failure::Broken("the conversation broke off at the login".to_owned()))
            }
        }),
    }
}

/// Offers a message for an address.
async fn offered(connection: &mut AsyncSmtpConnection, to: Address) -> Result<(), MailFailure> {
    let answered = connection.command(Rcpt::new(to, Vec::new())).await;
    answered.map(drop).map_err(|error| refused("an address", &error))
}

/// What the server answered to a step, or how the conversation ended there.
fn refused(step: &'static str, error: &Error) -> MailFailure {
    match error.status() {
        Some(code) => {
            let told = innermost(error);
            let told = told.chars().filter(|char| !char.is_control()).take(MOST_TOLD).collect();
            MailFailure::Refused { step, code: code.into(), told }
        }
        None if error.is_response() => MailFailure::Unreached(Failure::Garbled(innermost(error))),
        None => MailFailure::Unreached(Failure::Broken(innermost(error))),
    }
}

fn not_connected(error: &Error) -> MailFailure {
    match refused("the connection", error) {
        MailFailure::Unreached(Failure::Broken(why)) => MailFailure::Unreached(Failure::Connect(why)),
        other => other,
    }
}
