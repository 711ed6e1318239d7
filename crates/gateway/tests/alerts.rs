//! Alerts from a request to their receiver, in virtual time.
#![allow(clippy::unwrap_used)]

mod support;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::future::BoxFuture;
use http::StatusCode;
use paceway_domain::failure::Phase;
use paceway_domain::{Dialect, Failure, MicroUsd, Secret};
use paceway_gateway::Current;
use paceway_gateway::alerts::{self, Destination, Shape};
use paceway_policy::alerts::{Each, Measure, Rule, Scope};
use paceway_policy::budget::{self, Budget, Ladder, Period, Window};
use paceway_upstream::{Answer, Call, Mail, MailFailure, Mailer, Untaken, Upstream, WebhookSecret};
use serde_json::{Value, json};
use support::{House, easy, message, question, response, whole};

/// A receiver that answers with these statuses, the last of them for ever, and keeps what it got.
struct Receiver {
    statuses: Vec<u16>,
    got: Mutex<Vec<Call>>,
}

impl Upstream for Receiver {
    fn call(&self, call: Call) -> BoxFuture<'_, Result<Answer, Failure>> {
        let mut got = self.got.lock().unwrap();
        let status = self.statuses.get(got.len()).or(self.statuses.last()).copied().unwrap();
        got.push(call);
        let (mut answer, _) = response(200, &[]);
        answer.status = StatusCode::from_u16(status).unwrap();
        Box::pin(std::future::ready(Ok(answer)))
    }
}

fn receiver(statuses: &[u16]) -> Arc<Receiver> {
    Arc::new(Receiver { statuses: statuses.to_vec(), got: Mutex::default() })
}

fn secret() -> WebhookSecret {
    WebhookSecret::read(&Secret::new("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")).unwrap()
}

/// Fires from two tokens on.
fn rule() -> Rule {
    Rule {
        name: "busy <team>".into(),
        measure: Measure::Tokens,
        over: Duration::from_hours(1),
        fires_at: 2,
        clears_at: 1,
        least: 0,
        repeat: Duration::from_hours(4),
        scope: Scope::default(),
        each: None,
        to: vec!["ops".into()],
    }
}

/// A house that has served a request, of whose tokens this receiver is told in time.
async fn told(receiver: &Arc<Receiver>, shape: Shape, wait: Duration) -> House {
    told_by(rule(), easy(vec![whole(200, &[], &message())]), receiver, shape, wait).await
}

/// A house that has served a request, of which this receiver is told by a rule.
async fn told_by(rule: Rule, house: House, receiver: &Arc<Receiver>, shape: Shape, wait: Duration) -> House {
    let over = Arc::clone(receiver) as Arc<dyn Upstream>;
    let url = Secret::new("https://ops.test/hooks/T0K3N");
    told_at(Destination::over("ops", shape, &url, over).unwrap(), rule, house, wait).await
}

async fn told_at(destination: Destination, rule: Rule, house: House, wait: Duration) -> House {
    house.gateway.alerts.configure(vec![rule], BTreeMap::from([("ops".to_owned(), Arc::new(destination))]));
    let following = tokio::spawn(alerts::follow(Arc::new(Current::new(Arc::clone(&house.gateway)))));
    house.ask(Dialect::Anthropic, &question("claude-haiku-5-5", false)).await;
    tokio::time::sleep(wait).await;
    following.abort();
    house
}

fn body(call: &Call) -> Value {
    serde_json::from_slice(&call.body).unwrap()
}

#[tokio::test(start_paused = true)]
async fn a_rule_that_fires_reaches_its_receiver_once_as_a_signed_webhook() {
    let receiver = receiver(&[204]);
    told(&receiver, Shape::Webhook(secret()), Duration::from_hours(3)).await;
    let got = receiver.got.lock().unwrap();
    let [call] = got.as_slice() else { panic!("not one message: {got:?}") };
    assert_eq!((call.method.as_str(), call.uri.path()), ("POST", "/hooks/T0K3N"));
    let told = body(call);
    assert_eq!((told["type"].as_str(), told["data"]["value"].as_u64()), (Some("alert.fires"), Some(120)));
    assert_eq!(told["data"]["rule"], "busy <team>");
    let sent_at: u64 = call.headers["webhook-timestamp"].to_str().unwrap().parse().unwrap();
    let id = call.headers["webhook-id"].to_str().unwrap();
    let expected = secret().headers(id, sent_at, &call.body).unwrap();
    assert_eq!(call.headers["webhook-signature"], expected["webhook-signature"]);
}

#[tokio::test(start_paused = true)]
async fn a_budget_that_is_nearly_spent_is_told_with_its_name() {
    let house = easy(vec![whole(200, &[], &message())]);
    let budget = Budget {
        name: "search".into(),
        scope: budget::Scope::everyone(),
        amount: MicroUsd(40),
        window: Window::utc(Period::Day),
        ladder: Ladder::new(Vec::new()),
        allows_unpriced: false,
    };
    house.gateway.budgets.replace(vec![budget], house.gateway.clock.wall());
    let share = Rule { measure: Measure::BudgetShare, fires_at: 5_000, clears_at: 4_500, ..rule() };
    let receiver = receiver(&[204]);
    let house = told_by(share, house, &receiver, Shape::Webhook(secret()), Duration::from_mins(5)).await;
    let standing = house.gateway.budgets.report(house.gateway.clock.wall()).remove(0);
    assert_eq!(standing.percent, 50);
    let got = receiver.got.lock().unwrap();
    let [call] = got.as_slice() else { panic!("not one message: {got:?}") };
    let told = body(call);
    assert_eq!(told["data"]["value"].as_f64(), Some(50.0), "{told}");
    assert!(told.to_string().contains("search"), "{told}");
}

#[tokio::test(start_paused = true)]
async fn a_message_that_was_not_taken_comes_again_under_the_same_id() {
    let receiver = receiver(&[500, 302, 200]);
    let house = told(&receiver, Shape::Webhook(secret()), Duration::from_hours(3)).await;
    let got = receiver.got.lock().unwrap();
    assert_eq!(got.len(), 3);
    assert_eq!(got[0].headers["webhook-id"], got[2].headers["webhook-id"]);
    let metrics = house.gateway.metrics_text().unwrap();
    assert!(
        metrics.contains("paceway_alerts_total{destination=\"ops\",result=\"delivered\"} 1"),
        "{metrics}"
    );
    assert!(metrics.contains("paceway_alerts_total{destination=\"ops\",result=\"retried\"} 2"), "{metrics}");
}

#[tokio::test(start_paused = true)]
async fn a_receiver_that_is_gone_is_not_asked_again_and_one_that_never_answers_is_given_up() {
    let gone = receiver(&[410]);
    told(&gone, Shape::Webhook(secret()), Duration::from_hours(3)).await;
    assert_eq!(gone.got.lock().unwrap().len(), 1);
    let broken = receiver(&[503]);
    let house = told(&broken, Shape::Slack, Duration::from_hours(12)).await;
    let metrics = house.gateway.metrics_text().unwrap();
    assert!(metrics.contains("result=\"given_up\"} 1"), "{metrics}");
}

#[tokio::test(start_paused = true)]
async fn slack_and_discord_get_their_own_shapes() {
    let slack = receiver(&[200]);
    told(&slack, Shape::Slack, Duration::from_mins(1)).await;
    let text = body(&slack.got.lock().unwrap()[0])["text"].as_str().unwrap().to_owned();
    assert!(text.starts_with("Alert `busy &lt;team&gt;` fires: 120 tokens used in the last hour"), "{text}");
    let discord = receiver(&[204]);
    told(&discord, Shape::Discord, Duration::from_mins(1)).await;
    let got = body(&discord.got.lock().unwrap()[0]);
    assert!(got["content"].as_str().unwrap().contains("busy <team>"), "{got}");
    assert_eq!(got["allowed_mentions"], json!({"parse": []}));
}

#[tokio::test(start_paused = true)]
async fn an_address_never_shows() {
    let url = Secret::new("https://ops.test/hooks/T0K3N");
    let destination = Destination::over("ops", Shape::Slack, &url, receiver(&[200])).unwrap();
    assert!(!format!("{destination:?}").contains("T0K3N"));
    let wrong = Destination::over("ops", Shape::Slack, &Secret::new("ftp://T0K3N"), receiver(&[200]));
    assert!(!wrong.unwrap_err().contains("T0K3N"));
}

#[tokio::test(start_paused = true)]
async fn what_the_ledger_holds_of_before_the_start_counts() {
    let house = easy(vec![whole(200, &[], &message())]);
    house.ask(Dialect::Anthropic, &question("claude-haiku-5-5", false)).await;
    let receiver = receiver(&[200]);
    let url = Secret::new("https://ops.test/");
    let destination =
        Destination::over("ops", Shape::Slack, &url, Arc::clone(&receiver) as Arc<dyn Upstream>).unwrap();
    let desk = &house.gateway.alerts;
    desk.configure(vec![rule()], BTreeMap::from([("ops".to_owned(), Arc::new(destination))]));
    desk.remember(house.rows.as_ref(), house.gateway.clock.wall()).unwrap();
    let following = tokio::spawn(alerts::follow(Arc::new(Current::new(Arc::clone(&house.gateway)))));
    tokio::time::sleep(Duration::from_mins(1)).await;
    following.abort();
    assert_eq!(receiver.got.lock().unwrap().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_model_in_use_that_retires_is_told_by_the_catalogues_date() {
    let receiver = receiver(&[200]);
    let house = easy(vec![whole(200, &[], &message())]);
    let over = Arc::clone(&receiver) as Arc<dyn Upstream>;
    let destination =
        Destination::over("ops", Shape::Slack, &Secret::new("https://ops.test/"), over).unwrap();
    let rule = Rule { measure: Measure::RetirementDays, fires_at: 30, clears_at: 30, ..rule() };
    house.gateway.alerts.configure(vec![rule], BTreeMap::from([("ops".to_owned(), Arc::new(destination))]));
    house.ask(Dialect::Anthropic, &question("claude-sonnet-4-5", false)).await;
    let following = tokio::spawn(alerts::follow(Arc::new(Current::new(Arc::clone(&house.gateway)))));
    tokio::time::sleep(Duration::from_mins(1)).await;
    following.abort();
    // The catalogue says 2026-11-30.
    let told = body(&receiver.got.lock().unwrap()[0])["text"].to_string();
    assert!(
        told.contains("a model in use retires in") && told.contains("anthropic/claude-sonnet-4-5"),
        "{told}"
    );
}

type Sent = Result<Vec<Untaken>, MailFailure>;

#[tokio::test(start_paused = true)]
async fn a_rule_for_each_team_names_the_team_whose_requests_they_were() {
    let receiver = receiver(&[204]);
    let each = Rule { each: Some(Each::Team), ..rule() };
    let house = easy(vec![whole(200, &[], &message())]);
    told_by(each, house, &receiver, Shape::Webhook(secret()), Duration::from_mins(5)).await;
    let told = body(&receiver.got.lock().unwrap()[0]);
    assert_eq!(told["data"]["subjects"], json!(["default/default"]), "{told}");
    assert!(
        told["data"]["text"].as_str().unwrap().contains("for team default/default: 120 tokens"),
        "{told}"
    );
}

/// A mail server that answers so, the last for ever, and keeps what it got and for whom.
struct Post {
    answers: Vec<Sent>,
    got: Mutex<Vec<(Mail, Vec<String>)>>,
}

impl Mailer for Post {
    fn send<'m>(&'m self, mail: &'m Mail, to: &'m [String]) -> BoxFuture<'m, Sent> {
        let mut got = self.got.lock().unwrap();
        let answer = self.answers.get(got.len()).or(self.answers.last()).cloned().unwrap();
        got.push((mail.clone(), to.to_vec()));
        Box::pin(std::future::ready(answer))
    }
}

fn refused(code: u16) -> MailFailure {
    MailFailure::Refused { step: "an address", code, told: "no".into() }
}

fn untaken(to: &str, code: u16) -> Untaken {
    Untaken { to: to.into(), why: refused(code) }
}

/// What a mail server that answers so got within twelve hours, and the metrics after them.
async fn mailed(answers: Vec<Sent>) -> (Vec<(Mail, Vec<String>)>, String) {
    let post = Arc::new(Post { answers, got: Mutex::default() });
    let to = vec!["ops@acme.test".into(), "ada@acme.test".into()];
    let destination = Destination::by_mail("ops", Arc::clone(&post) as Arc<dyn Mailer>, to);
    // So that it speaks once.
    let rule = Rule { repeat: Duration::from_hours(48), over: Duration::from_hours(48), ..rule() };
    let house = easy(vec![whole(200, &[], &message())]);
    let house = told_at(destination, rule, house, Duration::from_hours(12)).await;
    let got = post.got.lock().unwrap().clone();
    (got, house.gateway.metrics_text().unwrap())
}

fn counted(metrics: &str, result: &str, times: u32) -> bool {
    metrics.contains(&format!("paceway_alerts_total{{destination=\"ops\",result=\"{result}\"}} {times}"))
}

#[tokio::test(start_paused = true)]
async fn a_notice_is_one_mail_whose_subject_says_what_it_is() {
    let (got, metrics) = mailed(vec![Ok(vec![])]).await;
    let [(mail, to)] = got.as_slice() else { panic!("not one mail: {got:?}") };
    assert_eq!(to, &["ops@acme.test", "ada@acme.test"]);
    assert_eq!(mail.subject, "Paceway: `busy <team>` fires");
    assert!(mail.text.starts_with("Alert `busy <team>` fires: 120 tokens used"), "{}", mail.text);
    assert!(counted(&metrics, "delivered", 1), "{metrics}");
}

#[tokio::test(start_paused = true)]
async fn mail_that_was_not_taken_now_is_sent_again_under_the_same_id() {
    let (got, metrics) = mailed(vec![Err(refused(450)), Err(refused(421)), Ok(vec![])]).await;
    assert_eq!(got.len(), 3);
    assert_eq!(got[0], got[2]);
    assert!(counted(&metrics, "retried", 2) && counted(&metrics, "delivered", 1), "{metrics}");
}

#[tokio::test(start_paused = true)]
async fn mail_is_sent_again_only_to_those_who_have_not_got_it_and_may_yet() {
    let first = vec![untaken("ada@acme.test", 450)];
    let (got, _) = mailed(vec![Ok(first), Ok(vec![])]).await;
    let to: Vec<_> = got.iter().map(|(_, to)| to.as_slice()).collect();
    assert_eq!(
        to,
        [&["ops@acme.test".to_owned(), "ada@acme.test".to_owned()][..], &["ada@acme.test".to_owned()]]
    );
    let both = vec![untaken("ops@acme.test", 550), untaken("ada@acme.test", 450)];
    let (got, _) = mailed(vec![Ok(both), Ok(vec![])]).await;
    assert_eq!(got[1].1, ["ada@acme.test"]);
}

#[tokio::test(start_paused = true)]
async fn mail_that_is_refused_for_good_is_not_sent_again_and_a_silent_server_is_given_up() {
    let (got, metrics) = mailed(vec![Err(refused(535))]).await;
    assert_eq!(got.len(), 1);
    assert!(counted(&metrics, "given_up", 1), "{metrics}");
    let (got, metrics) = mailed(vec![Ok(vec![untaken("ada@acme.test", 550)])]).await;
    assert_eq!(got.len(), 1);
    assert!(counted(&metrics, "given_up", 1), "{metrics}");
    let silent = MailFailure::Unreached(Failure::Timeout(Phase::Total, Duration::from_mins(1)));
    let (got, metrics) = mailed(vec![Err(silent)]).await;
    assert_eq!(got.len(), 7);
    assert!(counted(&metrics, "given_up", 1), "{metrics}");
}
