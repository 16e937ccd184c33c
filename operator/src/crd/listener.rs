//! Ports of the ingestor beside the one for HTTP.

use std::fmt;

use k8s_openapi::api::networking::v1::NetworkPolicyPeer;
use kube::KubeSchema;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::LocalRef;

#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq)]
#[serde(rename_all = "camelCase")]
#[x_kube(
    cel,
    validation = Rule::new("!has(self.port) || self.port != 3000 || self.protocol.endsWith('Udp')")
        .message("port 3000 of the Service is the one for HTTP: choose another port for the listener"),
    validation = Rule::new("!has(self.sharedKeySecretRef) || self.protocol == 'Forward'")
        .message("only Forward has a shared key: leave sharedKeySecretRef out of the other listeners"),
    validation = Rule::new("!has(self.sharedKeySecretRef) || !self.anonymous")
        .message("sharedKeySecretRef and anonymous: true exclude each other"),
    validation = Rule::new("!self.anonymous || self.protocol != 'OtlpGrpc'")
        .message("an OtlpGrpc listener asks for the same tokens as HTTP: leave anonymous out")
)]
pub struct ListenerSpec {
    /// What the listener speaks. A protocol has one listener at most.
    pub protocol: ListenerProtocol,

    /// Port of the Service. The protocol's usual port where absent: 4317 (OtlpGrpc), 5514 (SyslogUdp, SyslogTcp), 6514 (SyslogTls), 2514
    /// (Relp), 24224 (Forward), 5044 (Lumberjack), 12201 (GelfTcp, GelfUdp). One of TCP and one of UDP may have the same port; two of either may not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 65535))]
    pub port: Option<i32>,

    /// Accepts entries from anyone who can reach the port, although HTTP asks for a token. Only OtlpGrpc, and Forward with a shared key, can
    /// authenticate a sender; the other protocols need `anonymous: true` unless `ingestor.insecure` is set.
    #[serde(default)]
    pub anonymous: bool,

    /// Forward only: a Secret whose key `sharedKey` holds the key that senders must prove to know. The pods restart when it changes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shared_key_secret_ref: Option<LocalRef>,

    /// Who may reach the port: peers as in a NetworkPolicy. All pods of the cluster where absent.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(min = 1, max = 32))]
    #[x_kube(validation = Rule::new("self.all(peer, has(peer.ipBlock) != (has(peer.namespaceSelector) || has(peer.podSelector)))")
        .message("a peer in from is either an ipBlock, or a namespaceSelector, a podSelector or both"))]
    pub from: Vec<NetworkPolicyPeer>,
}

#[derive(Serialize, Deserialize, JsonSchema, Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ListenerProtocol {
    OtlpGrpc,
    SyslogUdp,
    SyslogTcp,
    SyslogTls,
    Relp,
    Forward,
    Lumberjack,
    GelfTcp,
    GelfUdp,
}

impl ListenerProtocol {
    pub const ALL: [Self; 9] = [
        Self::OtlpGrpc,
        Self::SyslogUdp,
        Self::SyslogTcp,
        Self::SyslogTls,
        Self::Relp,
        Self::Forward,
        Self::Lumberjack,
        Self::GelfTcp,
        Self::GelfUdp,
    ];

    /// The port in the pods, and in the Service unless the spec names another. None is below 1024: the pods run as nobody.
    pub fn port(self) -> i32 {
        match self {
            Self::OtlpGrpc => 4317,
            Self::SyslogUdp | Self::SyslogTcp => 5514,
            Self::SyslogTls => 6514,
            Self::Relp => 2514,
            Self::Forward => 24224,
            Self::Lumberjack => 5044,
            Self::GelfTcp | Self::GelfUdp => 12201,
        }
    }

    pub fn is_udp(self) -> bool {
        matches!(self, Self::SyslogUdp | Self::GelfUdp)
    }
}

impl fmt::Display for ListenerProtocol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self, f)
    }
}

/// The rule that no two listeners share a port of the Service.
pub(super) fn ports_differ() -> String {
    let usual: Vec<_> = ListenerProtocol::ALL.iter().map(|one| format!("'{one}': {}", one.port())).collect();
    let port = |of: &str| format!("(has({of}.port) ? {of}.port : {{{}}}[{of}.protocol])", usual.join(", "));
    format!(
        "self.all(a, self.exists_one(b, a.protocol.endsWith('Udp') == b.protocol.endsWith('Udp') && {} == {}))",
        port("a"),
        port("b")
    )
}
