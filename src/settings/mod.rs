//! What a person has chosen for the windows on this computer, and where windows were: kept between starts.
//!
//! [`values`] is what there is to choose, with defaults and limits, and touches no file; [`store`] keeps it in
//! `settings.json`.

pub mod store;
pub mod values;
