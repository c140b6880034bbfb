//! The lake as a file with tables in it: which there are, their names and columns as the source changes, who holds it, its size.

mod columns;
mod growth;
mod indexes;
mod lock;
mod names;
mod privileges;
mod schema_changes;
