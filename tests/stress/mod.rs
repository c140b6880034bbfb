//! Random writers from a seed for as long as is asked for, while the loop runs or is killed: `make soak`. Random changes of
//! everything, schemas and settings too, between cycles: `make storm`.

mod hostile;
mod soak;
mod storm;
