//! What is told of settings: that they are valid and whom they let in, or what is wrong with them.

use crate::status::Verdict;
use crate::validate::{Invalid, Pipeline, Reader, Sender};

pub(super) fn valid(pipeline: &Pipeline) -> Verdict {
    let send = pipeline.ingestor.senders == Sender::Anybody;
    let read = pipeline.query.readers == Reader::Anybody;
    let mut open = Vec::new();
    match (send, read) {
        (false, false) => {}
        (true, false) => open.push("anybody in the cluster may send entries (ingestor.insecure)".to_owned()),
        (false, true) => open.push("anybody in the cluster may read them (query.insecure)".to_owned()),
        (true, true) => open.push(
            "anybody in the cluster may send entries (ingestor.insecure) and read them (query.insecure)"
                .to_owned(),
        ),
    }
    let anonymous: Vec<_> = pipeline.ingestor.anonymous_listeners().map(|one| one.to_string()).collect();
    if !anonymous.is_empty() {
        let listeners = anonymous.join(", ");
        open.push(format!("listeners accept entries without a token: {listeners} (ingestor.listeners)"));
    }
    if open.is_empty() {
        return Verdict::yes("Valid", "the settings are valid");
    }
    Verdict::yes("Insecure", format!("the settings are valid; {}", open.join("; ")))
}

pub(super) fn invalid(problems: &[Invalid]) -> Verdict {
    let reason = problems.first().map_or("SpecInvalid", Invalid::reason);
    let message: Vec<_> = problems.iter().map(ToString::to_string).collect();
    Verdict::no(reason, message.join("; "))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use serde_json::{Value, json};

    use super::*;
    use crate::fetch::{Fetched, SecretData};
    use crate::validate::validate;

    fn told(ingestor: Value, query: Value) -> Verdict {
        let object = json!({
            "apiVersion": "logpipeline.dev/v1alpha1", "kind": "LogPipeline", "metadata": { "name": "logs" },
            "spec": { "storage": { "embedded": { "size": "1Gi" } }, "ingestor": ingestor, "query": query },
        });
        let data = ["tokens", "users"].map(|key| (key.to_owned(), b"something".to_vec()));
        let secrets = [("named".to_owned(), Some(SecretData(data.into())))];
        let fetched = Fetched { secrets: BTreeMap::from(secrets), ..Fetched::default() };
        valid(&validate(&serde_json::from_value(object).unwrap(), &fetched).unwrap())
    }

    #[test]
    fn whoever_is_let_in_without_a_token_or_a_password_is_told_of() {
        let tokens = |listeners| json!({ "tokensSecretRef": { "name": "named" }, "listeners": listeners });
        let users = json!({ "auth": { "usersSecretRef": { "name": "named" } } });
        let open = json!({ "insecure": true });
        let syslog = json!([{ "protocol": "GelfUdp", "anonymous": true }, { "protocol": "OtlpGrpc" },
            { "protocol": "SyslogUdp", "anonymous": true }]);
        for (ingestor, query, expected) in [
            (
                tokens(json!([{ "protocol": "OtlpGrpc" }])),
                users.clone(),
                Verdict::yes("Valid", "the settings are valid"),
            ),
            (
                tokens(syslog),
                users.clone(),
                Verdict::yes(
                    "Insecure",
                    "the settings are valid; listeners accept entries without a token: SyslogUdp, GelfUdp (ingestor.listeners)",
                ),
            ),
            (
                json!({ "insecure": true, "listeners": [{ "protocol": "Relp", "anonymous": true }] }),
                users,
                Verdict::yes(
                    "Insecure",
                    "the settings are valid; anybody in the cluster may send entries (ingestor.insecure)",
                ),
            ),
            (
                tokens(json!([{ "protocol": "Relp", "anonymous": true }])),
                open,
                Verdict::yes(
                    "Insecure",
                    "the settings are valid; anybody in the cluster may read them (query.insecure); listeners accept entries without a token: Relp (ingestor.listeners)",
                ),
            ),
        ] {
            assert_eq!(told(ingestor, query), expected);
        }
    }
}
