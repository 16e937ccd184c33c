/// A format and its transport, as metrics and receipts name it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Protocol {
    Json,
    Text,
    Bulk,
    OtlpHttp,
    OtlpGrpc,
    Loki,
    Hec,
    Datadog,
    Journal,
    Jsonline,
    GelfHttp,
    GelfTcp,
    GelfUdp,
    SyslogTcp,
    SyslogTls,
    SyslogUdp,
    Relp,
    Forward,
    Lumberjack,
    Canary,
}

impl Protocol {
    pub const ALL: [Self; 20] = [
        Self::Json,
        Self::Text,
        Self::Bulk,
        Self::OtlpHttp,
        Self::OtlpGrpc,
        Self::Loki,
        Self::Hec,
        Self::Datadog,
        Self::Journal,
        Self::Jsonline,
        Self::GelfHttp,
        Self::GelfTcp,
        Self::GelfUdp,
        Self::SyslogTcp,
        Self::SyslogTls,
        Self::SyslogUdp,
        Self::Relp,
        Self::Forward,
        Self::Lumberjack,
        Self::Canary,
    ];

    pub fn labelled(label: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|protocol| protocol.label() == label)
    }

    pub fn label(self) -> &'static str {
        match self {
            Self::Json => "json",
            Self::Text => "text",
            Self::Bulk => "bulk",
            Self::OtlpHttp => "otlp_http",
            Self::OtlpGrpc => "otlp_grpc",
            Self::Loki => "loki",
            Self::Hec => "hec",
            Self::Datadog => "datadog",
            Self::Journal => "journal",
            Self::Jsonline => "jsonline",
            Self::GelfHttp => "gelf_http",
            Self::GelfTcp => "gelf_tcp",
            Self::GelfUdp => "gelf_udp",
            Self::SyslogTcp => "syslog_tcp",
            Self::SyslogTls => "syslog_tls",
            Self::SyslogUdp => "syslog_udp",
            Self::Relp => "relp",
            Self::Forward => "forward",
            Self::Lumberjack => "lumberjack",
            Self::Canary => "canary",
        }
    }

    /// How many bytes of the log one byte of a request usually becomes: formats are compact to different degrees.
    pub(super) fn usual_growth(self) -> usize {
        match self {
            Self::Loki => 8,
            Self::OtlpHttp | Self::OtlpGrpc => 3,
            _ => 2,
        }
    }
}
