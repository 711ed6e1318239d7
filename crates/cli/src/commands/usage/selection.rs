//! Which rows are meant, and by what they are summed up, as they are written on the command line.

use anyhow::{Context, Result, bail};
use clap::Args;
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use paceway_domain::UnixMillis;
use paceway_store::reports::{Dimension, Filter, Period, Property};

/// Rows that count. All of what is said must be so.
#[derive(Debug, Default, Args)]
pub(super) struct Selection {
    /// From this day (2026-11-01) or moment (2026-11-01T12:00:00Z) on, in UTC
    #[arg(long, value_name = "TIME")]
    from: Option<String>,
    /// Before this day or moment
    #[arg(long, value_name = "TIME")]
    to: Option<String>,
    /// Of this organisation
    #[arg(long, value_name = "ID")]
    organisation: Option<String>,
    /// Of this team
    #[arg(long, value_name = "ID")]
    team: Option<String>,
    /// Of this project
    #[arg(long, value_name = "ID")]
    project: Option<String>,
    /// With the virtual key of this id
    #[arg(long, value_name = "ID")]
    key: Option<String>,
    /// Served by this provider
    #[arg(long, value_name = "NAME")]
    provider: Option<String>,
    /// Served by this model
    #[arg(long, value_name = "NAME")]
    model: Option<String>,
    /// What was wanted: generate, embeddings, …
    #[arg(long, value_name = "NAME")]
    endpoint: Option<String>,
    /// At this service level: standard, flex, …
    #[arg(long, value_name = "NAME")]
    tier: Option<String>,
    /// That ended so: completed, cut, …
    #[arg(long, value_name = "NAME")]
    outcome: Option<String>,
    /// With this tag; may be said more than once
    #[arg(long = "tag", value_name = "NAME=VALUE")]
    tags: Vec<String>,
}

impl Selection {
    pub(super) fn filter(&self) -> Result<Filter> {
        let said = [
            (Property::Organisation, &self.organisation),
            (Property::Team, &self.team),
            (Property::Project, &self.project),
            (Property::Key, &self.key),
            (Property::Provider, &self.provider),
            (Property::Model, &self.model),
            (Property::Endpoint, &self.endpoint),
            (Property::Tier, &self.tier),
            (Property::Outcome, &self.outcome),
        ];
        let mut with: Vec<_> =
            said.into_iter().filter_map(|(property, value)| Some((property, value.clone()?))).collect();
        for tag in &self.tags {
            let Some((name, value)) = tag.split_once('=') else {
                bail!("--tag {tag}: write NAME=VALUE");
            };
            with.push((Property::Tag(name.to_ascii_lowercase()), value.to_owned()));
        }
        let time = |option: &str, text: &Option<String>| {
            text.as_deref().map(|text| moment(text).with_context(|| format!("{option} {text}"))).transpose()
        };
        Ok(Filter { from: time("--from", &self.from)?, to: time("--to", &self.to)?, with })
    }
}

/// A moment, or the midnight that begins a day.
fn moment(text: &str) -> Result<UnixMillis> {
    let moment = match text.parse::<Timestamp>() {
        Ok(moment) => moment,
        Err(_) => {
            let day: Date =
                text.parse().ok().filter(|_| text.len() == 10).context(
                    "is neither a day such as 2026-11-01 nor a moment such as 2026-11-01T12:00:00Z",
                )?;
            day.to_zoned_datetime(TimeZone::UTC).context("is no day")?.timestamp()
        }
    };
    Ok(UnixMillis(u64::try_from(moment.as_millisecond()).context("is before 1970")?))
}

/// One word of `--by`.
pub(super) fn dimension(word: &str) -> Result<Dimension, String> {
    let property = match word {
        "hour" => return Ok(Dimension::Period(Period::Hour)),
        "day" => return Ok(Dimension::Period(Period::Day)),
        "week" => return Ok(Dimension::Period(Period::Week)),
        "month" => return Ok(Dimension::Period(Period::Month)),
        "organisation" => Property::Organisation,
        "team" => Property::Team,
        "project" => Property::Project,
        "key" => Property::Key,
        "provider" => Property::Provider,
        "model" => Property::Model,
        "endpoint" => Property::Endpoint,
        "tier" => Property::Tier,
        "outcome" => Property::Outcome,
        "price_source" => Property::PriceSource,
        other => match other.strip_prefix("tag:") {
            Some(name) if !name.is_empty() => Property::Tag(name.to_ascii_lowercase()),
            _ => {
                return Err("it is one of hour, day, week, month, organisation, team, project, key, provider, model, \
                            endpoint, tier, outcome, price_source, tag:NAME"
                    .to_owned());
            }
        },
    };
    Ok(Dimension::Property(property))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_a_day_or_a_moment_in_utc() {
        assert_eq!(moment("2026-11-23").unwrap(), UnixMillis(1_795_392_000_000));
        assert_eq!(moment("2026-11-23T01:00:00+01:00").unwrap(), UnixMillis(1_795_392_000_000));
        for wrong in ["yesterday", "2026-13-01", "2026-11-23T01:00:00", "1960-01-01"] {
            assert!(moment(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_tag_without_a_value_and_an_unknown_dimension_are_told() {
        let wrong = Selection { tags: vec!["feature".into()], ..Selection::default() };
        assert!(wrong.filter().unwrap_err().to_string().contains("NAME=VALUE"));
        assert!(dimension("colour").unwrap_err().contains("tag:NAME"));
        assert_eq!(dimension("tag:Feature"), Ok(Dimension::Property(Property::Tag("feature".into()))));
    }
}
