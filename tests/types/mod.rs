//! What a value of the source becomes in the lake, for every type and shape of table, and what becomes of one that cannot.

mod chars;
mod decoder;
mod edges;
mod forms;
mod keys;
mod large;
mod random;
mod reject_list;
mod rejects;
mod servers;
mod shapes;
mod table;
