"""A harbour, drawn: what people on the pictures of the window send each other."""

import math
import struct
import zlib

WIDTH, HEIGHT = 720, 480
HORIZON = 0.58
# For an hour of the day: the top of the sky, its lower edge, the sun, and how far that stands above the sea.
LIGHT = {
    8: ((86, 148, 205), (226, 236, 238), (255, 250, 226), 0.34),
    18: ((62, 66, 122), (250, 158, 98), (255, 224, 158), 0.10),
}


def mixed(one: tuple, other: tuple, share: float) -> tuple:
    return tuple(a + (b - a) * share for a, b in zip(one, other))


def ridge(x: float, height: float, phase: float) -> float:
    """How high the hills stand there, as a share of the picture."""
    return height * (0.6 + 0.3 * math.sin(5.1 * x + phase) + 0.16 * math.sin(13.7 * x + 2 * phase))


def is_boat(x: float, y: float) -> str:
    """Which part of the boat is there; nothing where none is."""
    u, v = (x - 0.34) / 0.17, (y - 0.70) / 0.26
    if 0.0 <= v <= 0.17 and abs(u) <= 0.62 - 1.1 * v * v - 0.5 * v:
        return "hull"
    if abs(u) <= 0.012 and -1.02 <= v < 0.0:
        return "mast"
    if 0.03 <= u <= 0.5 * (1.0 + v) and -0.96 <= v <= -0.06:
        return "sail"
    if -0.42 * (1.0 + v) <= u <= -0.03 and -0.86 <= v <= -0.10:
        return "jib"
    return ""


def colour(x: float, y: float, light: tuple) -> tuple:
    top, low, sun, stands = light
    parts = {"hull": (52, 42, 46), "mast": (70, 58, 52), "sail": (246, 240, 228), "jib": (226, 112, 84)}
    part = is_boat(x, y)
    if part:
        return parts[part]
    if y > HORIZON:
        depth = (y - HORIZON) / (1 - HORIZON)
        sea = mixed(mixed(low, top, 0.35), mixed(top, (12, 26, 44), 0.62), depth**0.7)
        wave = math.sin(x * 90 * (1.2 - depth) + y * 260) * math.sin(y * 190 + 3 * math.sin(x * 21))
        shine = max(0.0, 1 - abs(x - 0.70) / (0.05 + 0.16 * depth)) * max(0.0, wave) * (1 - 0.6 * depth)
        return mixed(mixed(sea, (255, 255, 255), 0.03 * wave + 0.03), sun, 0.85 * shine)
    for height, phase, share in ((0.05, 4.0, 0.62), (0.10, 1.3, 0.34)):
        if HORIZON - y < ridge(x, height, phase):
            return mixed(low, mixed(top, (18, 32, 48), 0.5), share + 0.2)
    sky = mixed(top, low, (y / HORIZON) ** 1.4)
    distance = math.hypot((x - 0.70) * WIDTH / HEIGHT, y - (HORIZON - stands))
    if distance < 0.052:
        return sun
    return mixed(sky, sun, max(0.0, 0.55 - 1.3 * distance) ** 1.6)


def harbour(hour: int) -> bytes:
    """The picture as a PNG."""
    light = LIGHT[hour]
    rows = bytearray()
    for row in range(HEIGHT):
        rows.append(0)
        for column in range(WIDTH):
            shade = colour(column / WIDTH, row / HEIGHT, light)
            rows.extend(min(255, max(0, int(part))) for part in shade)

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", WIDTH, HEIGHT, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows, 9)) + chunk(b"IEND", b"")
