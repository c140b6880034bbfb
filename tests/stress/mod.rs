//! Random writers from a seed for as long as is asked for, while the loop runs or is killed: `make soak`.

mod hostile;
mod soak;
