//! Is started and stopped; `fail = "true"` in its configuration makes the
//! start fail.

use std::cell::RefCell;

use counted::{Counted, Started};
use ostler_guest::{Lifecycle, Status, log};

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
        let fails = config
            .iter()
            .any(|(key, value)| key == "fail" && value == "true");
        if fails {
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
