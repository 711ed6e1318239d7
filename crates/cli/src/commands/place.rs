//! Places in the tree of organisations, teams and projects, as options of the command line.

use anyhow::{Result, anyhow};
use clap::Args;
use paceway_domain::Owner;
use paceway_gateway::administration::Place;

/// Where.
#[derive(Debug, Clone, Args)]
pub(super) struct Within {
    /// Id of an organisation [default: default]
    #[arg(long, value_name = "ID")]
    organisation: Option<String>,
    /// Id of a team of it
    #[arg(long, value_name = "ID")]
    team: Option<String>,
    /// Id of a project of that
    #[arg(long, value_name = "ID")]
    project: Option<String>,
}

impl Within {
    /// The place that is named: the whole if none is.
    pub(super) fn place(&self) -> Result<Place> {
        place(self.organisation.as_deref(), self.team.as_deref(), self.project.as_deref())
    }

    /// The project that is named, where what is not said is `default`.
    pub(super) fn owner(&self) -> Result<Owner> {
        let id = |id: &Option<String>| Some(id.clone().unwrap_or_else(|| Owner::DEFAULT.to_owned()));
        let [organisation, team, project] = [&self.organisation, &self.team, &self.project].map(id);
        let place = place(organisation.as_deref(), team.as_deref(), project.as_deref())?;
        place.owner().ok_or_else(|| anyhow!("a key belongs to a project"))
    }
}

/// The place with these ids, of which those above one that is named are `default` if they are not named.
pub(super) fn place(organisation: Option<&str>, team: Option<&str>, project: Option<&str>) -> Result<Place> {
    let team = team.or(project.map(|_| Owner::DEFAULT));
    let organisation = organisation.or(team.map(|_| Owner::DEFAULT));
    let wrong =
        || anyhow!("an id of an organisation, team or project is 1 to 64 of a-z, 0-9, `-`, `_` and `.`");
    Place::of(organisation, team, project).ok_or_else(wrong)
}
