//! Words that fill the templates. None needs an escape in JSON.

pub(crate) const PEOPLE: &[&str] = &[
    "Ada Osei",
    "Björn Ångström",
    "Chloé Lefèvre",
    "Dmitri Иванов",
    "Eun-ji 김",
    "Fatima الزهراء",
    "Grace Miller",
    "Hiroshi 田中",
    "Inés Muñoz",
    "Jonas Weiß",
    "Kofi Mensah",
    "李雷",
    "Maria Silva",
    "Nguyễn Văn An",
    "Olga Petrova",
    "Priya Sharma",
];

pub(crate) const CITIES: &[&str] =
    &["Accra", "Berlin", "København", "Lyon", "München", "Osaka", "São Paulo", "Toronto", "Zürich", "東京"];

pub(crate) const ITEMS: &[&str] = &[
    "crème brûlée torch",
    "desk lamp",
    "espresso cups (6)",
    "hiking socks",
    "jasmine tea 茉莉花茶",
    "linen shirt",
    "mechanical keyboard",
    "notebook A5",
    "party hats 🎉",
    "rain jacket",
    "trail shoes",
    "wool blanket",
];

pub(crate) const SEARCHES: &[&str] = &[
    "blue jacket",
    "café grinder",
    "desk",
    "gift card",
    "keyboard iso",
    "lamp e27",
    "schöne tassen",
    "socks wool",
    "tea",
    "зимняя куртка",
    "登山靴",
];

pub(crate) const TABLES: &[&str] = &[
    "accounts",
    "cart_items",
    "invoices",
    "orders",
    "order_lines",
    "outbox",
    "payments",
    "sessions",
    "stock",
];

pub(crate) const TOPICS: &[&str] = &[
    "orders.created",
    "orders.paid",
    "payments.settled",
    "shipments.booked",
    "stock.changed",
    "users.signed-up",
];

pub(crate) const AGENTS: &[&str] = &[
    "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X)",
    "okhttp/4.12.0",
    "ShopApp/7.3 (Android 15)",
    "curl/8.14.1",
    "Googlebot/2.1 (+http://www.google.com/bot.html)",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_word_needs_an_escape() {
        for word in [PEOPLE, CITIES, ITEMS, SEARCHES, TABLES, TOPICS, AGENTS].concat() {
            assert_eq!(serde_json::to_string(word).unwrap(), format!("\"{word}\""));
        }
    }
}
