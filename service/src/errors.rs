//! How errors are told in logs.

/// An error and its causes in one line, but for those that an error's own text names already.
pub fn one_line(error: &anyhow::Error) -> String {
    error.chain().fold(String::new(), |mut line, cause| {
        let cause = cause.to_string();
        if !line.contains(&cause) {
            let separator = if line.is_empty() { "" } else { ": " };
            line = format!("{line}{separator}{cause}");
        }
        line
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn causes_are_named_once() {
        let error = anyhow::anyhow!("no room").context("failed to write: no room").context("failed to start");
        assert_eq!(one_line(&error), "failed to start: failed to write: no room");
        assert_eq!(one_line(&anyhow::anyhow!("alone")), "alone");
    }
}
