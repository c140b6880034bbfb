//! What `pg2duck setup` does to a source, and what its triggers record there. What a sync makes of it is in `deletes` and `modes`.

mod install;
