//! Which rows of a block a query finds, told from templates and columns.

mod bitmap;
mod column;
mod evaluate;
mod message;
mod tokens;
mod values;

pub use bitmap::Bitmap;
pub use evaluate::Found;
