//! How many connections are open, in all and by address.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Counts connections against their limits.
#[derive(Debug)]
pub(super) struct Caps {
    total: usize,
    per_ip: usize,
    open: Mutex<Open>,
}

#[derive(Debug, Default)]
struct Open {
    total: usize,
    by_ip: HashMap<IpAddr, usize>,
}

/// The place of one connection; given back when dropped.
#[derive(Debug)]
pub(super) struct Permit {
    caps: Arc<Caps>,
    ip: IpAddr,
}

impl Caps {
    pub(super) fn new(total: usize, per_ip: usize) -> Arc<Self> {
        Arc::new(Self {
            total,
            per_ip,
            open: Mutex::default(),
        })
    }

    /// A place for one more connection from `ip`, if the limits allow it.
    pub(super) fn admit(self: &Arc<Self>, ip: IpAddr) -> Option<Permit> {
        let mut open = self.lock();
        let of_ip = open.by_ip.get(&ip).copied().unwrap_or(0);
        if open.total >= self.total || of_ip >= self.per_ip {
            return None;
        }
        open.total += 1;
        open.by_ip.insert(ip, of_ip + 1);
        Some(Permit {
            caps: Arc::clone(self),
            ip,
        })
    }

    /// Connections open now.
    pub(super) fn connections(&self) -> usize {
        self.lock().total
    }

    fn lock(&self) -> MutexGuard<'_, Open> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        let mut open = self.caps.lock();
        open.total -= 1;
        let left = open.by_ip.get(&self.ip).map_or(0, |n| n - 1);
        if left == 0 {
            open.by_ip.remove(&self.ip);
        } else {
            open.by_ip.insert(self.ip, left);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_limits_hold_and_places_come_back() {
        let (a, b) = (IpAddr::from([127, 0, 0, 1]), IpAddr::from([127, 0, 0, 2]));
        let caps = Caps::new(3, 2);
        let first = caps.admit(a).unwrap();
        let _second = caps.admit(a).unwrap();
        assert!(caps.admit(a).is_none(), "two from one address");
        let _third = caps.admit(b).unwrap();
        assert!(caps.admit(b).is_none(), "three in all");
        drop(first);
        assert_eq!(caps.connections(), 2);
        assert!(caps.admit(a).is_some());
    }
}
