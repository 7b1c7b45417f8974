//! Where the window is: taken down for the next start, and brought back to where it can be seen.

use egui::Context;

use crate::settings::values::Place;

/// Moves a window onto a screen when that on which it was last is not there any more.
pub fn bring_back(creation: &eframe::CreationContext<'_>, place: Option<Place>) {
    let (Some(place), Some(window)) = (place, creation.winit_window()) else { return };
    let screens: Vec<[f32; 4]> = window
        .available_monitors()
        .map(|screen| {
            let scale = screen.scale_factor();
            let corner = screen.position().to_logical::<f32>(scale);
            let size = screen.size().to_logical::<f32>(scale);
            [corner.x, corner.y, size.width, size.height]
        })
        .collect();
    let seen = place.within(&screens);
    if seen == place {
        return;
    }
    let ctx = &creation.egui_ctx;
    ctx.send_viewport_cmd(egui::ViewportCommand::InnerSize(seen.size.into()));
    if let Some(corner) = seen.corner {
        ctx.send_viewport_cmd(egui::ViewportCommand::OuterPosition(corner.into()));
    }
}

/// Takes down where the window is. Full screen and in the dock are no places to come back to.
pub fn take_down(ctx: &Context, kept: &mut Option<Place>) {
    let zoom = ctx.zoom_factor();
    let seen = ctx.input(|input| {
        let info = input.viewport();
        if info.minimized == Some(true) || info.fullscreen == Some(true) {
            return None;
        }
        let corner = info.outer_rect.map(|rect| [(rect.left() * zoom).round(), (rect.top() * zoom).round()]);
        let size = info.inner_rect?.size() * zoom;
        Some(Place { corner, size: [size.x.round(), size.y.round()], maximized: info.maximized == Some(true) })
    });
    let Some(seen) = seen else { return };
    *kept = Some(match *kept {
        // How large it was before is what it goes back to.
        Some(before) if seen.maximized => Place { maximized: true, ..before },
        _ => seen,
    });
}
