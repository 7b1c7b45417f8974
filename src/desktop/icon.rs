//! The sign of the program, drawn so that no file has to be decoded: for the window, the tray and notifications.

/// The width and height of the sign, in pixels.
pub const SIZE: usize = 64;

/// Two bubbles on the accent colour, as rows of red, green, blue and alpha. With `dot`, there is something unread.
pub fn rgba(dot: bool) -> Vec<u8> {
    let inside = |x: i32, y: i32, (left, top, right, bottom): (i32, i32, i32, i32), radius: i32| {
        let dx = (left + radius - x).max(x - (right - radius)).max(0);
        let dy = (top + radius - y).max(y - (bottom - radius)).max(0);
        dx * dx + dy * dy <= radius * radius
    };
    // In the corner in which nothing of the bubbles is lost, with a gap around it so that it stands out at any size.
    let from_dot = |x: i32, y: i32| (x - 49) * (x - 49) + (y - 14) * (y - 14);
    let size = i32::try_from(SIZE).unwrap_or_default();
    let mut rgba = Vec::new();
    for y in 0..size {
        for x in 0..size {
            let tail = (20..28).contains(&x) && y >= 40 && y - 40 <= 27 - x;
            let pixel = if dot && from_dot(x, y) <= 13 * 13 {
                [232, 62, 72, 255]
            } else if dot && from_dot(x, y) <= 17 * 17 {
                [0, 0, 0, 0]
            } else if inside(x, y, (12, 16, 44, 40), 8) || tail {
                [255, 255, 255, 255]
            } else if inside(x, y, (26, 28, 54, 50), 8) {
                [148, 214, 205, 255]
            } else if inside(x, y, (0, 0, 63, 63), 15) {
                [13, 122, 114, 255]
            } else {
                [0, 0, 0, 0]
            };
            rgba.extend_from_slice(&pixel);
        }
    }
    rgba
}
