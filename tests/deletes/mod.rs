//! How a row that is gone from the source goes from the lake: by triggers, by comparing keys, and with all that is known of it.

mod comparison;
mod keys;
mod rejects;
mod standby;
mod triggers;
