//! The order in which levels are shown.

use std::cmp::Reverse;

use logpipeline_model::Level;

/// Known levels, the most severe first, then others by name, then none.
pub(crate) fn severity_order(level: &str) -> (bool, bool, Reverse<Option<Level>>, &str) {
    let known = Level::ALL.into_iter().find(|known| known.as_str() == level);
    (level.is_empty(), known.is_none(), Reverse(known), level)
}
