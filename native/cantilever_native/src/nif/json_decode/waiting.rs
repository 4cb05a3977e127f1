//! What takes longer than a slice.

use cantilever::{OwnTermBuilder, checkpoint, offload};

use super::decimal;
use super::terms::{Building, Waiting, check_keys, end_ordered_object, map};
use crate::json::decode::{Problem, parse_integer};

/// How many elements are put into a list between two checkpoints: some 2 µs of work.
const ELEMENTS: usize = 256;

/// Does what the parser has stopped for.
pub(super) async fn settle(
    builder: &mut OwnTermBuilder,
    building: &mut Building,
) -> Result<(), Problem> {
    let duplicates = building.options.duplicates;
    match std::mem::replace(&mut building.waiting, Waiting::Nothing) {
        Waiting::Nothing => Ok(()),
        Waiting::List(count) => {
            list(builder, count).await;
            Ok(())
        }
        Waiting::OrderedObject(count) => {
            offload(|| check_keys(builder, count, duplicates)).await?;
            ordered_object(builder, count).await;
            Ok(())
        }
        // These the VM has no way to cut.
        Waiting::Map(count) => offload(|| map(builder, count, duplicates)).await,
        Waiting::Decimal(text) => offload(|| decimal::push(builder, &text)).await,
        Waiting::Integer(text) => {
            offload(|| builder.push(&parse_integer(&text))).await;
            Ok(())
        }
    }
}

/// Replaces `count` values by the list of them.
pub(super) async fn list(builder: &mut OwnTermBuilder, mut count: usize) {
    builder.list(0);
    while count > 0 {
        let some = count.min(ELEMENTS);
        builder.prepend(some);
        count -= some;
        checkpoint().await;
    }
}

async fn ordered_object(builder: &mut OwnTermBuilder, mut count: usize) {
    builder.list(0);
    while count > 0 {
        let some = count.min(ELEMENTS);
        builder.prepend_pairs(some);
        count -= some;
        checkpoint().await;
    }
    end_ordered_object(builder);
}
