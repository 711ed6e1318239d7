//! What was used and what it cost, within an admin's place.

use paceway_policy::access::{Action, Admin, Kind, Place};
use paceway_store::reports::{Dimension, Filter, Group, Property, Question};

use super::{Administration, Denied, permit};

impl Administration {
    /// The sums of what was used at `place` by these dimensions, among requests that the filter lets through.
    ///
    /// # Errors
    /// [`Denied`], which says why not.
    pub fn usage(
        &self,
        actor: &Admin,
        place: &Place,
        by: Vec<Dimension>,
        mut filter: Filter,
    ) -> Result<Vec<Group>, Denied> {
        permit(actor, Action::Read, place)?;
        filter.with.extend(rows_of(place));
        Ok(self.reports.usage(&Question { by, filter })?)
    }
}

/// What the rows of a place have in common.
pub(super) fn rows_of(place: &Place) -> impl Iterator<Item = (Property, String)> {
    let levels = [
        (Kind::Organisation, Property::Organisation),
        (Kind::Team, Property::Team),
        (Kind::Project, Property::Project),
    ];
    levels.into_iter().filter_map(|(kind, property)| Some((property, place.id_of(kind)?.to_owned())))
}
