//! Is started and stopped, each instance and the deployment; `fail = "true"` in
//! its configuration makes the start of an instance fail, `fail = "deployment"`
//! that of the deployment, and `slow = "true"` makes the former take two seconds.

use std::cell::RefCell;
use std::time::Duration;

use counted::{Counted, Started};
use ostler_guest::{DeploymentLifecycle, Lifecycle, Status, log, poll};

ostler_guest::service!("wit");

thread_local! {
    static STATE: RefCell<Started> = const {
        RefCell::new(Started {
            starts: 0,
            config: Vec::new(),
        })
    };
}

struct Service;

impl Counted for Service {
    fn state() -> Started {
        STATE.with_borrow(Started::clone)
    }
}

impl Lifecycle for Service {
    fn start(config: Vec<(String, String)>) -> Result<(), Status> {
        if has(&config, "slow", "true") {
            log::info!("starting");
            poll::sleep(Duration::from_secs(2));
        }
        if has(&config, "fail", "true") {
            return Err(Status::failed_precondition("told to fail"));
        }
        log::info!(keys = config.len(), "started");
        STATE.with_borrow_mut(|state| {
            state.starts += 1;
            state.config = config
                .into_iter()
                .map(|(key, value)| format!("{key}={value}"))
                .collect();
        });
        Ok(())
    }

    fn stop() {
        log::info!("stopped");
    }
}

impl DeploymentLifecycle for Service {
    fn start(config: Vec<(String, String)>) -> Result<(), Status> {
        if has(&config, "fail", "deployment") {
            return Err(Status::failed_precondition("told to fail as a whole"));
        }
        log::info!(keys = config.len(), "deployment started");
        Ok(())
    }

    fn stop() {
        log::info!("deployment stopped");
    }
}

fn has(config: &[(String, String)], key: &str, value: &str) -> bool {
    config.iter().any(|(k, v)| k == key && v == value)
}
