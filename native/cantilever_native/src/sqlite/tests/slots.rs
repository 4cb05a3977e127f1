use std::panic::{AssertUnwindSafe, catch_unwind};

use super::*;

#[test]
fn a_value_is_for_one_call_at_a_time() {
    let slot = Slot::new(7);
    let inner = slot.run(None, |value| {
        *value += 1;
        slot.run(None, |_| ()).unwrap_err()
    });
    assert_eq!(inner, Ok(Unavailable::InUse));
    assert_eq!(slot.run(None, |value| *value), Ok(8));
}

#[test]
fn a_lease_ends_with_the_next_one() {
    let slot = Slot::new(());
    let first = slot.lend().unwrap();
    assert_eq!(slot.run(Some(first), |_| ()), Ok(()));
    let second = slot.lend().unwrap();
    assert_eq!(slot.run(Some(first), |_| ()), Err(Unavailable::Stale));
    assert_eq!(slot.run(Some(second), |_| ()), Ok(()));
    assert_eq!(
        slot.run(Some(second), |_| slot.lend()),
        Ok(Err(Unavailable::InUse))
    );
}

#[test]
fn a_value_is_closed_after_the_call_that_has_it() {
    let value = Arc::new(());
    let slot = Slot::new(Arc::clone(&value));
    let count = slot.run(None, |_| {
        slot.close();
        slot.close();
        Arc::strong_count(&value)
    });
    assert_eq!(count, Ok(2));
    assert_eq!(Arc::strong_count(&value), 1);
    assert_eq!(slot.run(None, |_| ()), Err(Unavailable::Closed));
    assert_eq!(slot.lend(), Err(Unavailable::Closed));
}

#[test]
fn a_value_is_lost_with_a_panic() {
    let value = Arc::new(());
    let slot = Slot::new(Arc::clone(&value));
    let panicking = AssertUnwindSafe(|| slot.run(None, |_| panic!("on purpose")));
    assert!(catch_unwind(panicking).is_err());
    assert_eq!(Arc::strong_count(&value), 1);
    assert_eq!(slot.run(None, |_| ()), Err(Unavailable::Closed));
}
