//! Addresses of a cluster.

/// An address as it is understood everywhere: a name without dots is that of a Service beside the pipeline, which only pods of the same
/// namespace find by that name. The operator is in another.
pub(super) fn in_namespace(url: &str, namespace: &str) -> String {
    let (scheme, rest) = url.trim().split_once("://").unwrap_or(("http", url.trim()));
    let (authority, path) = rest.find('/').map_or((rest, ""), |at| rest.split_at(at));
    // The last colon of an IPv6 address stands within brackets.
    let (host, port) = match authority.rfind(':') {
        Some(at) if !authority.ends_with(']') => authority.split_at(at),
        _ => (authority, ""),
    };
    if host.is_empty() || host.contains(['.', '[']) || host == "localhost" {
        return format!("{scheme}://{authority}{path}");
    }
    format!("{scheme}://{host}.{namespace}.svc{port}{path}")
}

#[cfg(test)]
mod tests {
    use super::in_namespace;

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
}
