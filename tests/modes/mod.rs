//! What a lake table means in each mode (SYNC_MODE), and what its versions tell. How deletes are noticed is in `deletes`.

mod history;
mod meaning;
mod switching;
mod versions;
