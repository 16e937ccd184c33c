//! The simulated system: its services, and how each of them logs.

mod platform;
mod shop;

use logpipeline_model::Level;

/// What a service is written in; it decides its stack traces and how it spells levels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Runtime {
    Go,
    Java,
    Python,
    Rust,
    /// Databases, brokers and the operating system: no stack traces.
    Native,
}

/// A template of a line: level, weight, message, metadata.
pub(crate) type Line = (Level, u64, &'static str, &'static str);

#[derive(Debug)]
pub(crate) struct Service {
    pub(crate) name: &'static str,
    pub(crate) runtime: Runtime,
    pub(crate) replicas: u64,
    /// Typical time of its own work in a request, in microseconds.
    pub(crate) own_micros: u64,
    /// How often, of a thousand spans, it writes lines of debug or trace level.
    pub(crate) verbose: u64,
    /// How often, of a thousand spans, it fails on a good day.
    pub(crate) failing: u64,
    /// Lines written while it serves a request.
    pub(crate) work: &'static [Line],
    /// Lines written by itself.
    pub(crate) idle: &'static [Line],
}

pub(crate) const GATEWAY: usize = 0;
pub(crate) const AUTH: usize = 1;
pub(crate) const USERS: usize = 2;
pub(crate) const CATALOG: usize = 3;
pub(crate) const SEARCH: usize = 4;
pub(crate) const CART: usize = 5;
pub(crate) const CHECKOUT: usize = 6;
pub(crate) const PAYMENTS: usize = 7;
pub(crate) const FRAUD: usize = 8;
pub(crate) const INVENTORY: usize = 9;
pub(crate) const PRICING: usize = 10;
pub(crate) const SHIPPING: usize = 11;
pub(crate) const NOTIFICATIONS: usize = 12;
pub(crate) const RECOMMENDATIONS: usize = 13;
pub(crate) const ORDERS_DB: usize = 14;
pub(crate) const USERS_DB: usize = 15;
pub(crate) const CACHE: usize = 16;
pub(crate) const BROKER: usize = 17;

pub(crate) const SERVICES: [Service; 20] = [
    shop::WEB_GATEWAY,
    shop::AUTH,
    shop::USERS,
    shop::CATALOG,
    shop::SEARCH,
    shop::CART,
    shop::CHECKOUT,
    shop::PAYMENTS,
    shop::FRAUD,
    shop::INVENTORY,
    shop::PRICING,
    shop::SHIPPING,
    shop::NOTIFICATIONS,
    shop::RECOMMENDATIONS,
    platform::ORDERS_DB,
    platform::USERS_DB,
    platform::CACHE,
    platform::BROKER,
    platform::REPORTS,
    platform::NODES,
];

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn positions_name_their_services_and_names_are_unique() {
        for (position, name) in [
            (GATEWAY, "web-gateway"),
            (AUTH, "auth"),
            (USERS, "users"),
            (CATALOG, "catalog"),
            (SEARCH, "search"),
            (CART, "cart"),
            (CHECKOUT, "checkout"),
            (PAYMENTS, "payments"),
            (FRAUD, "fraud"),
            (INVENTORY, "inventory"),
            (PRICING, "pricing"),
            (SHIPPING, "shipping"),
            (NOTIFICATIONS, "notifications"),
            (RECOMMENDATIONS, "recommendations"),
            (ORDERS_DB, "orders-db"),
            (USERS_DB, "users-db"),
            (CACHE, "cache"),
            (BROKER, "broker"),
        ] {
            assert_eq!(SERVICES[position].name, name);
        }
        let names: HashSet<&str> = SERVICES.iter().map(|service| service.name).collect();
        assert_eq!(names.len(), SERVICES.len());
    }
}
