// A clip for a 35 mm DIN rail (EN 60715, TH 35), and a plate that two clips carry: for a relay module, or for a board box.
//   openscad -o clip.stl -D 'part="clip"' din-clip.scad
//   openscad -o plate.stl -D 'part="plate"' din-clip.scad
// The clip prints as it lies here, so that its spring bends along the layers; PETG or ABS, PLA creeps. For low voltage only: see README.md.

part = "both";       // "clip", "plate", or "both" side by side

rail = 35.3;         // height of the rail with play
edge = 1.3;          // thickness of the rail's edge with play
width = 12;          // of one clip
arm = 1.7;           // thickness of the springy arm
slit = 1.2;          // between arm and bar
bar = 2.5;           // thickness of the bar that the rail lies on
hook = 2.3;          // thickness of the hooks
plate_x = 64;        // the plate; relay modules with one channel have holes 45 x 20 mm apart on most: measure yours
plate_y = 30;
hole_x = 45;
hole_y = 20;
plate_z = 3;
screw = 3.2;         // through the plate
pilot = 2.5;         // into the clip
$fn = 32;

seat = arm + slit + bar;     // where the rail lies
top = seat + edge + hook;
low = 3 + rail;              // where the lower hook begins

// Seen from the side: the upper hook and the bar are fixed, the lower hook hangs on an arm that bends when a screwdriver pulls the handle.
module section() {
    square([3, top]);
    translate([3 - 0.1, seat + edge]) square([2.6, hook]);
    translate([0, -2]) square([9, seat + 2]);
    translate([0, arm + slit]) square([low - 1.2, bar]);
    square([low + 10, arm]);
    translate([low, 0]) square([3, top]);
    translate([low - 1.4, seat + edge]) polygon([[0, 0], [0, 0.6], [1.5, hook], [1.5, 0]]);
}

module clip() {
    difference() {
        linear_extrude(width) section();
        translate([4.5, -3, width / 2]) rotate([-90, 0, 0]) cylinder(d = pilot, h = 3 + arm + slit);
    }
}

module plate() {
    difference() {
        linear_extrude(plate_z) offset(2) offset(-2) square([plate_x, plate_y]);
        for (x = [-0.5, 0.5], y = [-0.5, 0.5])
            translate([plate_x / 2 + x * hole_x, plate_y / 2 + y * hole_y, -1]) cylinder(d = screw, h = plate_z + 2);
        for (x = [6, plate_x - 6])
            translate([x, plate_y / 2, -1]) cylinder(d = screw, h = plate_z + 2);
    }
}

if (part == "clip" || part == "both") clip();
if (part == "plate") plate();
if (part == "both") translate([-6, 16, 0]) plate();
