//! What rules say of requests, what they refuse to be, and that no text makes them panic.

#![allow(clippy::unwrap_used)]

use proptest::prelude::*;

use super::*;

const HEADERS: &[(&str, &str)] = &[("x-paceway-tag-env", "prod"), ("authorization", "secret")];

fn request() -> Attributes<'static> {
    Attributes {
        model: "claude-opus-5-5",
        key: "laptop",
        team: "research",
        priority: "batch",
        dialect: "anthropic",
        endpoint: "/v1/messages",
        stream: true,
        input_tokens: 30_000,
        max_tokens: 0,
        tools: 2,
        images: 1,
        structured: false,
        complexity: 0.7,
        hour: 23,
        weekday: 6,
        headers: HEADERS,
    }
}

fn holds(text: &str) -> bool {
    Rule::parse(text).unwrap().holds(&request()).unwrap()
}

fn error(text: &str) -> RuleError {
    Rule::parse(text).unwrap_err()
}

#[test]
fn every_attribute_can_be_asked() {
    for rule in [
        "model == 'claude-opus-5-5'",
        "key == 'laptop'",
        "team in ['research', 'ops']",
        "priority != \"interactive\"",
        "dialect == 'anthropic'",
        "endpoint.endsWith('/messages')",
        "stream",
        "input_tokens > 20000",
        "max_tokens == 0",
        "tools >= 2",
        "images == 1",
        "!structured",
        "complexity > 0.5",
        "hour >= 22 || hour < 6",
        "weekday in [6, 7]",
        "headers['x-paceway-tag-env'] == 'prod'",
    ] {
        assert!(holds(rule), "{rule}");
        assert!(!holds(&format!("!({rule})")), "{rule}");
    }
}

#[test]
fn rules_are_combined_and_compute() {
    assert!(holds("model.startsWith('claude-') && (input_tokens > 100000 || tools > 1)"));
    assert!(holds("(stream ? 1 : 2) * 15000 < input_tokens"));
    assert!(holds("input_tokens / 1000 % 7 == 2 && -input_tokens < -29999"));
    assert!(holds("complexity * 2.0 > 1 && complexity <= 1"));
    assert!(holds("size(model) == 15 && model.size() == 15 && model.contains('opus')"));
    assert!(!holds("weekday < 6"));
}

#[test]
fn a_tag_that_was_not_sent_is_empty_and_other_headers_are_not_seen() {
    assert!(holds("'x-paceway-tag-env' in headers && !('x-paceway-tag-team' in headers)"));
    assert!(holds("headers['x-paceway-tag-team'] == ''"));
    assert!(error("headers['authorization'] == ''").what.contains("x-paceway-tag-"));
    assert!(error("headers[model] == ''").what.contains("in quotes"));
    assert!(error("headers == headers").what.contains("in quotes"));
    assert!(error("has(headers.env)").what.contains("in quotes"));
}

#[test]
fn an_unknown_attribute_is_told_with_its_place_and_all_that_there_are() {
    let error = error("stream &&\n  modell == 'x'");
    assert_eq!(error.at, Some((2, 3)));
    assert!(error.to_string().starts_with("line 2, column 3: no attribute `modell`"), "{error}");
    assert!(NAMES.iter().all(|name| error.what.contains(name)), "{error}");
}

#[test]
fn broken_syntax_is_told_with_its_place() {
    let error = error("stream && (tools > 1");
    assert!(error.at.is_some_and(|(line, _)| line == 1), "{error:?}");
    assert!(Rule::parse("").is_err());
}

#[test]
fn kinds_that_do_not_fit_are_refused_before_any_request() {
    assert_eq!(error("model > 3").to_string(), "column 7: `>` does not take a text and a whole number");
    assert_eq!(error("stream||model>3").at, Some((1, 14)));
    assert_eq!(
        error("tools ? 1 : 2").to_string(),
        "column 7: `?` does not take a whole number and a whole number and a whole number"
    );
    assert_eq!(error("model[0]").to_string(), "column 6: `[` does not take a text and a whole number");
    assert_eq!(error("1 + 1").what, "a rule is true or false, and this one is a whole number");
    for rule in [
        "stream && tools",
        "stream ? 1 : true",
        "'a' in [1]",
        "[] == []",
        "tools + complexity > 1.0",
        "tools == 1u",
        "model == null",
        "model + 'a' == 'b'",
        "model.startsWith(1)",
        "startsWith(model, 'c')",
        "!tools",
    ] {
        assert!(Rule::parse(rule).is_err(), "{rule}");
    }
}

#[test]
fn what_could_take_long_is_refused() {
    assert!(error("model.matches('(a+)+$')").what.contains("no function `matches`"));
    for rule in [
        "[1, 2].all(x, x > 0)",
        "[1].exists(x, [1].exists(y, x == y))",
        "{'a': 1}['a'] == 1",
        "[1, 2].map(x, x)[0] == 1",
        "timestamp('2026-01-01T00:00:00Z') == 1",
    ] {
        assert!(Rule::parse(rule).is_err(), "{rule}");
    }
}

#[test]
fn long_and_deep_rules_are_refused_and_do_not_end_the_process() {
    assert!(error(&format!("model == '{}'", "a".repeat(LONGEST))).what.contains("1024 bytes"));
    let deep = [
        format!("{}stream{}", "(".repeat(500), ")".repeat(500)),
        format!("{}1{} == 1", "[".repeat(500), "]".repeat(500)),
        format!("{}true", "stream?true:".repeat(80)),
        format!("1{} > 1", "+1".repeat(500)),
        format!("stream{}", ".a".repeat(500)),
        format!("headers{}", "['a']".repeat(200)),
        "(".repeat(1_000),
        "[".repeat(1_000),
        "{".repeat(1_000),
        format!("{}stream", "!(".repeat(500)),
    ];
    // The smallest stack that a test may rely on, in case that tests run on a larger one.
    let ask = move || deep.iter().filter(|text| Rule::parse(text).is_ok()).count();
    let thread = std::thread::Builder::new().stack_size(1 << 20).spawn(ask).unwrap();
    // Brackets that add nothing may be read as if they were not there.
    assert!(thread.join().unwrap() <= 1);
}

#[test]
fn the_deepest_rules_are_asked_on_a_small_stack() {
    let levels = usize::from(DEEPEST) - 1;
    let nested = [
        format!("stream{}", " == true".repeat(levels)),
        format!("{}stream{}", "stream && (".repeat(levels - 1), ")".repeat(levels - 1)),
        format!("{}stream", "stream ? stream : ".repeat(levels)),
        format!("{}stream", "!!".repeat(levels)),
        format!("{}true{}", "!(false == ".repeat((levels - 1) / 2), ")".repeat((levels - 1) / 2)),
        format!("{} > 0", vec!["1"; levels].join(" + ")),
    ];
    let ask = move || nested.iter().all(|text| holds(text));
    assert!(std::thread::Builder::new().stack_size(1 << 20).spawn(ask).unwrap().join().unwrap());
    assert!(error(&format!("stream{}", " == true".repeat(levels + 1))).what.contains("12 deep"));
}

#[test]
fn a_long_flat_rule_is_fine() {
    let many = vec!["team == 'x'"; 60].join(" || ");
    assert!(!holds(&many));
    assert!(holds(&format!("{many} || stream")));
}

#[test]
fn arithmetic_that_fails_is_an_error_and_not_a_panic() {
    for text in ["1 / max_tokens > 0", "1 % max_tokens > 0", "9223372036854775807 + tools > 0"] {
        let rule = Rule::parse(text).unwrap();
        assert!(rule.holds(&request()).is_err(), "{text}");
    }
}

#[test]
fn counts_beyond_what_the_language_has_are_the_most_that_it_has() {
    let request = Attributes { input_tokens: u64::MAX, complexity: f64::NAN, ..request() };
    assert_eq!(Rule::parse("input_tokens > 1000").unwrap().holds(&request), Ok(true));
    assert_ne!(Rule::parse("complexity > 0.5").unwrap().holds(&request), Ok(true));
}

/// Well-formed rules of every kind that the check allows, without arithmetic that can fail.
fn rule() -> impl Strategy<Value = String> {
    let number = prop_oneof![
        Just("input_tokens".to_owned()),
        Just("hour".to_owned()),
        Just("complexity".to_owned()),
        Just("size(model)".to_owned()),
        Just("-tools".to_owned()),
        (-9..9_i64).prop_map(|n| n.to_string()),
        (-9..9_i64).prop_map(|n| format!("{n}.5")),
    ];
    let text = prop_oneof![
        Just("model".to_owned()),
        Just("headers['x-paceway-tag-env']".to_owned()),
        Just("'é'".to_owned()),
        Just("(stream ? team : key)".to_owned()),
    ];
    let order = prop_oneof![Just("<"), Just("<="), Just(">"), Just(">="), Just("=="), Just("!=")];
    let method = prop_oneof![Just("startsWith"), Just("endsWith"), Just("contains")];
    let leaf = prop_oneof![
        (number.clone(), order.clone(), number).prop_map(|(a, op, b)| format!("{a} {op} {b}")),
        (text.clone(), order, text.clone()).prop_map(|(a, op, b)| format!("{a} {op} {b}")),
        (text.clone(), method, text.clone()).prop_map(|(a, f, b)| format!("{a}.{f}({b})")),
        text.prop_map(|a| format!("{a} in ['a', 'b']")),
        Just("weekday in [1, 2]".to_owned()),
        Just("'x-paceway-tag-env' in headers".to_owned()),
        Just("stream".to_owned()),
    ];
    leaf.prop_recursive(4, 16, 3, |inner| {
        prop_oneof![
            (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("({a} && {b})")),
            (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("({a} || {b})")),
            (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("({a}) == ({b})")),
            inner.clone().prop_map(|a| format!("!({a})")),
            (inner.clone(), inner.clone(), inner).prop_map(|(a, b, c)| format!("({a} ? {b} : {c})")),
        ]
    })
}

proptest! {
    #[test]
    fn what_the_check_allows_can_be_asked(text in rule()) {
        prop_assume!(text.len() <= LONGEST);
        let rule = Rule::parse(&text);
        prop_assert!(rule.is_ok(), "{text}: {rule:?}");
        let said = rule.unwrap().holds(&request());
        prop_assert!(said.is_ok(), "{text}: {said:?}");
    }

    #[test]
    fn no_text_makes_a_rule_panic(text in "\\PC{0,80}") {
        let _ = Rule::parse(&text).map(|rule| rule.holds(&request()));
    }

    #[test]
    fn no_row_of_tokens_makes_a_rule_panic(tokens in prop::collection::vec(prop::sample::select(TOKENS), 0..20)) {
        let _ = Rule::parse(&tokens.concat()).map(|rule| rule.holds(&request()));
    }
}

const TOKENS: &[&str] = &[
    "(",
    ")",
    "[",
    "]",
    "{",
    "}",
    "!",
    "-",
    "+",
    "*",
    "/",
    "%",
    "?",
    ":",
    "&&",
    "||",
    "<",
    "==",
    " in ",
    ".",
    ",",
    "model",
    "tools",
    "stream",
    "headers",
    "1",
    "0",
    "9223372036854775807",
    "9223372036854775808",
    "1.5",
    "1e400",
    "0x",
    "1u",
    "\"x\"",
    "'",
    "\"",
    "b'",
    "r\"",
    "\\",
    "'\\u",
    "'\\x4'",
    "'\\777'",
    "has(",
    "size(",
    ".all(",
    ".exists(",
    ".map(",
    ".startsWith(",
    "null",
    "true",
    "//",
    "\n",
    "é",
    "\u{0}",
    "😀",
    "`",
    "if",
    "@",
    "#",
    "'x-paceway-tag-a'",
];
