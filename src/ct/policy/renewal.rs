//! What to do about a log list that is too old, where anything can be done.

use super::JudgedList;
use crate::ct::log_list::Program;
use crate::ct::log_table::Dating;

/// How to come by a newer list of a programme; `None` where none would be of the time that was judged.
pub fn newer_list(program: Program, list: &JudgedList) -> Option<&'static str> {
    if list.superseded {
        return None;
    }
    Some(match (program, list.dating) {
        // Mozilla publishes no list but Firefox itself: there is nothing to fetch.
        (Program::Mozilla, _) => {
            "For Mozilla, use a newer pinstead, or give a copy of its list with --log-list mozilla=FILE."
        }
        (_, Dating::NewestChange) => "Run `pinstead logs update`, which records when the list was seen.",
        (_, Dating::Known) => "Run `pinstead logs update`, or give a newer list with --log-list.",
    })
}
