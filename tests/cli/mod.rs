//! What the commands say and with which exit code they end, what settings they take, and what they say of a mistake in them.

mod check;
mod purge;
mod resync;
mod settings;
mod status;
