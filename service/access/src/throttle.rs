//! Slows down who guesses passwords: by the name they try and by the address they come from.

use std::collections::HashMap;
use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher, Hash};
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Wrong passwords that cost nothing: people mistype.
const FREE_BY_USER: u32 = 5;
/// More, since many people may share an address, as behind a proxy.
const FREE_BY_ADDRESS: u32 = 30;
const FIRST_DELAY: Duration = Duration::from_secs(1);
const LONGEST_DELAY: Duration = Duration::from_secs(60);
/// After so long without a failure, it is as if there had been none.
const FORGOTTEN: Duration = Duration::from_secs(15 * 60);
/// Names, and addresses, that are remembered.
const REMEMBERED: usize = 10_000;

/// What failed lately. Attempts are counted when they begin, so that many at once gain nothing.
#[derive(Debug)]
pub struct Throttle {
    seen: Mutex<Seen>,
    /// Names may be long and anything: their hashes are kept.
    names: RandomState,
}

#[derive(Debug)]
struct Seen {
    users: Table<u64>,
    addresses: Table<IpAddr>,
}

impl Default for Throttle {
    fn default() -> Self {
        let seen = Seen { users: Table::new(FREE_BY_USER), addresses: Table::new(FREE_BY_ADDRESS) };
        Self { seen: Mutex::new(seen), names: RandomState::new() }
    }
}

impl Throttle {
    /// Begins an attempt to sign in as `user`.
    ///
    /// # Errors
    /// How long to wait before the next one is looked at; this one is not, and does not count.
    pub fn begin(&self, user: &str, address: IpAddr, now: Instant) -> Result<(), Duration> {
        let (user, address) = (self.names.hash_one(user), network(address));
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let wait = seen.users.wait(user, now).max(seen.addresses.wait(address, now));
        if !wait.is_zero() {
            return Err(wait);
        }
        seen.users.count(user, now);
        seen.addresses.count(address, now);
        Ok(())
    }

    /// The attempt was no failure. The address keeps its earlier ones: who knows one password may guess at others.
    pub fn succeeded(&self, user: &str, address: IpAddr) {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        seen.users.failures.remove(&self.names.hash_one(user));
        seen.addresses.take_back(network(address));
    }

    /// The password was not looked at.
    pub fn abandoned(&self, user: &str, address: IpAddr) {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        seen.users.take_back(self.names.hash_one(user));
        seen.addresses.take_back(network(address));
    }
}

/// Who has one address of IPv6 has its whole network of 64 bits.
fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => {
            let [a, b, c, d, ..] = address.segments();
            IpAddr::V6(Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0))
        }
        address => address,
    }
}

#[derive(Debug, Clone, Copy)]
struct Failures {
    count: u32,
    last: Instant,
    /// Attempts before that time are not looked at.
    until: Instant,
}

#[derive(Debug)]
struct Table<K> {
    free: u32,
    failures: HashMap<K, Failures>,
}

impl<K: Eq + Hash + Copy> Table<K> {
    fn new(free: u32) -> Self {
        Self { free, failures: HashMap::new() }
    }

    fn wait(&self, key: K, now: Instant) -> Duration {
        let failures = self.failures.get(&key);
        failures.map(|failures| failures.until.saturating_duration_since(now)).unwrap_or_default()
    }

    fn count(&mut self, key: K, now: Instant) {
        if !self.failures.contains_key(&key) && self.failures.len() >= REMEMBERED {
            self.make_room(now);
        }
        let failures = self.failures.entry(key).or_insert(Failures { count: 0, last: now, until: now });
        if now.saturating_duration_since(failures.last) >= FORGOTTEN {
            failures.count = 0;
        }
        failures.last = now;
        failures.set(failures.count.saturating_add(1), self.free);
    }

    fn take_back(&mut self, key: K) {
        if let Some(failures) = self.failures.get_mut(&key) {
            failures.set(failures.count.saturating_sub(1), self.free);
        }
    }

    /// Forgets what may be forgotten, and where that is nothing, whoever failed longest ago.
    fn make_room(&mut self, now: Instant) {
        self.failures.retain(|_, failures| now.saturating_duration_since(failures.last) < FORGOTTEN);
        if self.failures.len() < REMEMBERED {
            return;
        }
        let oldest = self.failures.iter().min_by_key(|(_, failures)| failures.last).map(|(key, _)| *key);
        if let Some(key) = oldest {
            self.failures.remove(&key);
        }
    }
}

impl Failures {
    fn set(&mut self, count: u32, free: u32) {
        self.count = count;
        self.until = self.last + delay(count, free);
    }
}

/// How long nothing is looked at after so many failures: twice as long after each.
fn delay(failures: u32, free: u32) -> Duration {
    match failures.saturating_sub(free) {
        0 => Duration::ZERO,
        beyond => FIRST_DELAY.saturating_mul(1 << (beyond - 1).min(16)).min(LONGEST_DELAY),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HERE: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 1));

    fn elsewhere(number: u32) -> IpAddr {
        IpAddr::from((0x0a00_0000 + number).to_be_bytes())
    }

    impl Throttle {
        fn wait(&self, user: &str, now: Instant) -> Duration {
            self.seen.lock().unwrap().users.wait(self.names.hash_one(user), now)
        }
    }

    #[test]
    fn each_failure_beyond_the_first_doubles_the_wait_up_to_a_minute() {
        let throttle = Throttle::default();
        let mut now = Instant::now();
        let mut waits = Vec::new();
        for attempt in 0..14 {
            assert_eq!(throttle.begin("ada", elsewhere(attempt), now), Ok(()));
            let wait = throttle.wait("ada", now);
            waits.push(wait.as_secs());
            now += wait;
        }
        assert_eq!(waits, [0, 0, 0, 0, 0, 1, 2, 4, 8, 16, 32, 60, 60, 60]);
    }

    #[test]
    fn what_is_refused_does_not_count_and_time_alone_ends_the_wait() {
        let throttle = Throttle::default();
        let now = Instant::now();
        for _ in 0..=FREE_BY_USER {
            assert_eq!(throttle.begin("ada", HERE, now), Ok(()));
        }
        for _ in 0..1_000 {
            assert_eq!(throttle.begin("ada", HERE, now), Err(FIRST_DELAY));
        }
        let half = FIRST_DELAY / 2;
        assert_eq!(throttle.begin("ada", HERE, now + half), Err(half));
        assert_eq!(throttle.begin("eve", HERE, now), Ok(()), "others are not held up");
        assert_eq!(throttle.begin("ada", HERE, now + FIRST_DELAY), Ok(()));
        assert_eq!(throttle.begin("ada", HERE, now + FIRST_DELAY), Err(FIRST_DELAY * 2));
    }

    #[test]
    fn an_address_that_tries_many_names_is_slowed_down_whatever_it_knows() {
        let throttle = Throttle::default();
        let now = Instant::now();
        for attempt in 0..=FREE_BY_ADDRESS {
            assert_eq!(throttle.begin(&format!("user-{attempt}"), HERE, now), Ok(()));
            // With a password of its own it would be no better off.
            if attempt < FREE_BY_ADDRESS {
                throttle.begin("mallory", HERE, now).unwrap();
                throttle.succeeded("mallory", HERE);
            }
        }
        assert_eq!(throttle.begin("another", HERE, now), Err(FIRST_DELAY));
        assert_eq!(throttle.begin("another", elsewhere(1), now), Ok(()));
    }

    #[test]
    fn the_right_password_makes_the_wrong_ones_forgotten() {
        let throttle = Throttle::default();
        let now = Instant::now();
        for round in 0..10 {
            for _ in 0..FREE_BY_USER {
                assert_eq!(throttle.begin("ada", elsewhere(round), now), Ok(()));
            }
            throttle.succeeded("ada", elsewhere(round));
        }
    }

    #[test]
    fn what_was_not_looked_at_does_not_count() {
        let throttle = Throttle::default();
        let now = Instant::now();
        for _ in 0..100 {
            assert_eq!(throttle.begin("ada", HERE, now), Ok(()));
            throttle.abandoned("ada", HERE);
        }
    }

    #[test]
    fn a_quarter_of_an_hour_makes_them_forgotten_too() {
        let throttle = Throttle::default();
        let mut now = Instant::now();
        for attempt in 0..FREE_BY_USER + 4 {
            assert_eq!(throttle.begin("ada", elsewhere(attempt), now), Ok(()));
            now += throttle.wait("ada", now);
        }
        now += FORGOTTEN;
        for _ in 0..FREE_BY_USER {
            assert_eq!(throttle.begin("ada", HERE, now), Ok(()));
            assert_eq!(throttle.wait("ada", now), Duration::ZERO);
        }
    }

    #[test]
    fn addresses_of_one_network_of_ipv6_are_one_and_those_of_ipv4_are_the_same_in_both_spellings() {
        let address = |text: &str| network(text.parse().unwrap());
        assert_eq!(address("2001:db8:1:2:3:4:5:6"), address("2001:db8:1:2::9"));
        assert_ne!(address("2001:db8:1:2::9"), address("2001:db8:1:3::9"));
        assert_eq!(address("::ffff:192.0.2.1"), HERE);
    }

    #[test]
    fn no_number_of_names_and_addresses_takes_more_memory_than_is_set() {
        let throttle = Throttle::default();
        let started = Instant::now();
        let count = u32::try_from(REMEMBERED).unwrap() + 200;
        for number in 0..count {
            let now = started + Duration::from_millis(number.into());
            throttle.begin(&format!("user-{number}"), elsewhere(number), now).unwrap();
        }
        let kept = |number: u32| throttle.names.hash_one(format!("user-{number}"));
        let seen = throttle.seen.lock().unwrap();
        assert_eq!((seen.users.failures.len(), seen.addresses.failures.len()), (REMEMBERED, REMEMBERED));
        assert!(!seen.users.failures.contains_key(&kept(0)), "the oldest go first");
        assert!(seen.users.failures.contains_key(&kept(count - 1)));
    }
}
