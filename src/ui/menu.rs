//! The menu of something in a list: by a right click where the pointer is, and by keyboard beside what has the focus.
//! Opened by keyboard, its first entry has the focus, Up and Down go through it, and Esc leads back.

use egui::{Color32, EventFilter, Id, Key, Modifiers, Popup, Response, SetOpenCommand, Ui};
use lucide_icons::Icon;

use super::shortcuts::Press;
use super::{controls, keycaps};

/// How wide such a menu is.
const WIDTH: f32 = 260.0;

/// An entry of a menu.
#[derive(Clone, Copy, Debug)]
pub struct Entry<'a> {
    /// Its sign.
    pub sign: Icon,
    /// Its words.
    pub label: &'a str,
    /// Their colour.
    pub color: Color32,
    /// The key that does the same.
    pub press: Option<Press>,
}

/// How far a menu has come that was opened by keyboard.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Stage {
    /// A menu takes a frame to find its size, and nothing in it can have the focus before.
    Opened,
    /// The focus is in it, or was.
    Entered,
}

/// Whether somebody wants the menu of what has the focus.
fn pressed(ui: &Ui, response: &Response) -> bool {
    response.has_focus()
        && ui.input_mut(|input| {
            input.consume_key(Modifiers::NONE, Key::Menu) || input.consume_key(Modifiers::SHIFT, Key::F10)
        })
}

/// The menu of something. `entries` is asked only while it is open. Returns which entry was chosen.
pub fn of<'a>(ui: &Ui, response: &Response, entries: impl FnOnce() -> Vec<Entry<'a>>) -> Option<usize> {
    let pressed = pressed(ui, response);
    opened(ui, response, pressed, entries)
}

/// The menu of a button in a row: opened by pressing the button, and by a right click anywhere in the row.
pub fn of_button<'a>(
    ui: &Ui,
    response: &Response,
    row: &Response,
    entries: impl FnOnce() -> Vec<Entry<'a>>,
) -> Option<usize> {
    let is_open = Popup::is_id_open(ui.ctx(), Popup::default_response_id(response));
    let in_row = row.contains_pointer() && ui.input(|input| input.pointer.secondary_clicked());
    let pressed = pressed(ui, response) || ((response.clicked() || in_row) && !is_open);
    opened(ui, response, pressed, entries)
}

fn opened<'a>(ui: &Ui, response: &Response, pressed: bool, entries: impl FnOnce() -> Vec<Entry<'a>>) -> Option<usize> {
    let id = Popup::default_response_id(response);
    let stage: Option<Stage> = ui.data(|data| data.get_temp(id));
    if pressed {
        ui.data_mut(|data| data.insert_temp(id, Stage::Opened));
    } else if stage.is_some() && !Popup::is_id_open(ui.ctx(), id) {
        ui.data_mut(|data| data.remove::<Stage>(id));
        if ui.memory(|memory| memory.focused().is_none()) {
            response.request_focus();
        }
    }
    let menu = match (pressed, stage.is_some()) {
        (true, _) => Popup::menu(response).open_memory(Some(SetOpenCommand::Bool(true))),
        (false, true) => Popup::menu(response).open_memory(None),
        (false, false) => Popup::context_menu(response),
    };
    let shown = menu.width(WIDTH).show(|ui| content(ui, id, &entries()))?;
    if shown.inner.is_some() && stage.is_some() {
        ui.data_mut(|data| data.remove::<Stage>(id));
        response.request_focus();
    }
    shown.inner
}

fn content(ui: &mut Ui, id: Id, entries: &[Entry<'_>]) -> Option<usize> {
    ui.set_width(WIDTH);
    ui.spacing_mut().item_spacing.y = 2.0;
    let mut chosen = None;
    let mut places = Vec::with_capacity(entries.len());
    for (at, entry) in entries.iter().enumerate() {
        let response = controls::entry(ui, entry.sign, entry.label, entry.color);
        keycaps::beside(ui, response.rect, entry.label, entry.press);
        if response.clicked() {
            chosen = Some(at);
        }
        places.push(response.id);
    }
    walk(ui, id, &places);
    if chosen.is_some() {
        ui.close();
    }
    chosen
}

/// Leads the focus into a menu that was opened by keyboard, and moves it there.
fn walk(ui: &Ui, id: Id, places: &[Id]) {
    let focused = ui.memory(|memory| memory.focused());
    let Some(at) = focused.and_then(|focused| places.iter().position(|place| *place == focused)) else {
        if let (Some(Stage::Opened), Some(first)) = (ui.data(|data| data.get_temp(id)), places.first()) {
            ui.memory_mut(|memory| memory.request_focus(*first));
            ui.ctx().request_repaint();
        }
        return;
    };
    ui.data_mut(|data| data.get_temp(id).map(|_: Stage| data.insert_temp(id, Stage::Entered)));
    let filter = EventFilter { vertical_arrows: true, ..Default::default() };
    if let Some(place) = places.get(at) {
        ui.memory_mut(|memory| memory.set_focus_lock_filter(*place, filter));
    }
    let steps = ui.input_mut(|input| {
        let down = input.count_and_consume_key(Modifiers::NONE, Key::ArrowDown);
        down + (places.len() - 1) * input.count_and_consume_key(Modifiers::NONE, Key::ArrowUp)
    });
    if steps > 0
        && let Some(next) = places.get((at + steps) % places.len())
    {
        ui.memory_mut(|memory| memory.request_focus(*next));
        ui.ctx().request_repaint();
    }
}
