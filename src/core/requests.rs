//! Under construction.
use super::engine::{Engine, Waiting};
use super::session::{SessionId, Stage};
use crate::proto::event::Problem;
use crate::proto::ids::Millis;
use crate::proto::limits::{LARGE_ANSWERS_MAX, PAGE_DEFAULT_MESSAGES, PAGE_MAX_MESSAGES};
use crate::proto::request::Request;
impl Engine {
    pub(super) fn request(&mut self, session: SessionId, request: Request, _now: Millis) {
        let _ = (session, request, LARGE_ANSWERS_MAX, PAGE_DEFAULT_MESSAGES, PAGE_MAX_MESSAGES);
        let _: Option<(Stage, Waiting, Problem)> = None;
    }
}
