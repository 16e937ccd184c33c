use crate::span::Values;

/// Whether all values are the same.
pub(super) fn is_constant(values: Values<'_>) -> bool {
    let mut values = values.iter();
    match values.next() {
        Some(first) => values.all(|value| value == first),
        None => true,
    }
}
