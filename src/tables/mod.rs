//! Building the embedded tables: what lists, certificates and reports say, folded into the reviewable text
//! under `data/`.
//!
//! Pure: inputs come as octets or text, tables go out as text. The same inputs always give the same text, and
//! earlier tables can be merged in, so that history accumulates.

pub mod ca;
pub mod logs;
mod tsv;

pub use self::tsv::{TableError, TableFault};
