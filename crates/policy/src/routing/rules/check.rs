//! Checks a rule before it is ever asked: names, kinds, depth.
//!
//! Allows a part of CEL by name and refuses the rest, so that what the language gains does not enter by itself. Reading a
//! tag is rewritten to a name that the attributes resolve: a tag that was not sent is empty, and no rule fails for want
//! of one.

use cel::common::ast::{CallExpr, Expr, IdedExpr, ListExpr, LiteralValue, operators};

use super::attributes::{Kind, NAMES, TAG_PREFIX, kind_of};

/// What is wrong, and the name in the rule that it is about.
pub(super) struct Problem {
    pub(super) what: String,
    pub(super) name: Option<String>,
}

impl Problem {
    fn new(what: impl Into<String>) -> Self {
        Self { what: what.into(), name: None }
    }

    fn about(name: &str, what: String) -> Self {
        Self { what, name: Some(name.to_owned()) }
    }
}

const HOW_TO_READ_A_TAG: &str = "a tag is read with its name in quotes: headers[\"x-paceway-tag-env\"]";

/// Checks a rule, and rewrites its tags.
pub(super) fn check(tree: &mut IdedExpr) -> Result<(), Problem> {
    match kind(tree, 0)? {
        Kind::Bool => Ok(()),
        other => Err(Problem::new(format!("a rule is true or false, and this one is {}", named(other)))),
    }
}

fn kind(tree: &mut IdedExpr, depth: u16) -> Result<Kind, Problem> {
    if depth >= super::DEEPEST {
        return Err(Problem::new(format!("nested more than {} deep", super::DEEPEST)));
    }
    match &mut tree.expr {
        Expr::Literal(literal) => literal_kind(literal),
        Expr::Ident(name) => match kind_of(name) {
            Some(Kind::Tags) => Err(Problem::about("headers", HOW_TO_READ_A_TAG.to_owned())),
            Some(kind) => Ok(kind),
            None => {
                let what = format!("no attribute `{name}`: there are {}", NAMES.join(", "));
                Err(Problem::about(name, what))
            }
        },
        Expr::List(list) => list_kind(list, depth),
        Expr::Call(call) if tag_name(call)?.is_some() => {
            tree.expr = rewritten(call)?;
            Ok(if matches!(tree.expr, Expr::Ident(_)) { Kind::Text } else { Kind::Bool })
        }
        Expr::Call(call) => call_kind(call, depth),
        Expr::Select(select) => Err(Problem::about(
            &select.field,
            format!("nothing has a field `{}`; {HOW_TO_READ_A_TAG}", select.field),
        )),
        Expr::Comprehension(_) | Expr::Map(_) | Expr::Struct(_) | Expr::Unspecified => {
            Err(Problem::new("loops, maps and structures are not for rules"))
        }
    }
}

fn literal_kind(literal: &LiteralValue) -> Result<Kind, Problem> {
    match literal {
        LiteralValue::Boolean(_) => Ok(Kind::Bool),
        LiteralValue::Int(_) => Ok(Kind::Int),
        LiteralValue::Double(_) => Ok(Kind::Double),
        LiteralValue::String(_) => Ok(Kind::Text),
        LiteralValue::UInt(_) => Err(Problem::new("whole numbers are written without `u`")),
        LiteralValue::Bytes(_) | LiteralValue::Null => {
            Err(Problem::new("there are no bytes and no null: every attribute has a value"))
        }
    }
}

fn list_kind(list: &mut ListExpr, depth: u16) -> Result<Kind, Problem> {
    let mut of = None;
    for element in &mut list.elements {
        let kind = kind(element, depth + 1)?;
        if of.is_some_and(|of| of != kind) {
            return Err(Problem::new("the elements of a list are of one kind"));
        }
        of = Some(kind);
    }
    match of {
        Some(Kind::Int) => Ok(Kind::Ints),
        Some(Kind::Text) => Ok(Kind::Texts),
        _ => Err(Problem::new("a list holds texts or whole numbers")),
    }
}

/// The header's name if the call is `headers["…"]` or `"…" in headers`.
fn tag_name(call: &CallExpr) -> Result<Option<String>, Problem> {
    let ((operators::INDEX, [map, name]) | (operators::IN, [name, map])) =
        (call.func_name.as_str(), call.args.as_slice())
    else {
        return Ok(None);
    };
    if !matches!(&map.expr, Expr::Ident(ident) if ident == "headers") {
        return Ok(None);
    }
    let Expr::Literal(LiteralValue::String(name)) = &name.expr else {
        return Err(Problem::about("headers", HOW_TO_READ_A_TAG.to_owned()));
    };
    let name = name.inner();
    if name.len() == TAG_PREFIX.len() || !name.starts_with(TAG_PREFIX) || name.chars().any(char::is_uppercase)
    {
        let what =
            format!("no header `{name}`: rules see those whose names begin with {TAG_PREFIX}, in lower case");
        return Err(Problem::about(name, what));
    }
    Ok(Some(name.to_owned()))
}

/// `headers["t"]` becomes the name `t`, and `"t" in headers` becomes `t != ""`.
fn rewritten(call: &CallExpr) -> Result<Expr, Problem> {
    let name = tag_name(call)?.ok_or_else(|| Problem::new(HOW_TO_READ_A_TAG))?;
    let tag = Expr::Ident(name);
    if call.func_name == operators::INDEX {
        return Ok(tag);
    }
    let expr = |expr| IdedExpr { id: 0, expr };
    Ok(Expr::Call(CallExpr {
        func_name: operators::NOT_EQUALS.to_owned(),
        target: None,
        args: vec![expr(tag), expr(Expr::Literal(LiteralValue::String("".into())))],
    }))
}

fn call_kind(call: &mut CallExpr, depth: u16) -> Result<Kind, Problem> {
    let target = call.target.as_deref_mut().map(|target| kind(target, depth + 1)).transpose()?;
    let args: Vec<Kind> = call.args.iter_mut().map(|arg| kind(arg, depth + 1)).collect::<Result<_, _>>()?;
    let name = call.func_name.as_str();
    if let Some(target) = target {
        return method_kind(name, target, &args);
    }
    let is_number = |kind: Kind| matches!(kind, Kind::Int | Kind::Double);
    match (name, args.as_slice()) {
        (operators::LOGICAL_NOT, [Kind::Bool])
        | (operators::LOGICAL_AND | operators::LOGICAL_OR, [Kind::Bool, Kind::Bool])
        | (operators::IN, [Kind::Text, Kind::Texts] | [Kind::Int, Kind::Ints])
        | (
            operators::EQUALS | operators::NOT_EQUALS,
            [Kind::Int, Kind::Double] | [Kind::Double, Kind::Int],
        ) => Ok(Kind::Bool),
        (operators::EQUALS | operators::NOT_EQUALS, [a, b]) if a == b => Ok(Kind::Bool),
        (
            operators::LESS | operators::LESS_EQUALS | operators::GREATER | operators::GREATER_EQUALS,
            [a, b],
        ) if is_number(*a) && is_number(*b) || *a == Kind::Text && *b == Kind::Text => Ok(Kind::Bool),
        (operators::MODULO, [Kind::Int, Kind::Int]) | ("size", [Kind::Text]) => Ok(Kind::Int),
        (operators::ADD | operators::SUBSTRACT | operators::MULTIPLY | operators::DIVIDE, [a, b])
            if a == b && is_number(*a) =>
        {
            Ok(*a)
        }
        (operators::NEGATE, [kind]) if is_number(*kind) => Ok(*kind),
        (operators::CONDITIONAL, [Kind::Bool, yes, no]) if yes == no => Ok(*yes),
        _ => Err(misfit(name, &args)),
    }
}

fn method_kind(name: &str, target: Kind, args: &[Kind]) -> Result<Kind, Problem> {
    match (name, target, args) {
        ("startsWith" | "endsWith" | "contains", Kind::Text, [Kind::Text]) => Ok(Kind::Bool),
        ("size", Kind::Text, []) => Ok(Kind::Int),
        _ => {
            let mut all = vec![target];
            all.extend_from_slice(args);
            Err(misfit(name, &all))
        }
    }
}

const FUNCTIONS: [&str; 4] = ["startsWith", "endsWith", "contains", "size"];

fn misfit(name: &str, kinds: &[Kind]) -> Problem {
    let is_operator = !name.starts_with(char::is_alphabetic);
    if !is_operator && !FUNCTIONS.contains(&name) {
        let what = format!("no function `{name}`: there are {}", FUNCTIONS.join(", "));
        return Problem::about(name, what);
    }
    let sign = match name {
        operators::CONDITIONAL => "?",
        operators::INDEX => "[",
        other => other.trim_matches(['_', '@']),
    };
    let kinds: Vec<_> = kinds.iter().map(|kind| named(*kind)).collect();
    Problem::about(sign, format!("`{sign}` does not take {}", kinds.join(" and ")))
}

const fn named(kind: Kind) -> &'static str {
    match kind {
        Kind::Bool => "true or false",
        Kind::Int => "a whole number",
        Kind::Double => "a fraction",
        Kind::Text => "a text",
        Kind::Ints => "a list of whole numbers",
        Kind::Texts => "a list of texts",
        Kind::Tags => "the headers",
    }
}
