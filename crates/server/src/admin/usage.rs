//! What was used and what it cost.

use paceway_domain::UnixMillis;
use paceway_gateway::administration::{Dimension, Filter, Group, Period, Place, Property};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::keys::place_of;
use super::paging::page;
use super::wire::{ErrorBody, List};
use super::{Asked, Denied, Reply};

/// The most dimensions of one question.
const MOST_DIMENSIONS: usize = 6;
const TAG: &str = "tag:";

/// What is wanted.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Wanted {
    by: Option<String>,
    from: Option<u64>,
    to: Option<u64>,
    organisation: Option<String>,
    team: Option<String>,
    project: Option<String>,
    key: Option<String>,
    model: Option<String>,
    limit: Option<u32>,
    after: Option<String>,
}

/// The sums of some requests
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct UsageView {
    /// What they have in common: a text for each dimension of `by`
    of: Vec<String>,
    requests: u64,
    input_tokens: u64,
    cache_read_tokens: u64,
    cache_write_tokens: u64,
    output_tokens: u64,
    /// The sum of all known costs, in millionths of a US dollar
    cost_micro_usd: u64,
    /// To be added to that by corrections, below zero where too much was booked
    correction_micro_usd: i64,
    /// Requests whose cost is unknown
    unpriced: u64,
}

/// Sum up what was used, within the admin's place
#[utoipa::path(
    get,
    path = "/admin/usage",
    tag = "usage",
    params(
        ("by" = Option<String>, Query, description = "With commas between them, the coarsest first: organisation, team, project, key, \
            provider, model, endpoint, tier, outcome, price_source, hour, day, week, month, or tag:NAME; absent: all in one"),
        ("from" = Option<u64>, Query, description = "Requests that arrived then or later"),
        ("to" = Option<u64>, Query, description = "Requests that arrived before"),
        ("organisation" = Option<String>, Query, description = "Of this organisation only"),
        ("team" = Option<String>, Query, description = "Of this team of it only"),
        ("project" = Option<String>, Query, description = "Of this project of it only"),
        ("key" = Option<String>, Query, description = "Of the key of this id only"),
        ("model" = Option<String>, Query, description = "Of this model only, by its provider's name for it"),
        ("limit" = Option<u32>, Query, description = "Entries of the page, 1 to 1000; absent: 100"),
        ("after" = Option<String>, Query, description = "`next` of the page before"),
    ),
    responses((status = 200, body = List<UsageView>), (status = "4XX", body = ErrorBody)),
)]
pub(crate) fn list(asked: &Asked) -> Result<Reply, Denied> {
    let wanted: Wanted = asked.query()?;
    let place = place_or_own(asked, [&wanted.organisation, &wanted.team, &wanted.project])?;
    let groups = sums(asked, &place, &wanted)?;
    let bounds = (wanted.limit, wanted.after.as_deref());
    Reply::ok(page(&groups, bounds, |group| group.of.join(","), view)?)
}

/// The place that is asked for, or else the admin's own.
pub(super) fn place_or_own(asked: &Asked, wanted: [&Option<String>; 3]) -> Result<Place, Denied> {
    match wanted.map(Option::as_deref) {
        [None, None, None] => Ok(asked.actor.place.clone()),
        [organisation, team, project] => place_of(organisation, team, project),
    }
}

fn sums(asked: &Asked, place: &Place, wanted: &Wanted) -> Result<Vec<Group>, Denied> {
    let names = wanted.by.as_deref().unwrap_or_default().split(',').filter(|name| !name.is_empty());
    let by: Vec<Dimension> = names.map(dimension).collect::<Result<_, _>>()?;
    if by.len() > MOST_DIMENSIONS {
        return Err(Denied::invalid("by", format!("expected at most {MOST_DIMENSIONS} dimensions")));
    }
    let with = [(Property::Key, &wanted.key), (Property::Model, &wanted.model)];
    let with = with.into_iter().filter_map(|(property, value)| Some((property, value.clone()?)));
    let filter =
        Filter { from: wanted.from.map(UnixMillis), to: wanted.to.map(UnixMillis), with: with.collect() };
    asked.house.administration.usage(&asked.actor, place, by, filter)
}

fn dimension(name: &str) -> Result<Dimension, Denied> {
    let of = Dimension::Property;
    Ok(match name {
        "organisation" => of(Property::Organisation),
        "team" => of(Property::Team),
        "project" => of(Property::Project),
        "key" => of(Property::Key),
        "provider" => of(Property::Provider),
        "model" => of(Property::Model),
        "endpoint" => of(Property::Endpoint),
        "tier" => of(Property::Tier),
        "outcome" => of(Property::Outcome),
        "price_source" => of(Property::PriceSource),
        "hour" => Dimension::Period(Period::Hour),
        "day" => Dimension::Period(Period::Day),
        "week" => Dimension::Period(Period::Week),
        "month" => Dimension::Period(Period::Month),
        tag if tag.len() > TAG.len() && tag.starts_with(TAG) => {
            of(Property::Tag(tag[TAG.len()..].to_owned()))
        }
        other => {
            let why = "expected organisation, team, project, key, provider, model, endpoint, tier, outcome, price_source, hour, day, week, month or \
                       tag:NAME";
            return Err(Denied::invalid("by", format!("{why}, got `{other}`")));
        }
    })
}

fn view(group: &Group) -> UsageView {
    UsageView {
        of: group.of.clone(),
        requests: group.requests,
        input_tokens: group.usage.input.get(),
        cache_read_tokens: group.usage.cache_read.get(),
        cache_write_tokens: group.usage.cache_write().get(),
        output_tokens: group.usage.output.get(),
        cost_micro_usd: group.cost.0,
        correction_micro_usd: group.correction,
        unpriced: group.unpriced,
    }
}
