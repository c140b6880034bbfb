//! Step 2: rows of a binary COPY become Polars frames. Knows nothing of where the bytes come from or where frames go.

pub mod types;

pub mod copy;
pub mod numeric;
pub mod value;
pub mod wire;

pub mod column;
pub mod rejects;
pub mod text;

pub mod builder;

#[cfg(test)]
mod documentation;

pub use builder::{BadRow, Frame, FrameBuilder};
pub use types::PgType;
