//! A receiver of mail, from its settings.

use std::sync::Arc;
use std::time::Duration;

use paceway_domain::Secret;
use paceway_gateway::alerts::Destination;
use paceway_upstream::{MailSettings, MailTimeouts, SmtpMailer, check_mailbox};

use super::{NotifyConfig, Unreachable, needed};

/// Addresses of one receiver.
const MOST_ADDRESSES: usize = 32;
/// The largest file of certificates that is read, in bytes.
const MOST_ROOTS: u64 = 1 << 20;
/// To connect to each address of the server, and for all of a message. Mail servers let strangers wait for half a minute.
const TIMEOUTS: MailTimeouts =
    MailTimeouts { connect: Duration::from_secs(10), total: Duration::from_mins(1) };

pub(super) fn destination(notify: &NotifyConfig, name: &str) -> Result<Destination, Unreachable> {
    let wrong = |key: &str, why: String| Unreachable::Mistake(format!("{key}: {why}"));
    let missing = |key: &str, what: &str| wrong(key, format!("expected {what}"));
    let server =
        notify.smtp.as_deref().ok_or_else(|| missing("smtp", "smtps://HOST:465 or smtp://HOST:587"))?;
    let from = notify.from.as_deref().ok_or_else(|| missing("from", "the address that alerts come from"))?;
    if !(1..=MOST_ADDRESSES).contains(&notify.to.len()) {
        let why = format!("expected 1 to {MOST_ADDRESSES} addresses, got {}", notify.to.len());
        return Err(wrong("to", why));
    }
    for (index, to) in notify.to.iter().enumerate() {
        check_mailbox(to).map_err(|why| wrong(&format!("to[{index}]"), why))?;
    }
    let roots = notify.ca_file.as_deref().map(read).transpose().map_err(|why| wrong("ca_file", why))?;
    let login = login(notify);
    let settings = MailSettings {
        server,
        allows_plaintext: notify.allow_plaintext,
        roots: roots.as_deref(),
        login: login.clone().ok().flatten(),
        from,
        reach: notify.reach(),
    };
    // Mistakes are told even while a variable is not set.
    let mailer = SmtpMailer::new(settings, TIMEOUTS).map_err(|(key, why)| wrong(key, why))?;
    login?;
    Ok(Destination::by_mail(name, Arc::new(mailer), notify.to.clone()))
}

/// User and password, if somebody is to log in.
fn login(notify: &NotifyConfig) -> Result<Option<(&str, &Secret)>, Unreachable> {
    let has_password = notify.password.is_some() || notify.password_env.is_some();
    match notify.user.as_deref() {
        None if has_password => {
            Err(Unreachable::Mistake("user: expected the name that the password belongs to".to_owned()))
        }
        None => Ok(None),
        Some(user) => {
            let password = needed(notify.password.as_ref(), "password", notify.password_env.as_deref())?;
            Ok(Some((user, password)))
        }
    }
}

fn read(file: &str) -> Result<Vec<u8>, String> {
    let told = |error: std::io::Error| format!("{file}: {error}");
    let length = std::fs::metadata(file).map_err(told)?.len();
    if length > MOST_ROOTS {
        return Err(format!("{file}: expected at most {MOST_ROOTS} bytes of PEM certificates, got {length}"));
    }
    std::fs::read(file).map_err(told)
}
