//! What holds whatever happens: no committed change is missed, no crash loses any, memory is bounded, the source spared,
//! and the trouble of one table its own.

mod bootstrap;
mod bootstrap_interrupted;
mod bootstrap_loading;
mod clocks;
mod crash_safe;
mod cursor_columns;
mod idle;
mod incremental;
mod listen;
mod local_failure;
mod lost_files;
mod memory;
mod no_missed_change;
mod rewrites;
mod source_crash;
mod sources;
mod two_sources;
mod unlogged;
mod waiting_files;
