// The boards that boxes are made for. Length and width are those of hardware/Boards/<board>/pins.json (a test holds them equal); all in mm.
//
// Seen from above as pins.json sees the board: x runs over its width from left to right, y over its length from the USB end (0) up.
// under: free below the board, for pins with plugs. above: free above it.
// rests: what carries the board, "ends" (the middle of the short sides, between the headers) or "corners" (where a Raspberry Pi has its holes).
// An opening is [wall, middle along that wall, width, bottom above the board's underside, height]; walls are "usb", "far", "left", "right".

function board_table() = [
    // name, length, width, under, above, rests, openings
    ["esp32-devkitc-v4",     56.6, 27.9, 16, 9,  "ends",    [["usb", 13.95, 13, 0, 9]]],
    ["esp32-s3-devkitc-1",   70.1, 25.5, 16, 9,  "ends",    [["usb", 12.75, 23, 0, 9]]],
    ["esp32-c3-devkitm-1",   42.9, 25.4, 16, 9,  "ends",    [["usb", 12.7, 13, 0, 9]]],
    ["raspberry-pi-4",       85.0, 56.0, 5,  24, "corners", [["usb", 28, 54, 0, 18], ["left", 54, 58, 0, 9], ["far", 28, 15, -4, 4]]],
    ["raspberry-pi-zero-2w", 65.0, 30.0, 5,  22, "corners", [["left", 33, 56, 0, 7], ["far", 15, 15, -1, 5]]]
];

function board_row(name) = [for (row = board_table()) if (row[0] == name) row][0];
