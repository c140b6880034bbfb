//! Mode history: what each past cycle showed is what the table says of that instant for ever.

use super::{Look, Wrong, differences, several};
use crate::stress::storm::lake::LakeTable;

impl Look<'_> {
    pub(super) fn past_cycles(&self, number: usize, table: &LakeTable<'_>) -> Result<Wrong, Wrong> {
        let mut wrong = Wrong::new();
        for (cycle, held) in self.oracle.held[&number].iter().enumerate() {
            let found = table.as_of(&held.as_of).map_err(|error| vec![error])?;
            let found = found.iter().map(|row| self.show(&self.as_in(held.epoch, &row.image))).collect();
            let expected = held.rows.iter().map(|row| self.show(&self.expected(table, row))).collect();
            let (missing, extra) = differences(expected, found);
            wrong.extend(several(&format!("as of cycle {cycle} there was, and is not shown"), missing));
            wrong.extend(several(&format!("as of cycle {cycle} there was not, and is shown"), extra));
        }
        Ok(wrong)
    }
}
