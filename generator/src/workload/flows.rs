//! What users do: requests as trees of calls between services.

use super::services::{
    AUTH, BROKER, CACHE, CART, CATALOG, CHECKOUT, FRAUD, GATEWAY, INVENTORY, NOTIFICATIONS, ORDERS_DB,
    PAYMENTS, PRICING, RECOMMENDATIONS, SEARCH, SHIPPING, USERS, USERS_DB,
};

/// One call: the service, and the position of its caller in the flow. A caller comes before its calls.
pub(crate) type Call = (usize, usize);

#[derive(Debug)]
pub(crate) struct Flow {
    pub(crate) method: &'static str,
    pub(crate) path: &'static str,
    pub(crate) weight: u64,
    /// The first is the gateway's own span.
    pub(crate) calls: &'static [Call],
}

pub(crate) const FLOWS: [Flow; 9] = [
    Flow {
        method: "GET",
        path: "/api/v1/products/$sku",
        weight: 24,
        calls: &[(GATEWAY, 0), (CATALOG, 0), (CACHE, 1), (PRICING, 1)],
    },
    Flow { method: "GET", path: "/api/v1/search?q=$word", weight: 18, calls: &[(GATEWAY, 0), (SEARCH, 0)] },
    Flow {
        method: "GET",
        path: "/api/v1/recommendations",
        weight: 12,
        calls: &[(GATEWAY, 0), (AUTH, 0), (RECOMMENDATIONS, 0), (CATALOG, 2)],
    },
    Flow {
        method: "POST",
        path: "/api/v1/carts/$uuid/items",
        weight: 14,
        calls: &[(GATEWAY, 0), (AUTH, 0), (CART, 0), (CACHE, 2), (INVENTORY, 2)],
    },
    Flow {
        method: "POST",
        path: "/api/v1/checkout",
        weight: 9,
        calls: &[
            (GATEWAY, 0),
            (AUTH, 0),
            (CHECKOUT, 0),
            (CART, 2),
            (PRICING, 2),
            (FRAUD, 2),
            (PAYMENTS, 2),
            (ORDERS_DB, 6),
            (INVENTORY, 2),
            (BROKER, 2),
        ],
    },
    Flow {
        method: "GET",
        path: "/api/v1/orders/$order",
        weight: 8,
        calls: &[(GATEWAY, 0), (AUTH, 0), (CHECKOUT, 0), (ORDERS_DB, 2)],
    },
    Flow {
        method: "PUT",
        path: "/api/v1/users/$user",
        weight: 4,
        calls: &[(GATEWAY, 0), (AUTH, 0), (USERS, 0), (USERS_DB, 2)],
    },
    Flow {
        method: "POST",
        path: "/api/v1/sessions",
        weight: 7,
        calls: &[(GATEWAY, 0), (AUTH, 0), (USERS_DB, 1), (CACHE, 1)],
    },
    Flow {
        method: "POST",
        path: "/internal/shipments",
        weight: 4,
        calls: &[(GATEWAY, 0), (SHIPPING, 0), (ORDERS_DB, 1), (NOTIFICATIONS, 1), (BROKER, 1)],
    },
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flow_starts_at_the_gateway_and_callers_come_first() {
        for flow in &FLOWS {
            assert_eq!(flow.calls[0], (GATEWAY, 0));
            assert!(flow.calls.len() > 1 && flow.calls.len() <= 16, "{}", flow.path);
            for (position, (_, caller)) in flow.calls.iter().enumerate().skip(1) {
                assert!(*caller < position, "{}", flow.path);
            }
        }
    }
}
