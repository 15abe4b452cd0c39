// A box with lid for a board of hardware/Boards.
//   openscad -o box.stl -D 'board="esp32-s3-devkitc-1"' -D 'part="box"' board-box.scad
//   openscad -o lid.stl -D 'board="esp32-s3-devkitc-1"' -D 'part="lid"' board-box.scad
// Prints without support, open side up; the lid with its outside down. For low voltage only: see README.md.

include <boards.scad>

board = "esp32-s3-devkitc-1";
part = "both";       // "box", "lid", or "both" side by side

wall = 2;            // walls, floor and lid
clearance = 0.8;     // between board and wall, on each side
play = 0.25;         // between lid and box, on each side
ledge = 2.2;         // how far the board lies on its rests
pcb = 1.6;           // thickness of the board
lip = 4;             // how deep the lid goes into the box
cable = 6;           // hole for the wires to the parts; 0 for none
$fn = 32;

row = board_row(board);
length = row[1];
width = row[2];
under = row[3];
above = row[4];
rest_at = row[5];
openings = row[6];

inner_x = width + 2 * clearance;
inner_y = length + 2 * clearance;
inner_z = under + pcb + above + lip;

module rounded(x, y, z, r) {
    linear_extrude(z) offset(r) offset(-r) square([x, y]);
}

// A hole through one wall; z from the box's outside bottom.
module opening(o) {
    z = wall + under + o[3];
    deep = wall + 2 * clearance + 2;
    if (o[0] == "usb") translate([wall + clearance + o[1] - o[2] / 2, -1, z]) cube([o[2], deep, o[4]]);
    if (o[0] == "far") translate([wall + clearance + o[1] - o[2] / 2, inner_y + 2 * wall + 1 - deep, z]) cube([o[2], deep, o[4]]);
    if (o[0] == "left") translate([-1, wall + clearance + o[1] - o[2] / 2, z]) cube([deep, o[2], o[4]]);
    if (o[0] == "right") translate([inner_x + 2 * wall + 1 - deep, wall + clearance + o[1] - o[2] / 2, z]) cube([deep, o[2], o[4]]);
}

module rests() {
    if (rest_at == "corners") {
        size = clearance + ledge + 3;
        for (x = [0, inner_x - size], y = [0, inner_y - size])
            translate([wall + x, wall + y, wall - 0.5]) cube([size, size, under + 0.5]);
    } else {
        depth = clearance + ledge;
        for (y = [0, inner_y - depth])
            translate([wall + inner_x * 0.3, wall + y, wall - 0.5]) cube([inner_x * 0.4, depth, under + 0.5]);
    }
}

module box() {
    difference() {
        union() {
            difference() {
                rounded(inner_x + 2 * wall, inner_y + 2 * wall, wall + inner_z, 2);
                translate([wall, wall, wall]) rounded(inner_x, inner_y, inner_z + 1, 0.5);
            }
            rests();
        }
        for (o = openings) opening(o);
        if (cable > 0)
            translate([wall + inner_x / 2, inner_y + 2 * wall + 1, wall + under + pcb + above - cable / 2])
                rotate([90, 0, 0]) cylinder(d = cable, h = wall + 2);
    }
}

module lid() {
    slots = floor((inner_y - 16) / 6);
    difference() {
        union() {
            rounded(inner_x + 2 * wall, inner_y + 2 * wall, wall, 2);
            translate([wall + play, wall + play, wall - 0.5]) difference() {
                rounded(inner_x - 2 * play, inner_y - 2 * play, lip + 0.5, 0.5);
                translate([1.6, 1.6, -1]) cube([inner_x - 2 * play - 3.2, inner_y - 2 * play - 3.2, lip + 3]);
            }
        }
        // Warm air leaves here; slots of 2 mm keep fingers out.
        for (i = [0 : slots - 1])
            translate([wall + inner_x / 2 - inner_x * 0.3, wall + inner_y / 2 + (i - (slots - 1) / 2) * 6 - 1, -1]) cube([inner_x * 0.6, 2, wall + 2]);
    }
}

if (part == "box" || part == "both") box();
if (part == "lid") lid();
if (part == "both") translate([inner_x + 2 * wall + 8, 0, 0]) lid();
