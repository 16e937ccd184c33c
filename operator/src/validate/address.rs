//! Addresses of a cluster.

/// The parts of an address, as `https://elasticsearch:9200/path`.
struct Parts<'a> {
    scheme: &'a str,
    host: &'a str,
    /// With its colon, or nothing.
    port: &'a str,
    path: &'a str,
}

fn parts(url: &str) -> Parts<'_> {
    let (scheme, rest) = url.trim().split_once("://").unwrap_or(("http", url.trim()));
    let (authority, path) = rest.find('/').map_or((rest, ""), |at| rest.split_at(at));
    // The last colon of an IPv6 address stands within brackets.
    let (host, port) = match authority.rfind(':') {
        Some(at) if !authority.ends_with(']') => authority.split_at(at),
        _ => (authority, ""),
    };
    Parts { scheme, host, port, path }
}

/// An address as it is understood everywhere: a name without dots is that of a Service beside the pipeline, which only pods of the same
/// namespace find by that name. The operator is in another.
pub(super) fn in_namespace(url: &str, namespace: &str) -> String {
    let Parts { scheme, host, port, path } = parts(url);
    if host.is_empty() || host.contains(['.', '[']) || host == "localhost" {
        return format!("{scheme}://{host}{port}{path}");
    }
    format!("{scheme}://{host}.{namespace}.svc{port}{path}")
}

/// Host and port as they are written, in lower case.
pub(super) fn authority(url: &str) -> String {
    let Parts { host, port, .. } = parts(url);
    format!("{host}{port}").to_ascii_lowercase()
}

pub(crate) fn port_of(url: &str) -> i32 {
    let Parts { scheme, port, .. } = parts(url);
    let usual = if scheme == "https" { 443 } else { 80 };
    port.strip_prefix(':').and_then(|port| port.parse().ok()).unwrap_or(usual)
}

#[cfg(test)]
mod tests {
    use super::{in_namespace, port_of};

    #[test]
    fn names_without_dots_are_services_beside_the_pipeline() {
        for (written, understood) in [
            ("http://es:9200", "http://es.shop.svc:9200"),
            ("https://es", "https://es.shop.svc"),
            ("https://es/logs/", "https://es.shop.svc/logs/"),
            ("https://es:9200/a:b", "https://es.shop.svc:9200/a:b"),
            ("https://es.search:9200", "https://es.search:9200"),
            ("https://es.example.com/x", "https://es.example.com/x"),
            ("http://10.0.0.7:9200", "http://10.0.0.7:9200"),
            ("http://localhost:9200", "http://localhost:9200"),
            ("http://[::1]:9200", "http://[::1]:9200"),
            ("http://[::1]", "http://[::1]"),
        ] {
            assert_eq!(in_namespace(written, "shop"), understood, "{written}");
        }
    }

    #[test]
    fn ports_are_those_of_the_addresses() {
        for (url, port) in [
            ("http://es:9200", 9200),
            ("https://es.example/path:1", 443),
            ("http://es", 80),
            ("https://[::1]:9201/", 9201),
            ("https://[::1]", 443),
        ] {
            assert_eq!(port_of(url), port, "{url}");
        }
    }
}
