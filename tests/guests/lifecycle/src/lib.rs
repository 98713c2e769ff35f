//! Is started and stopped, each instance and the deployment; `fail = "true"` in
//! its configuration makes the start of an instance fail, `fail = "deployment"`
//! that of the deployment.

use std::cell::RefCell;

use counted::{Counted, Started};
use ostler_guest::{DeploymentLifecycle, Lifecycle, Status, log};

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
        if fails(&config, "true") {
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
        if fails(&config, "deployment") {
            return Err(Status::failed_precondition("told to fail as a whole"));
        }
        log::info!(keys = config.len(), "deployment started");
        Ok(())
    }

    fn stop() {
        log::info!("deployment stopped");
    }
}

fn fails(config: &[(String, String)], what: &str) -> bool {
    let mut pairs = config.iter();
    pairs.any(|(key, value)| key == "fail" && value == what)
}
