//! What holds whatever happens: no committed change is missed, no crash loses any, memory is bounded, the source spared,
//! and the trouble of one table its own.

mod bad_tables;
mod bootstrap;
mod fence;
mod idle;
mod incremental;
mod interrupted;
mod listen;
mod loading;
mod loss;
mod memory;
mod no_missed_change;
mod regressions;
mod restart;
mod rewrites;
mod sources;
