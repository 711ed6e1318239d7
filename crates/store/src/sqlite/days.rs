//! The sums by day in SQLite: gathered in memory over a batch, then added to the table in its transaction.

use std::collections::BTreeMap;

use paceway_domain::day::DAY_MS;
use paceway_domain::{MicroUsd, Usage};
use rusqlite::{Transaction, params};

use crate::columns::signed;
use crate::reports::{Adjustment, Group};
use crate::{Row, StoreError};

/// What a batch adds. The key is the table's: the day, then organisation, team, project, key, provider, model, endpoint, tier.
#[derive(Default)]
pub(super) struct Days<'a>(BTreeMap<(u64, [&'a str; 8]), Group>);

impl<'a> Days<'a> {
    /// Counts a row that was not there.
    pub(super) fn count(&mut self, row: &'a Row) {
        let owner = &row.owner;
        let sums = self.sums(
            row.arrived_at.0,
            [
                &owner.organisation,
                &owner.team,
                &owner.project,
                &row.key.0,
                &row.provider,
                &row.model,
                &row.endpoint,
                row.tier.name(),
            ],
        );
        sums.requests += u64::from(row.part == 0);
        sums.usage = sums.usage + row.usage;
        sums.cost += row.cost.unwrap_or(MicroUsd::ZERO);
        sums.unpriced += u64::from(row.cost.is_none());
        sums.estimated += u64::from(row.usage_is_estimated);
    }

    /// Counts a correction that was not there.
    pub(super) fn correct(&mut self, adjustment: &'a Adjustment) {
        let owner = ["", "", "", "", &adjustment.provider, &adjustment.model, "", ""];
        self.sums(adjustment.at.0, owner).correction += adjustment.cost;
    }

    fn sums(&mut self, at: u64, of: [&'a str; 8]) -> &mut Group {
        self.0.entry((at / DAY_MS, of)).or_default()
    }

    pub(super) fn write(self, transaction: &Transaction<'_>) -> Result<(), StoreError> {
        let mut statement = transaction.prepare_cached(include_str!("add_to_day.sql"))?;
        for ((day, of), sums) in self.0 {
            let Usage { input, cache_read, cache_write_5m, cache_write_1h, output, reasoning, .. } =
                sums.usage;
            let Usage { audio_input, audio_output, image_output, web_searches, .. } = sums.usage;
            let [organisation, team, project, key, provider, model, endpoint, tier] = of;
            statement.execute(params![
                signed(day),
                organisation,
                team,
                project,
                key,
                provider,
                model,
                endpoint,
                tier,
                signed(sums.requests),
                signed(input.get()),
                signed(cache_read.get()),
                signed(cache_write_5m.get()),
                signed(cache_write_1h.get()),
                signed(output.get()),
                signed(reasoning.get()),
                signed(audio_input.get()),
                signed(audio_output.get()),
                signed(image_output.get()),
                web_searches,
                signed(sums.cost.0),
                signed(sums.unpriced),
                signed(sums.estimated),
                sums.correction,
            ])?;
        }
        Ok(())
    }
}
