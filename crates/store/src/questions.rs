//! Questions as SQL, the same for both engines but for a handful of words.
//!
//! Whole days are answered by the table `usage_by_day`, which grows with days, teams and models and not with requests. What it does not
//! have (hours, outcomes, tags, and the hours before the first and after the last whole day) is summed up from the rows.

use std::fmt::Write as _;
use std::ops::ControlFlow;

use crate::columns::signed;
use crate::reports::{Dimension, Filter, MOST_GROUPS, Period, Property, Question};
use crate::{Row, StoreError};

const HOUR_MS: i64 = 3_600_000;
const DAY_MS: i64 = 24 * HOUR_MS;

/// What is summed up, in the order in which it comes back.
pub(crate) const SUMS: [&str; 15] = [
    "requests",
    "input",
    "cache_read",
    "cache_write_5m",
    "cache_write_1h",
    "output",
    "reasoning",
    "audio_input",
    "audio_output",
    "image_output",
    "web_searches",
    "cost",
    "unpriced",
    "estimated",
    "correction",
];

/// Whose words are used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Engine {
    Sqlite,
    Postgres,
}

/// What stands for a placeholder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Value {
    Text(String),
    Number(i64),
}

/// A statement with its values.
#[derive(Debug)]
pub(crate) struct Statement {
    pub sql: String,
    pub values: Vec<Value>,
    engine: Engine,
}

/// Groups first, as texts, then [`SUMS`].
pub(crate) fn usage(question: &Question, engine: Engine) -> Statement {
    let mut statement = Statement { sql: String::new(), values: Vec::new(), engine };
    let groups: Vec<_> = (0..question.by.len()).map(|number| format!("group_{number}")).collect();
    let shown = groups.iter().zip(&question.by).map(|(group, by)| shown(by, group, engine));
    let shown: Vec<_> = shown.chain(SUMS.map(str::to_owned)).collect();
    let sums = SUMS.map(|sum| format!("cast(coalesce(sum({sum}), 0) as bigint) as {sum}"));
    let summed: Vec<_> = groups.iter().cloned().chain(sums).collect();
    statement.sql = format!("select {} from (select {} from (", shown.join(", "), summed.join(", "));
    statement.sources(question);
    statement.sql += ") as entries_of_it";
    // Named by their places: PostgreSQL does not take names of the list above in every clause.
    let places: Vec<_> = (1..=groups.len()).map(|place| place.to_string()).collect();
    let grouped = match places.join(", ").as_str() {
        "" => ") as groups".to_owned(),
        places => format!(" group by {places}) as groups order by {places}"),
    };
    write!(statement.sql, "{grouped} limit {}", MOST_GROUPS + 1).expect("texts take everything");
    statement
}

/// The next rows of an export, whole: `after` are time, request and part of the last one seen.
pub(crate) fn page(filter: &Filter, after: Option<Seen>, most: usize, engine: Engine) -> Statement {
    let texts = if engine == Engine::Postgres {
        ", tags::text as tags_text, traits::text as traits_text"
    } else {
        ""
    };
    let mut statement =
        Statement { sql: format!("select *{texts} from ledger where true"), values: Vec::new(), engine };
    if let Some(from) = filter.from {
        statement.and("arrived_at >= ", Value::Number(signed(from.0)));
    }
    if let Some(to) = filter.to {
        statement.and("arrived_at < ", Value::Number(signed(to.0)));
    }
    statement.with(filter);
    if let Some((at, id, part)) = after {
        let (at, id) = (statement.place(Value::Number(at)), statement.place(Value::Text(id)));
        let part = statement.place(Value::Number(part));
        write!(
            statement.sql,
            " and arrived_at >= {at} and (arrived_at, request_id, cast(part as bigint)) > ({at}, {id}, {part})"
        )
        .expect("texts take everything");
    }
    write!(statement.sql, " order by arrived_at, request_id, part limit {most}")
        .expect("texts take everything");
    statement
}

/// The last row seen: its time, request and part.
type Seen = (i64, String, i64);

/// Shows page after page, until one is not full.
pub(crate) fn visit_pages(
    full: usize,
    visit: &mut dyn FnMut(Row) -> ControlFlow<()>,
    mut read: impl FnMut(Option<Seen>) -> Result<Vec<Row>, StoreError>,
) -> Result<(), StoreError> {
    let mut after = None;
    loop {
        let rows = read(after.take())?;
        let is_last = rows.len() < full;
        for row in rows {
            after = Some((signed(row.arrived_at.0), row.request_id.to_string(), i64::from(row.part)));
            if visit(row).is_break() {
                return Ok(());
            }
        }
        if is_last {
            return Ok(());
        }
    }
}

impl Statement {
    /// Keeps a value and says how it is referred to.
    fn place(&mut self, value: Value) -> String {
        self.values.push(value);
        match self.engine {
            Engine::Sqlite => format!("?{}", self.values.len()),
            Engine::Postgres => format!("${}", self.values.len()),
        }
    }

    fn and(&mut self, condition: &str, value: Value) {
        let place = self.place(value);
        write!(self.sql, " and {condition}{place}").expect("texts take everything");
    }

    fn with(&mut self, filter: &Filter) {
        for (property, value) in &filter.with {
            let column = self.column(property);
            self.and(&format!("{column} = "), Value::Text(value.clone()));
        }
    }

    /// Where the rows come from: as much as possible from the sums of whole days.
    fn sources(&mut self, question: &Question) {
        let (from, to) =
            (question.filter.from.map(|at| signed(at.0)), question.filter.to.map(|at| signed(at.0)));
        let first_day = from.map(|from| from.div_euclid(DAY_MS) + i64::from(from.rem_euclid(DAY_MS) > 0));
        let last_day = to.map(|to| to.div_euclid(DAY_MS));
        let has_whole_days = first_day.zip(last_day).is_none_or(|(first, last)| first < last);
        if needs_rows(question) || !has_whole_days {
            return self.source(question, "entries", "arrived_at", from, to);
        }
        self.source(question, "usage_by_day", "day", first_day, last_day);
        let edges = [from.zip(first_day.map(|day| day * DAY_MS)), last_day.map(|day| day * DAY_MS).zip(to)];
        for (from, to) in edges.into_iter().flatten().filter(|(from, to)| from < to) {
            self.sql += " union all ";
            self.source(question, "entries", "arrived_at", Some(from), Some(to));
        }
    }

    fn source(&mut self, question: &Question, table: &str, time: &str, from: Option<i64>, to: Option<i64>) {
        let hour = if time == "day" { "day * 24".to_owned() } else { format!("{time} / {HOUR_MS}") };
        self.sql += "select ";
        for (number, by) in question.by.iter().enumerate() {
            let column = match by {
                Dimension::Period(period) => bucket(*period, &hour, self.engine),
                Dimension::Property(property) => self.column(property),
            };
            write!(self.sql, "{column} as group_{number}, ").expect("texts take everything");
        }
        write!(self.sql, "{} from {table} where true", SUMS.join(", ")).expect("texts take everything");
        if let Some(from) = from {
            self.and(&format!("{time} >= "), Value::Number(from));
        }
        if let Some(to) = to {
            self.and(&format!("{time} < "), Value::Number(to));
        }
        self.with(&question.filter);
    }

    fn column(&mut self, property: &Property) -> String {
        let name = match property {
            Property::Organisation => "organisation",
            Property::Team => "team",
            Property::Project => "project",
            Property::Key => "key",
            Property::Provider => "provider",
            Property::Model => "model",
            Property::Endpoint => "endpoint",
            Property::Tier => "tier",
            Property::Outcome => "outcome",
            Property::PriceSource => "price_source",
            Property::Tag(name) => {
                let place = self.place(Value::Text(name.clone()));
                return match self.engine {
                    // `->>` takes some names for paths.
                    Engine::Sqlite => {
                        format!(
                            "coalesce((select atom from json_each(tags) as tag where tag.key = {place}), '')"
                        )
                    }
                    Engine::Postgres => format!("coalesce(tags ->> {place}::text, '')"),
                };
            }
        };
        name.to_owned()
    }
}

fn needs_rows(question: &Question) -> bool {
    let is_of_rows = |property: &Property| {
        matches!(property, Property::Outcome | Property::PriceSource | Property::Tag(_))
    };
    let by = |by: &Dimension| match by {
        Dimension::Period(period) => *period == Period::Hour,
        Dimension::Property(property) => is_of_rows(property),
    };
    question.by.iter().any(by) || question.filter.with.iter().any(|(property, _)| is_of_rows(property))
}

/// The number of the hour, day or week since 1970, or the month as text. 1 January 1970 was a Thursday.
fn bucket(period: Period, hour: &str, engine: Engine) -> String {
    match (period, engine) {
        (Period::Hour, _) => hour.to_owned(),
        (Period::Day, _) => format!("({hour}) / 24"),
        (Period::Week, _) => format!("(({hour}) / 24 + 3) / 7"),
        (Period::Month, Engine::Sqlite) => format!("strftime('%Y-%m', ({hour}) * 3600, 'unixepoch')"),
        (Period::Month, Engine::Postgres) => {
            format!("to_char(to_timestamp(({hour}) * 3600) at time zone 'UTC', 'YYYY-MM')")
        }
    }
}

fn shown(by: &Dimension, group: &str, engine: Engine) -> String {
    let (seconds, lite, postgres) = match by {
        Dimension::Period(Period::Hour) => {
            (format!("{group} * 3600"), "%Y-%m-%dT%H:00Z", "YYYY-MM-DD\"T\"HH24:00\"Z\"")
        }
        Dimension::Period(Period::Day) => (format!("{group} * 86400"), "%Y-%m-%d", "YYYY-MM-DD"),
        Dimension::Period(Period::Week) => (format!("({group} * 7 - 3) * 86400"), "%Y-%m-%d", "YYYY-MM-DD"),
        Dimension::Period(Period::Month) | Dimension::Property(_) => return group.to_owned(),
    };
    match engine {
        Engine::Sqlite => format!("strftime('{lite}', {seconds}, 'unixepoch')"),
        Engine::Postgres => format!("to_char(to_timestamp({seconds}) at time zone 'UTC', '{postgres}')"),
    }
}
